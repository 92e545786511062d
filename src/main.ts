import { enableCompileCache } from 'node:module'

// First of all, and the rest only by import(): what is loaded before this line is not cached.
enableCompileCache(new URL('../node_modules/.cache/tollgate', import.meta.url).pathname)

const [{ runCommandLine }, { version }] = await Promise.all([
  import('#cli/command-line.ts'),
  import('#compose/version.ts'),
])

const commands: Parameters<typeof runCommandLine>[0] = [
  {
    name: 'serve',
    summary: 'start the gateway and everything that belongs to it',
    serves: true,
    load: async () => {
      const [{ serveCommand }, { superviseTollgate }] = await Promise.all([
        import('#cli/serve.ts'),
        import('#compose/processes/supervisor.ts'),
      ])
      return serveCommand(superviseTollgate)
    },
  },
  {
    name: 'report',
    summary: 'what was spent: by department, project, model, day or any other field',
    load: async () => {
      const [{ reportCommand }, { openConsoleLink }] = await Promise.all([
        import('#cli/report.ts'),
        import('#compose/commands/console-link.ts'),
      ])
      return reportCommand(openConsoleLink)
    },
  },
  {
    name: 'logs',
    summary: 'single calls, newest first',
    load: async () => {
      const [{ logsCommand }, { commandClock, openConsoleLink }, { sleep }] = await Promise.all([
        import('#cli/logs.ts'),
        import('#compose/commands/console-link.ts'),
        import('#compose/sleep.ts'),
      ])
      return logsCommand(openConsoleLink, sleep, commandClock.wallMs)
    },
  },
  {
    name: 'export',
    summary: 'all calls of a range as CSV or JSON, for other programs',
    load: async () => {
      const [{ exportCommand }, { commandClock, openConsoleLink }] = await Promise.all([
        import('#cli/export.ts'),
        import('#compose/commands/console-link.ts'),
      ])
      return exportCommand(openConsoleLink, commandClock)
    },
  },
  {
    name: 'keys',
    summary: 'make, list and revoke virtual keys',
    load: async () => {
      const [{ keysCommand }, { keysDoors }] = await Promise.all([
        import('#cli/keys.ts'),
        import('#compose/commands/keys.ts'),
      ])
      return keysCommand(keysDoors)
    },
  },
  {
    name: 'tokens',
    summary: 'make, list and revoke tokens of a role, such as of who scrapes the metrics',
    load: async () => {
      const [{ tokensCommand }, { keysDoors }] = await Promise.all([
        import('#cli/tokens.ts'),
        import('#compose/commands/keys.ts'),
      ])
      return tokensCommand(keysDoors)
    },
  },
  {
    name: 'alerts',
    summary: 'what fired and who was told; silences and test messages',
    load: async () => {
      const [{ alertsCommand }, { alertsDoors }] = await Promise.all([
        import('#cli/alerts.ts'),
        import('#compose/commands/alerts.ts'),
      ])
      return alertsCommand(alertsDoors)
    },
  },
  {
    name: 'budgets',
    summary: 'what is spent, held and available of each budget now',
    load: async () => {
      const [{ budgetsCommand }, { openConsoleLink }, { sleep }] = await Promise.all([
        import('#cli/budgets.ts'),
        import('#compose/commands/console-link.ts'),
        import('#compose/sleep.ts'),
      ])
      return budgetsCommand(openConsoleLink, sleep)
    },
  },
  {
    name: 'prices',
    summary: 'which prices are in force, and where they come from',
    load: async () => {
      const [{ pricesCommand }, { lookUpPrices }] = await Promise.all([
        import('#cli/prices.ts'),
        import('#compose/commands/prices.ts'),
      ])
      return pricesCommand(lookUpPrices)
    },
  },
  {
    name: 'verify',
    summary: 'check the journal from its first to its last byte, offline',
    load: async () => {
      const [{ verifyCommand }, { verifyDataDirectory }] = await Promise.all([
        import('#cli/verify.ts'),
        import('#compose/commands/verify.ts'),
      ])
      return verifyCommand(verifyDataDirectory)
    },
  },
  {
    name: 'simulate',
    summary: 'run the simulated provider as a server of its own',
    serves: true,
    load: async () => {
      const [{ simulateCommand }, { composeSimulator }] = await Promise.all([
        import('#cli/simulate.ts'),
        import('#compose/simulator/simulator.ts'),
      ])
      return simulateCommand(composeSimulator)
    },
  },
  {
    name: 'doctor',
    summary: 'look for what would keep Tollgate from running, and say what to do',
    load: async () => {
      const [{ doctorCommand }, { diagnose }] = await Promise.all([
        import('#cli/doctor.ts'),
        import('#compose/commands/doctor.ts'),
      ])
      return doctorCommand(diagnose)
    },
  },
  {
    name: 'compile',
    summary: 'compile the program beforehand, so that the next start is quick and small',
    load: async () => {
      const [{ compileCommand }, { compileEverything }] = await Promise.all([
        import('#cli/compile.ts'),
        import('#compose/commands/compile.ts'),
      ])
      return compileCommand(() => compileEverything(() => Promise.all(commands.map(({ load }) => load()))))
    },
  },
  {
    name: 'run',
    summary: 'run one role in this process',
    hidden: true,
    serves: true,
    load: async () => {
      const [{ runCommand }, { runRole }, { compileRole }, { roleNames }] = await Promise.all([
        import('#cli/run.ts'),
        import('#compose/processes/run-role.ts'),
        import('#compose/processes/role-code.ts'),
        import('#compose/processes/role.ts'),
      ])
      return runCommand({ roles: roleNames, run: runRole, compile: compileRole })
    },
  },
]

process.exitCode = await runCommandLine(commands, process.argv.slice(2), version)

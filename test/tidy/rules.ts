/** Which room may import which; `main.ts` and `ports.ts` are rooms of one file. Inside a room everything is allowed. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  lib: [],
  'ports.ts': ['core'],
  config: ['core', 'lib', 'ports.ts'],
  providers: ['core', 'lib'],
  gateway: ['core', 'lib', 'ports.ts', 'providers'],
  reactions: ['core', 'lib', 'ports.ts'],
  reports: ['core', 'lib', 'ports.ts'],
  console: ['core', 'lib', 'ports.ts', 'reports'],
  cli: ['config', 'core', 'lib', 'ports.ts', 'reports'],
  store: ['core', 'lib', 'ports.ts'],
  edge: ['core', 'lib', 'ports.ts'],
  simulator: ['core', 'lib', 'ports.ts', 'providers'],
  compose: [
    ...['cli', 'config', 'console', 'core', 'edge', 'gateway', 'lib', 'ports.ts', 'providers', 'reactions', 'reports'],
    ...['simulator', 'store'],
  ],
  'main.ts': ['cli', 'compose'],
}

/**
 * Imports beyond the table, `importing file -> imported file`, each with its reason. The list may only shrink: a new
 * line needs a decision in docs/decisions.
 */
export const importExceptions: Readonly<Record<string, string>> = {
  'src/gateway/road.ts -> config/config.ts': 'a type: what a provider is configured as',
  'src/providers/models.ts -> config/config.ts': 'a type: what a provider is configured as',
  'src/providers/vendors.ts -> config/config.ts': 'a type: the kinds of providers',
  'src/edge/token-worker.ts -> providers/estimate.ts': 'the worker thread exists to run it away from the road',
  'src/edge/large-requests.ts -> providers/requests/read-request.ts': 'types: what the thread below is asked',
  'src/edge/large-requests-worker.ts -> providers/requests/read-request.ts': 'the same for large bodies (0167)',
}

/** In core, lower to higher: a part imports only parts that stand before it. */
export const coreOrder = [
  'crowd',
  'money',
  'usage',
  'pricing',
  'attribution',
  'keys',
  'ledger',
  'budget',
  'alerting',
  'telemetry',
]

export interface Ban {
  readonly banned: RegExp
  readonly instead: string
  readonly because: string
  /** Prefixes of paths where it is allowed. */
  readonly except: readonly string[]
  /** Prefixes of paths to which it applies; all of src where absent. */
  readonly only?: readonly string[]
}

export const bans: readonly Ban[] = [
  {
    banned: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    instead: 'Clock of ports.ts',
    because: 'a test must be able to choose the time',
    except: ['src/edge/', 'src/compose/'],
  },
  {
    banned: /\b(setTimeout|setInterval)\(/,
    instead: 'Timers of ports.ts',
    because: 'a simulation runs on a clock of its own',
    except: ['src/edge/', 'src/compose/'],
  },
  {
    banned: /\bMath\.random\(/,
    instead: 'Ids.chance of ports.ts, or node:crypto for secrets',
    because: 'a seed must decide, and a secret must not be guessable',
    except: ['src/edge/'],
  },
  {
    banned: /\bprocess\.env\b/,
    instead: 'the Config, or config/environment.ts',
    because: 'a setting that is read in many places cannot be documented, checked or reloaded',
    except: ['src/config/'],
  },
  {
    banned: /\bparseFloat\(|\.toFixed\(|\bNumber\.parseFloat\b/,
    instead: 'the amounts of core/money',
    because: 'a float on the way to a bill is a wrong bill',
    except: [],
    only: ['src/core/', 'src/providers/catalog/', 'src/reports/', 'src/store/usage/', 'src/store/ingest/'],
  },
  {
    banned: /from 'node:(fs|fs\/promises|sqlite)'/,
    instead: 'a function of store',
    because: 'what is on the disk is one room’s promise',
    except: ['src/store/', 'src/compose/', 'src/config/process.ts', 'src/config/watch.ts', 'src/simulator/files.ts'],
  },
  {
    banned: /import \{[^}]*\} from 'node:(http|https|net|tls|dgram)'|from 'undici'/,
    instead: 'a door of ports.ts that edge implements',
    because: 'time-outs, limits and pools are decided where sockets are opened',
    except: ['src/edge/', 'src/compose/simulator/simulator.ts'],
  },
  {
    banned: /\bconsole\.(log|error|warn|info|debug)\(/,
    instead: 'Log of lib/log.ts, or process.stdout in cli',
    because: 'only the log leaves credentials out',
    except: [],
  },
  {
    banned: /catch\s*(\([^)]*\)\s*)?\{\s*\}/,
    instead: 'handling it, or saying in a comment and a statement why not',
    because: 'a swallowed failure is found by a customer',
    except: [],
  },
]

/** A timer of Node's own: what a test waits for comes from `until`, and time from a `Clock` and `Timers` that it drives. */
export const nodeTimer = /(?<![.\w#'])set(Timeout|Interval)\b|\bAtomics\.wait\b/

/**
 * Tests and what they use that have one all the same, with the reason; none of them sleeps until something has
 * happened. The list may only shrink.
 */
export const timersInTests: Readonly<Record<string, string>> = {
  'test/support/until.ts': 'the one place that looks again',
  'test/observability/debian.ts': 'looks again, until another program serves or has ended',
  'test/observability/with-prometheus.ts': 'looks again, as seldom as another program has something new',
  'test/crash/tollgate-process.ts': 'looks again, until a process serves or has ended',
  'test/crash/kills.ts': 'the moments of kills, and the pace of callers',
  'test/alerts/kill.test.ts': 'the moments of kills, and the pace of calls',
  'test/budgets/killed.test.ts': 'the moments of kills, and the pace of callers',
  'test/clients/batches-killed.test.ts': 'the moments of kills',
  'test/incoming/crash.test.ts': 'the moments of kills, and the pace of senders',
  'test/store/kill.test.ts': 'the moments of kills, and the pace of calls',
  'test/faults/slow-readers.test.ts': 'the pace of a slow reader',
  'test/upstream/tls.test.ts': 'the pace of a slow reader',
  'test/receivers/delivery.test.ts': 'the pace of a server that drips',
  'test/receivers/mail.test.ts': 'the pace of a server that talks without end',
  'test/metrics/scrape.test.ts': 'a console that answers late',
  'test/support/settings-writer.ts': 'a process that holds a lock for a while',
  'test/journal/wake.test.ts': 'keeps the process of the test alive',
  'src/compose/processes/last-resort.test.ts': 'keeps a process alive that is to end of a fault',
  'src/store/directory-lock.test.ts': 'keeps a process alive that is to be killed',
}

/**
 * Packages that a process has from its first moment on, by the file that it begins with. What is wanted now and then is
 * loaded by `import()`.
 */
export const packagesAtStart: Readonly<
  Record<string, { readonly packages: readonly string[]; readonly because: string }>
> = {
  'src/compose/gateway/gateway.ts': {
    packages: ['@pydantic/genai-prices', 'kysely', 'prom-client'],
    because: 'the gateway stays small: an engine that it only links to costs it 140 MB',
  },
  'src/compose/processes/supervisor.ts': { packages: [], because: 'it does nothing but watch the others' },
  'src/compose/simulator/simulator-role.ts': { packages: [], because: 'it is written in Node.js alone' },
}

export const mostLines = 400
/** Longer files, with the length that they must not exceed. The list may only shrink. */
export const longFiles: Readonly<Record<string, number>> = {}

/** Files left out of the search for leftovers: they name what is searched for. */
export const leftoverExceptions = ['test/tidy/']

/** Types whose name ends in a vague word, until they are renamed. The list may only shrink. */
export const vagueNames: readonly string[] = []

/** What is exported though no other file imports it, `file name`. The list may only shrink. */
export const exportedForNobody: readonly string[] = []

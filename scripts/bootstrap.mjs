// Plain JavaScript for whatever Node is there (20 or later): installs what is missing, then hands over to the Node
// that package.json pins. Nothing else of the project runs on the Node that started this file.
//
//   node scripts/bootstrap.mjs serve …          the command line, as `tollgate serve …`
//   node scripts/bootstrap.mjs --test [file …]  the tests; ends with the line "N passed, N failed"

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pinnedNode = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
const stamp = join(root, 'node_modules/.tollgate-installed')
const main = join(root, 'src/main.ts')
// Compiled code is kept, so that the TypeScript need not be stripped again at every start (see edge/node-flags.ts).
const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/tollgate'), ...process.env }

/** What the installed packages were made from; empty where nothing was installed to the end. */
function installedLock() {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
}

function wantedLock() {
  const { dependencies, devDependencies, allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return (
    readFileSync(join(root, 'package-lock.json'), 'utf8') +
    JSON.stringify([dependencies, devDependencies, allowScripts])
  )
}

/** An installation that npm made by itself, without us, counts too if it is not older than the lock file. */
function npmInstalled() {
  const made = join(root, 'node_modules/.package-lock.json')
  return existsSync(made) && statSync(made).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
}

/** True where something had to be installed. */
function install() {
  if (existsSync(pinnedNode)) {
    if (installedLock() === wantedLock()) return false
    if (installedLock() === '' && npmInstalled()) return false
  }
  const started = Date.now()
  process.stderr.write('Installing dependencies and the pinned Node.js (once, about a minute) …\n')
  rmSync(stamp, { force: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // `install` and not `ci`: a registry that carries only this platform's optional packages is then good enough, the
  // versions are those of the lock file all the same, and an installation that is nearly right is not thrown away.
  // Development packages too, so that `npm start` and `npm test` share one installation.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev']
  const result = spawnSync(npm, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (result.status !== 0 || !existsSync(pinnedNode)) {
    process.stderr.write(
      result.status === 0
        ? 'The pinned Node.js was not installed: npm skipped the install script of the package "node". Run: npm rebuild node\n'
        : 'npm install failed (see above). Network or proxy? Try: npm install\n',
    )
    process.exit(1)
  }
  writeFileSync(stamp, wantedLock())
  process.stderr.write(`Installed in ${Math.round((Date.now() - started) / 1000)} s.\n`)
  return true
}

/** True where compiled code can be kept and there never was any, as after an installation that npm made by itself. */
function nothingCompiled() {
  try {
    return mkdirSync(env.NODE_COMPILE_CACHE, { recursive: true }) !== undefined
  } catch {
    // A start does without.
    return false
  }
}

/** A first start would compile all that it runs, and stay larger for it. Whatever goes wrong here, it can still do so. */
function compile() {
  process.stderr.write('Compiling, some seconds …\n')
  spawnSync(pinnedNode, [main, 'compile'], { stdio: 'ignore', env, timeout: 60_000 })
}

/** Becomes the other program as far as that is possible: same terminal, same signals, same exit code. */
function handOver(args) {
  const child = spawn(pinnedNode, args, { stdio: 'inherit', env })
  // Ctrl-C reaches the child by itself, being of the same group; what is sent to us alone is passed on.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

function runTests(named) {
  const reporter = new URL('./test-reporter.mjs', import.meta.url).href
  // Node's own runner expands the patterns, so that Node 20, which could not, need not.
  const files = named.length > 0 ? named : ['src/**/*.test.ts', 'test/**/*.test.ts']
  if (named.length === 0) process.chdir(root)
  const limit = new URL('./test-file-limit.mjs', import.meta.url).href
  // Many tests wait for processes that they start, so that two at a time pay on any machine; Node's own choice for two
  // cores is one.
  const concurrency = Math.max(2, availableParallelism() - 1)
  const options = [`--test-concurrency=${concurrency}`, '--test-timeout=150000', `--import=${limit}`]
  handOver(['--test', ...options, `--test-reporter=${reporter}`, ...files])
}

if (install() || nothingCompiled()) compile()
const args = process.argv.slice(2)
if (args[0] === '--test') runTests(args.slice(1))
else if (args[0] !== '--install') handOver([main, ...args])

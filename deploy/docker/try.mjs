// Compiles Tollgate as it is installed here, starts it, makes a call to the simulated provider, waits until a report shows it and
// stops it by SIGTERM. Code 0 where all of that went well. In a folder of its own; nothing is left behind but the code
// that Node.js compiled.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const mostMs = 60_000
const main = fileURLToPath(new URL('src/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'try-'))
const { NODE_COMPILE_CACHE_READONLY: _readOnly, ...surroundings } = process.env
const env = {
  ...surroundings,
  HOME: folder,
  TOLLGATE_LISTEN: '127.0.0.1:0',
  TOLLGATE_DATA_DIR: join(folder, 'data'),
  TOLLGATE_LOG_FORMAT: 'json',
}

function fail(why) {
  process.stderr.write(`try: ${why}\n`)
  process.exitCode = 1
}

const compiled = spawnSync(process.execPath, [main, 'compile'], { cwd: folder, env, stdio: 'inherit' })
if (compiled.status !== 0) fail('it could not be compiled')
const serving = spawn(process.execPath, [main, 'serve'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
const ended = new Promise((resolve) => serving.on('exit', (code, signal) => resolve(signal ?? code)))
const overdue = setTimeout(() => serving.kill('SIGKILL'), mostMs)

async function banner() {
  let said = ''
  for await (const chunk of serving.stdout) {
    said += chunk
    if (said.includes('tollgate report')) break
  }
  const address = /address +(\S+)/.exec(said)?.[1]
  const key = /Bearer (\S+)'/.exec(said)?.[1]
  if (address === undefined || key === undefined) throw new Error('it ended before it was ready')
  return { address, key }
}

async function call({ address, key }) {
  const answer = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-department': 'try' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'hi' }] }),
  })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`a call was answered ${answer.status}: ${text}`)
}

/** The console is ready only after the gateway, and its engine takes a second to load. */
async function reported() {
  const until = performance.now() + mostMs / 2
  for (;;) {
    const report = spawnSync(process.execPath, [main, 'report', '--by', 'department', '--csv'], { cwd: folder, env })
    if (String(report.stdout).includes('try,1,')) return
    if (performance.now() > until) throw new Error(`no report shows the call: ${report.stdout}${report.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

try {
  await call(await banner())
  await reported()
} catch (error) {
  fail(error.message)
}
serving.kill('SIGTERM')
const code = await ended
clearTimeout(overdue)
if (code !== 0) fail(`it ended with ${code}`)
rmSync(folder, { recursive: true, force: true })
if (process.exitCode !== 1) process.stdout.write('try: compiled, started, called, reported, stopped\n')

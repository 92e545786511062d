import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { everythingElse } from './processes.ts'
import type { Target } from './targets.ts'

export interface ClosedLoop {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers other than 2xx, and broken connections. Anything but 0 spoils the measurement. */
  readonly errors: number
}

const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'))

/** Each of so many connections sends its next request when the answer to the last is there. */
export async function closedLoop(target: Target, connections: number, seconds: number): Promise<ClosedLoop> {
  const script = join(folder, `${target.name}.lua`)
  writeFileSync(script, lua(target))
  const args = [
    '-c',
    String(everythingElse),
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '-s',
    script,
    target.url,
  ]
  const text = await output('taskset', args)
  const [, rate = '0', p50 = '0', p99 = '0', errors = '0'] = /BENCH (\S+) (\S+) (\S+) (\S+)/.exec(text) ?? []
  return {
    requestsPerSecond: Number(rate),
    p50Ms: Number(p50) / 1000,
    p99Ms: Number(p99) / 1000,
    errors: Number(errors),
  }
}

function lua({ headers, body }: Target): string {
  const set = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  )
  return `wrk.method = "POST"
${set.join('\n')}
wrk.body = [[${body}]]
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("BENCH %f %f %f %d\\n", summary.requests * 1e6 / summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
    })
    child.on('error', reject)
    child.on('exit', () => resolve(text))
  })
}

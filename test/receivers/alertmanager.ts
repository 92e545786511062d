import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { debianProgram } from '#test/support/debian.ts'
import { freePort } from '#test/support/free-port.ts'
import { until } from '#test/support/until.ts'

/** Where Debian's package puts it; another place may be named. */
export const program = debianProgram(
  process.env['ALERTMANAGER'] ?? '/usr/bin/prometheus-alertmanager',
  'prometheus-alertmanager',
)

export interface Alertmanager {
  readonly url: string
  start(): Promise<void>
  stop(): Promise<void>
  alerts(): Promise<readonly GettableAlert[]>
}

export interface GettableAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly status: { readonly state: string }
}

/** The real one, without peers, telling nobody. */
export async function alertmanagerFor(t: TestContext): Promise<Alertmanager> {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-alertmanager-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const config = join(directory, 'alertmanager.yml')
  writeFileSync(config, 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n')
  const options = [
    `--config.file=${config}`,
    `--storage.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]
  let child: ChildProcess | null = null
  const stop = async () => {
    const running = child
    child = null
    if (running === null || running.exitCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  t.after(async () => {
    await stop()
    rmSync(directory, { recursive: true })
  })
  return {
    url,
    stop,
    async start() {
      child = spawn(program.path, options, { stdio: 'ignore' })
      await until('Alertmanager to be ready', () =>
        fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
    },
    async alerts() {
      return (await (await fetch(`${url}/api/v2/alerts`)).json()) as GettableAlert[]
    },
  }
}

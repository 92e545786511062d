import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { until } from '#test/support/until.ts'
import { delivererFor } from './deliverer.ts'
import { eventOf, notificationOf, receiverOf } from './sample.ts'

/** Where Debian's package `prometheus-alertmanager` puts it; another place may be named. */
const binary = process.env['ALERTMANAGER'] ?? '/usr/bin/prometheus-alertmanager'

interface Alertmanager {
  readonly url: string
  start(): Promise<void>
  stop(): Promise<void>
  alerts(): Promise<readonly GettableAlert[]>
}

interface GettableAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly status: { readonly state: string }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The real one, without peers, telling nobody. */
async function alertmanagerFor(t: TestContext): Promise<Alertmanager> {
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
      child = spawn(binary, options, { stdio: 'ignore' })
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

test('a real Alertmanager takes alerts, fires them on, ends them, and takes what it missed', async (t) => {
  if (!existsSync(binary)) {
    t.diagnostic(`not run: there is no ${binary} (Debian package prometheus-alertmanager)`)
    return
  }
  const alertmanager = await alertmanagerFor(t)
  const deliverer = delivererFor(t)
  const receiver = receiverOf('alertmanager', alertmanager.url)
  const startedAtMs = Date.now() - 60_000
  const event = eventOf({ atMs: startedAtMs, labels: { budget: 'engineering', 'odd-name': 'ä"\n<x>' } })
  const firing = notificationOf({ firing: [event] })
  const over = notificationOf({ firing: [], resolved: [{ ...event, status: 'resolved', atMs: Date.now() }] })

  const absent = await deliverer.send(receiver, firing, Date.now())
  assert.ok(!absent.ok && absent.retryable, 'it is not there yet')

  await alertmanager.start()
  assert.deepEqual(await deliverer.send(receiver, firing, Date.now()), {
    ok: true,
    status: 200,
    detail: 'answered 200',
  })
  const [alert = assert.fail()] = await until('the alert', async () => {
    const alerts = await alertmanager.alerts()
    return alerts.length > 0 ? alerts : null
  })
  assert.equal(alert.labels['alertname'], 'budget_threshold')
  assert.equal(alert.labels['odd_name'], 'ä"\n<x>')
  assert.equal(alert.annotations['spent_usd'], '4012.50')
  assert.equal(Date.parse(alert.startsAt), startedAtMs)
  assert.ok(Date.parse(alert.endsAt) > Date.now() + 3_600_000, 'it outlives resolve_timeout')
  assert.equal((await deliverer.send(receiver, firing, Date.now())).ok, true)
  assert.equal((await alertmanager.alerts()).length, 1, 'told again it is still one alert')

  await alertmanager.stop()
  const down = await deliverer.send(receiver, over, Date.now())
  assert.ok(!down.ok && down.retryable, 'it is down for a while')

  await alertmanager.start()
  assert.equal((await deliverer.send(receiver, firing, Date.now())).ok, true)
  await until('the alert after the restart', async () => (await alertmanager.alerts()).length === 1)
  assert.equal((await deliverer.send(receiver, over, Date.now())).ok, true)
  await until('the end of the alert', async () => (await alertmanager.alerts()).length === 0)
})

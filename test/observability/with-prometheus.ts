import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { labelQuestions, olderQuestions, type Question, questions, ruleNames } from './asked.ts'
import { run } from './debian.ts'
import { root, ruleFiles } from './deployed.ts'
import { startLoad } from './mixed-load.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { adminToken, startGateway } from './running-gateway.ts'

/** Long, because a busy machine is no fault: rates need several scrapes, recordings of recordings some more. */
const deadlineMs = 60_000

/** Those that have no answer, though there was time for one. A number is one, NaN is none. */
async function unanswered(prometheus: Prometheus, all: readonly Question[]): Promise<Question[]> {
  const endsAtMs = performance.now() + deadlineMs
  let open = [...all]
  while (open.length > 0 && performance.now() < endsAtMs) {
    const still: Question[] = []
    for (const question of open) {
      const samples = await prometheus.query(question.expr)
      if (!samples.some(({ value }) => !Number.isNaN(Number(value[1].replace('Inf', 'Infinity'))))) still.push(question)
    }
    open = still
    if (open.length > 0) await pause(500)
  }
  return open
}

interface RuleState {
  readonly name: string
  readonly health: string
  readonly lastError?: string
}

test('a real Prometheus scrapes a gateway under mixed load', { timeout: 300_000 }, async (t) => {
  const gateway = await startGateway(t)
  const load = startLoad(gateway.address)
  const prometheus = await startPrometheus(t, {
    target: gateway.address.replace('http://', ''),
    token: adminToken,
    ruleFiles: ruleFiles.map((path) => join(root, path)),
  })

  await t.test('every expression of every panel and rule has an answer', async () => {
    const open = await unanswered(prometheus, questions())
    assert.equal(open.length, 0, `\n${open.map(({ where, expr }) => `${where}: ${expr}`).join('\n')}`)
  })

  await t.test('dashboards of the same names show data unchanged', async () => {
    assert.deepEqual(await unanswered(prometheus, olderQuestions), [])
  })

  await t.test('every variable has values', async () => {
    for (const { where, series, label } of labelQuestions()) {
      const values = await prometheus.get<string[]>(`label/${label}/values`, { 'match[]': series })
      assert.ok(values.length > 0, where)
    }
  })

  await t.test('every rule is evaluated, without an error', async () => {
    const { groups } = await prometheus.get<{ groups: { rules: RuleState[] }[] }>('rules')
    const states = groups.flatMap(({ rules }) => rules)
    assert.deepEqual(states.map(({ name }) => name).sort(), ruleNames().sort())
    assert.deepEqual(
      states.filter(({ health, lastError = '' }) => health !== 'ok' || lastError !== ''),
      [],
    )
  })

  await t.test('promtool finds nothing wrong with the exposition', async () => {
    const answer = await fetch(`${gateway.address}/metrics`, { headers: { authorization: `Bearer ${adminToken}` } })
    const { code, said } = run('promtool', ['check', 'metrics'], await answer.text())
    // Names of the contract, which are not what Prometheus would call them.
    const given = /^ai_api_(cost_usd_cents|request_duration_milliseconds) /
    const findings = said.split('\n').filter((line) => line !== '' && !given.test(line))
    assert.deepEqual(findings, [])
    assert.ok(code === 0 || code === 3, `${code}`)
  })

  await load.stop()
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type StoreFixture, storeFixture } from '../store/fixture.ts'
import { dashboards } from './deployed.ts'

const users = dashboards().find(({ uid }) => uid === 'tollgate-users')
const [fromMs, toMs] = [Date.UTC(2026, 4, 1), Date.UTC(2026, 4, 8)]

/** As the plugin replaces its macros (https://grafana.com/docs/plugins/grafana-clickhouse-datasource/latest/). */
function expanded(sql: string, chosen: Readonly<Record<string, readonly string[]>>): string {
  const list = (name: string) => (chosen[name] ?? []).map((value) => `'${value.replaceAll("'", "\\'")}'`).join(',')
  return sql
    .replaceAll(
      /\$__timeFilter_ms\((\w+)\)/g,
      `$1 >= fromUnixTimestamp64Milli(${fromMs}) AND $1 <= fromUnixTimestamp64Milli(${toMs})`,
    )
    .replaceAll(/\$__timeInterval\((\w+)\)/g, 'toStartOfInterval(toDateTime($1), INTERVAL 600 second)')
    .replaceAll(/\$\{(\w+):singlequote\}/g, (_, name: string) => list(name))
    .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => chosen[name]?.[0] ?? '')
}

const panels = (users?.panels ?? []).filter(({ targets }) => targets !== undefined)
const variables = (users?.templating.list ?? []).filter(({ type }) => type === 'query')

let fixture: StoreFixture
/** What each variable offers, "All" being all of it. */
const all: Record<string, readonly string[]> = { database: ['tollgate'], user: [''] }

before(async () => {
  fixture = await storeFixture(36_500)
  const call = (id: string, user: string, department: string, usd: string, error: boolean) =>
    `('2026-05-0${id} 10:00:00.000', '2026-05-0${id} 10:00:01.000', 'c${id}', 'r${id}', '${department}', 'it\\'s', ` +
    `'${user}', 's${id}', 'chat', 'openai', 'gpt-4.1', 'chat', 100, 40, 50, ${usd}, ${error}, ` +
    `'${error ? 'upstream_error' : ''}', 900, 'journal', ${id}, 1)`
  await fixture.database.command(
    'INSERT INTO tollgate.usage_intake (timestamp, ended_at, call_id, request_id, department, project, user_id, ' +
      'session_id, feature_flag, provider, model, endpoint, input_tokens, cached_input_tokens, output_tokens, cost_usd, ' +
      'error, error_code, latency_ms, journal_id, journal_block, journal_entry) VALUES ' +
      [
        call('1', 'ann', 'sales', '0.25', false),
        call('2', 'Ann', '', '0.5', true),
        call('3', '', 'sales', '1', false),
      ].join(),
  )
})

after(() => fixture.close())

test('the variables offer what there is, and what is empty as none', async () => {
  for (const { name, query } of variables) {
    const rows = await fixture.database.select<{ value: string }>(expanded(String(query), all))
    all[name] = rows.map(({ value }) => value)
  }
  const { department, project, provider, model } = all
  assert.deepEqual(
    { department, project, provider, model },
    { department: ['none', 'sales'], project: ["it's"], provider: ['openai'], model: ['gpt-4.1'] },
  )
})

for (const { title, targets = [] } of panels) {
  for (const { rawSql = '', refId } of targets) {
    test(`${title}, ${refId}: the store answers`, async () => {
      const rows = await fixture.database.select<Record<string, unknown>>(expanded(rawSql, all))
      assert.ok(rows.length > 0)
    })
  }
}

function sqlOf(title: string): string {
  return panels.find((panel) => panel.title === title)?.targets?.[0]?.rawSql ?? ''
}

test('users cost what their records cost, and the variables choose among them', async () => {
  const spent = async (chosen: Readonly<Record<string, readonly string[]>>) => {
    const sql = expanded(sqlOf('Users'), { ...all, ...chosen })
    const rows = await fixture.database.select<{ user: string; dept: string; USD: string }>(sql)
    return rows.map(({ user, dept, USD }) => [user, dept, Number(USD)])
  }
  assert.deepEqual(await spent({}), [
    ['none', 'sales', 1],
    ['Ann', 'none', 0.5],
    ['ann', 'sales', 0.25],
  ])
  assert.deepEqual(await spent({ department: ['none'] }), [['Ann', 'none', 0.5]])
  assert.deepEqual(await spent({ user: ['ANN'], department: ['sales'] }), [['ann', 'sales', 0.25]])
})

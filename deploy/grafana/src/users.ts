import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { clickHouse, overTime, table } from './clickhouse.ts'
import { dashboardOf, type Row } from './dashboard.ts'
import { lines, rows } from './panels.ts'
import {
  database,
  sourceOf,
  storedDepartment,
  storedModel,
  storedProject,
  storedProvider,
  userFilter,
} from './variables.ts'

const named = (column: string) => `if(${column} = '', 'none', ${column})`

/** Records of the time shown that the variables choose. `timestamp` is when a call began, as in reports and budgets. */
const records = [
  'FROM ${database}.usage',
  'WHERE $__timeFilter_ms(timestamp)',
  ...['department', 'project', 'provider', 'model'].map((name) => `  AND ${named(name)} IN (\${${name}:singlequote})`),
  "  AND positionCaseInsensitive(user_id, '${user}') > 0",
].join('\n')

const user = `${named('user_id')} AS user`

/** The ten users who cost the most; the rest would make a chart unreadable. */
const topUsers = `${named('user_id')} IN (SELECT ${user}\n${records}\nGROUP BY user ORDER BY sum(cost_usd) DESC LIMIT 10)`

const money = { cost_usd: 'currencyUSD', USD: 'currencyUSD' }

const who: Row = {
  title: 'Who',
  panels: [
    rows(
      {
        title: 'Users',
        unit: 'short',
        span: 24,
        description:
          'The hundred who cost the most. Exact: the sums of the ledger, as "tollgate report --by user_id" has them.',
      },
      [
        table(`SELECT ${user}, ${named('department')} AS dept, count() AS calls, countIf(error) AS errors,
  sum(input_tokens) AS tokens_in, sum(output_tokens) AS tokens_out,
  sum(cached_input_tokens) / greatest(sum(input_tokens), 1) AS cache_share,
  sum(cost_usd) AS USD, avg(latency_ms) AS latency, max(timestamp) AS last_call
${records}
GROUP BY user, dept
ORDER BY USD DESC
LIMIT 100`),
      ],
      { kind: clickHouse, units: { ...money, cache_share: 'percentunit', latency: 'ms' } },
    ),
    lines(
      {
        title: 'Spend by user',
        unit: 'currencyUSD',
        description: 'Of the ten who cost the most; US dollars an interval.',
      },
      [
        overTime(`SELECT $__timeInterval(timestamp) AS time, ${user}, sum(cost_usd) AS USD
${records}
  AND ${topUsers}
GROUP BY time, user
ORDER BY time`),
      ],
      { stacked: true, kind: clickHouse },
    ),
    lines(
      { title: 'Calls by user', unit: 'short', description: 'Of the ten who cost the most; calls an interval.' },
      [
        overTime(`SELECT $__timeInterval(timestamp) AS time, ${user}, count() AS calls
${records}
  AND ${topUsers}
GROUP BY time, user
ORDER BY time`),
      ],
      { stacked: true, kind: clickHouse },
    ),
  ],
}

const what: Row = {
  title: 'What they do',
  panels: [
    rows(
      { title: 'Models of users', unit: 'short', description: 'Who uses which model, and what it costs.' },
      [
        table(`SELECT ${user}, ${named('model')} AS served_by, count() AS calls, sum(total_tokens) AS tokens, sum(cost_usd) AS USD
${records}
GROUP BY user, served_by
ORDER BY USD DESC
LIMIT 200`),
      ],
      { kind: clickHouse, units: money },
    ),
    rows(
      { title: 'Sessions', unit: 'short', description: 'Conversations that cost the most.' },
      [
        table(`SELECT session_id, any(user_id) AS user, count() AS calls, min(timestamp) AS began, max(ended_at) AS ended, sum(cost_usd) AS USD
${records}
  AND session_id != ''
GROUP BY session_id
ORDER BY USD DESC
LIMIT 100`),
      ],
      { kind: clickHouse, units: money },
    ),
    rows(
      { title: 'Features', unit: 'short', description: 'What calls were for, where their application says so.' },
      [
        table(`SELECT ${named('feature_flag')} AS feature, uniqExact(user_id) AS users, count() AS calls, sum(cost_usd) AS USD
${records}
GROUP BY feature
ORDER BY USD DESC
LIMIT 100`),
      ],
      { kind: clickHouse, units: money },
    ),
    rows(
      { title: 'Errors of users', unit: 'short', description: 'By what the record says went wrong.' },
      [
        table(`SELECT ${user}, error_code, any(error_message) AS message, count() AS calls, max(timestamp) AS last_call
${records}
  AND error
GROUP BY user, error_code
ORDER BY calls DESC
LIMIT 100`),
      ],
      { kind: clickHouse },
    ),
    rows(
      {
        title: 'The most expensive calls',
        unit: 'short',
        span: 24,
        description: '"tollgate logs --filter request_id=…" has all that is known of one of them.',
      },
      [
        table(`SELECT timestamp, request_id, ${user}, department, project, model, endpoint, input_tokens, output_tokens,
  cost_usd AS USD, latency_ms AS latency, usage_source, unpriced
${records}
ORDER BY cost_usd DESC
LIMIT 100`),
      ],
      { kind: clickHouse, units: { ...money, latency: 'ms' } },
    ),
  ],
}

export function usersDashboard(): Dashboard {
  return dashboardOf({
    uid: 'tollgate-users',
    title: 'Tollgate: users and calls',
    description:
      'Per-user detail from the records in ClickHouse, which metrics leave out on purpose. Needs `store.clickhouse_url`: ' +
      'nothing but Tollgate itself can read the embedded store. It shows personal data; give it to whoever may see that.',
    from: '7d',
    variables: [
      sourceOf(clickHouse),
      storedProvider(),
      storedModel(),
      storedDepartment(),
      storedProject(),
      userFilter(),
      database(),
    ],
    rows: [who, what],
  })
}

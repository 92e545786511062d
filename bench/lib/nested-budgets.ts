const scopes = [
  '{}',
  '{department: engineering}',
  '{project: search}',
  '{department: engineering, project: search}',
  '{cost_center: cc_search}',
  '{key: bench}',
  '{model: gpt-4.1}',
  '{provider: openai}',
  '{department: engineering, model: gpt-4.1}',
  '{project: search, provider: openai}',
]

/** A section of YAML with so many budgets, at most ten, all of them about every call of the benchmark. */
export function nestedBudgets(count: number): string {
  const lines = scopes.slice(0, count).map((scope, n) => {
    const limit = n % 2 === 0 ? '{window: month, usd: "1000000"}' : '{window: day, usd: "100000"}'
    return `  - {name: nested${n}, scope: ${scope}, limits: [${limit}]}`
  })
  return lines.length === 0 ? '' : `budgets:\n${lines.join('\n')}\n`
}

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** Runs code in a process of its own that has the last resort, and in which `book` says that it was called. */
function run(fault: string, book = 'async () => console.log("booked")') {
  const code = `
    import { lastResort } from '#compose/processes/last-resort.ts'
    import { createLog } from '#lib/log.ts'
    const log = createLog({ level: 'info', format: 'json', name: 'gateway' })
    process.on('uncaughtException', lastResort(log, ${book}, process.exit))
    setInterval(() => {}, 1000)
    setImmediate(() => { ${fault} })`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: new URL('../../..', import.meta.url),
    encoding: 'utf8',
  })
  const said = stderr.split('\n').filter((line) => line.startsWith('{'))
  return { status, stdout, said: said.map((line): { level: string; err: { message: string } } => JSON.parse(line)) }
}

for (const [name, fault] of [
  ['an exception', 'throw new Error("on purpose")'],
  ['a rejection', 'Promise.reject(new Error("on purpose"))'],
  ['an event of an error', 'process.stdin.emit("error", new Error("on purpose"))'],
] as const) {
  test(`${name} that nobody took is logged, and what is under way is booked before the end`, () => {
    const { status, stdout, said } = run(fault)
    assert.deepEqual([status, stdout], [1, 'booked\n'])
    assert.deepEqual(
      said.map(({ level, err }) => [level, err.message]),
      [['fatal', 'on purpose']],
    )
  })
}

test('the process ends though booking fails, or never ends', () => {
  const failed = run('throw new Error("first")', 'async () => { throw new Error("second") }')
  assert.deepEqual([failed.status, failed.said.map(({ err }) => err.message)], [1, ['first', 'second']])
  assert.equal(run('throw new Error("first")', '() => new Promise(() => {})').status, 1)
})

test('a second fault does not end it before the first has', () => {
  const book = 'async () => { await new Promise((resolve) => setTimeout(resolve, 50)); console.log("booked") }'
  const { stdout, said } = run('setImmediate(() => { throw new Error("second") }); throw new Error("first")', book)
  assert.deepEqual([stdout, said.map(({ err }) => err.message)], ['booked\n', ['first', 'second']])
})

import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Stack, startStack } from '#test/support/stack.ts'
import { until } from '#test/support/until.ts'
import { spend } from './spending.ts'
import { budgetsAt, checkStack, limitOf } from './state.ts'

const team = 'budgets:\n  - {name: team, limits: [{window: day, usd: "5"}]}'
const both = `${team}\n  - {name: later, scope: {department: engineering}, limits: [{window: month, usd: "5"}]}`

async function someCalls(stack: Stack, count = 6): Promise<void> {
  for (let call = 0; call < count; call++) assert.equal((await spend(stack, `input=20 tokens=${call}`)).status, 200)
}

/** Damages the journal's first block. Returns how to put it right. */
function damage({ dataDir }: Stack): () => void {
  const directory = join(dataDir, 'journal')
  const [first = ''] = readdirSync(directory)
    .filter((name) => name.endsWith('.tgj'))
    .sort()
  const path = join(directory, first)
  const at = readFileSync(path).indexOf('"callId":"') + '"callId":"'.length
  const put = (text: Buffer): void => {
    const file = openSync(path, 'r+')
    writeSync(file, text, 0, text.length, at)
    closeSync(file)
  }
  const good = readFileSync(path).subarray(at, at + 4)
  put(Buffer.from('!!!!'))
  return () => put(good)
}

const failures = (stack: Stack): string[] => stack.log.split('\n').filter((line) => line.includes('cannot be read'))

test('a journal that cannot be read is told once, and tried again until it can', async () => {
  const stack = await startStack({ more: team })
  try {
    await someCalls(stack)
    const repair = damage(stack)
    await stack.reload({ more: both })
    const { unreadable, pending } = await until('the fault to be met', async () => {
      const answer = await budgetsAt(stack.dataDir)
      return answer.unreadable === null ? null : answer
    })
    assert.match(String(unreadable), /journal|segment|block/i)
    assert.deepEqual(pending, ['later'])
    for (let call = 0; call < 20; call++) {
      const { status, text } = await spend(stack, 'input=20 tokens=1')
      assert.equal(status, 503)
      assert.match(text, /budget_not_ready/)
    }
    const [said, ...more] = failures(stack)
    assert.match(String(said), /later/)
    assert.deepEqual(more, [])
    repair()
    await limitOf(stack.dataDir, 'later', { window: 'month' })
    assert.equal((await budgetsAt(stack.dataDir)).unreadable, null)
    assert.match(stack.log, /can be read from the journal again/)
    await someCalls(stack, 1)
    await checkStack(stack)
  } finally {
    await stack.stop()
  }
})

test('where what was spent since the last save cannot be read, all of it is added up anew', async () => {
  const stack = await startStack({ more: team })
  try {
    const saved = join(stack.dataDir, 'budgets', 'spent.json')
    await someCalls(stack)
    await stack.stopGateway()
    const older = readFileSync(saved, 'utf8')
    await stack.startGateway()
    await someCalls(stack)
    await stack.stopGateway()
    writeFileSync(saved, older.replace(/"offset":\d+/, '"offset":11'))
    await stack.startGateway()
    await checkStack(stack)
    assert.match(stack.log, /all is added up anew/)
  } finally {
    await stack.stop()
  }
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

/** By how much a process of its own stepped back. */
function stepped(call: string): number {
  const script = `
    import { getPriority } from 'node:os'
    import { stepBack } from ${JSON.stringify(import.meta.resolve('./step-back.ts'))}
    const before = getPriority()
    ${call}
    console.log(getPriority() - before)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }))
}

test('a process steps back, also where its threads are not listed', () => {
  assert.equal(stepped('stepBack(1)'), 1)
  assert.equal(stepped("stepBack(1, '/nowhere')"), 1)
})

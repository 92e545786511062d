import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AskedThread } from './asked-thread.ts'

const threads = new URL('./answering-thread.ts', import.meta.url).href
/** Answers with what it is asked, but for what it never comes to an end with. */
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { answerQuestions } from ${JSON.stringify(threads)}
    answerQuestions((question) => {
      if (question === 'hang') for (;;);
      return { answer: question }
    })`)}`,
)

test('a question that the thread does not come to an end with is given up, and the next are answered', async () => {
  const set: { run: () => void; cancelled: boolean }[] = []
  const timers = {
    after(_delayMs: number, run: () => void) {
      const timer = { run, cancelled: false }
      set.push(timer)
      return {
        cancel: () => {
          timer.cancelled = true
        },
      }
    },
  }
  const pending = () => set.filter(({ cancelled }) => !cancelled)
  const thread = new AskedThread<string, string>(script, { idleMs: 1, timers })
  assert.equal(await thread.ask('one'), 'one')
  const hangs = assert.rejects(thread.ask('hang'), /did not answer within/)
  const next = thread.ask('two')
  assert.equal(pending().length, 1, 'the one for the answer, and none for its rest')
  pending()[0]?.run()
  await hangs
  assert.equal(await next, 'two')
  await thread.close()
  assert.equal(set.at(-1)?.cancelled, true)
})

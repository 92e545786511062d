import { parentPort } from 'node:worker_threads'
import type { Answered } from './asked-thread.ts'

interface ThreadAnswer<Answer> {
  readonly answer: Answer
  /** Handed over to whoever asked, not copied. */
  readonly given?: ArrayBuffer[]
}

/** Makes of this thread one that is asked by an `AskedThread`. A fault goes to who asked, and takes no other with it. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Promise<ThreadAnswer<Answer>> | ThreadAnswer<Answer>,
): void {
  const port = parentPort
  port?.on('message', (question: Question) => {
    Promise.resolve(question)
      .then(answer)
      .then(
        ({ answer, given = [] }) => port.postMessage({ answer } satisfies Answered<Answer>, given),
        (fault: unknown) => port.postMessage({ fault } satisfies Answered<Answer>),
      )
  })
}

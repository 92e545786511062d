import { readRequest } from '#providers/requests/read-request.ts'
import { answerQuestions } from './answering-thread.ts'
import type { LargeAnswer, LargeQuestion } from './large-requests.ts'

answerQuestions<LargeQuestion, LargeAnswer>(({ request, bytes }) => {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { answer: { reading: readRequest({ ...request, body }), bytes }, given: [bytes.buffer] }
})

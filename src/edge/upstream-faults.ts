import { UpstreamFault, type UpstreamFaultCode } from '#ports.ts'

/** Errors of a connection that was not established, as Node names them. Whatever is not listed says that nobody is there. */
const connectCodes: Readonly<Record<string, UpstreamFaultCode>> = {
  ETIMEDOUT: 'connect_timeout',
  // It was there, and broke in the middle of the handshake.
  ECONNRESET: 'reset',
  EPIPE: 'reset',
}

/** Of an error while connecting: DNS, the way there, the handshake, the certificate. */
export function connectFault(error: Error): UpstreamFault {
  const code = codeOf(error)
  // All addresses of a name failed: where one of them was not in time, another try may be.
  const late =
    error instanceof AggregateError &&
    error.errors.some((each) => each instanceof Error && codeOf(each) === 'ETIMEDOUT')
  return fault(late ? 'connect_timeout' : (connectCodes[code] ?? 'connect_failed'), false, {
    detail: code,
    cause: error,
  })
}

/** What a fault of this kind is told as, with its cause where there is one. */
export function fault(
  code: UpstreamFaultCode,
  afterHead: boolean,
  { detail = '', cause }: { readonly detail?: string; readonly cause?: Error } = {},
): UpstreamFault {
  return new UpstreamFault(code, describe(code, afterHead, detail), cause)
}

/** Node's code of an error, or nothing. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function describe(code: UpstreamFaultCode, afterHead: boolean, detail: string): string {
  const where = afterHead ? 'in the middle of its answer' : 'before it answered'
  const suffix = detail === '' ? '' : ` (${detail})`
  switch (code) {
    case 'connect_failed':
      return `the provider cannot be reached${suffix}`
    case 'connect_timeout':
      return 'the connection to the provider was not established in time'
    case 'first_byte_timeout':
      return 'the provider did not start to answer in time'
    case 'idle_timeout':
      return 'the provider stopped sending in the middle of its answer'
    case 'reset':
      return `the provider closed the connection ${where}${suffix}`
    case 'bad_answer':
      return `the provider sent something that is not a valid HTTP answer${suffix}`
    case 'unauthorized':
      return "the provider refused the gateway's own key"
    case 'aborted':
      return 'the gateway gave up on this answer'
  }
}

import { connect, type Socket } from 'node:net'
import { createTransport } from 'nodemailer'
import type { DeliveryAnswer, OutgoingMail } from '#core/alerting/delivery.ts'
import type { SmtpServer } from '#core/alerting/receiver.ts'
import type { JsonObject } from '#lib/json-object.ts'
import type { Censor } from './detail.ts'
import { type DeliveryLimits, faultOf } from './http.ts'

interface MailContext {
  readonly limits: DeliveryLimits
  readonly censor: Censor
}

/**
 * Hands a mail to its server, which may be a private one: mail servers mostly are, and one says what it is before it is
 * sent anything. The connection is opened here, so that it fails as connections over HTTP do; SMTP and TLS are nodemailer's.
 */
export async function sendMail(
  smtp: SmtpServer,
  mail: OutgoingMail,
  { limits, censor }: MailContext,
): Promise<DeliveryAnswer> {
  let socket: Socket
  try {
    socket = await open(smtp, limits.connectTimeoutMs)
  } catch (error) {
    return { ok: false, status: null, ...faultOf(error), retryAfterMs: null }
  }
  // A server that answers every command just in time would hold on to this for minutes.
  const late = setTimeout(() => socket.destroy(), 3 * limits.answerTimeoutMs)
  try {
    const { rejected, response } = await transport(smtp, socket, limits).sendMail(letter(mail))
    const refused = rejected.length === 0 ? '' : `, ${rejected.length} of ${mail.to.length} recipients refused`
    return { ok: true, status: statusOf(response), detail: `answered ${censor(response)}${refused}` }
  } catch (error) {
    socket.destroy()
    return failed(error, censor)
  } finally {
    clearTimeout(late)
  }
}

function transport(smtp: SmtpServer, socket: Socket, limits: DeliveryLimits) {
  const { host, port, security, user, password } = smtp
  return createTransport({
    host,
    port,
    connection: socket,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: limits.connectTimeoutMs + limits.answerTimeoutMs,
    greetingTimeout: limits.answerTimeoutMs,
    socketTimeout: limits.answerTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

function letter({ from, to, subject, text, html, messageId, sentAtMs }: OutgoingMail) {
  // Keeps out-of-office replies away: https://www.rfc-editor.org/rfc/rfc3834#section-5
  const headers = { 'Auto-Submitted': 'auto-generated' }
  return { from, to: [...to], subject, text, html, messageId, date: new Date(sentAtMs), headers }
}

function open({ host, port }: SmtpServer, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const late = setTimeout(
      () => socket.destroy(Object.assign(new Error('too late'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    )
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(late))
    socket.once('connect', () => {
      clearTimeout(late)
      socket.off('error', reject)
      // nodemailer listens from its next turn on; an error in between must not end the process. It comes up again there.
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

const faults: Readonly<Record<string, string>> = {
  EAUTH: 'the mail server did not take user and password',
  ETIMEDOUT: 'the mail server did not answer in time',
  ESOCKET: 'the connection failed',
  ETLS: 'the connection could not be encrypted',
  EENVELOPE: 'the mail server took none of the recipients',
}

/** https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1: 4 begins what may pass, 5 what stays. */
function failed(error: unknown, censor: Censor): DeliveryAnswer {
  const { code, responseCode, response, message }: JsonObject = Object(error)
  const status = typeof responseCode === 'number' ? responseCode : null
  const said = censor(String(response ?? message ?? ''))
  const known = faults[String(code)] ?? 'the mail was not taken'
  return {
    ok: false,
    status,
    detail: said === '' ? known : `${known}: ${said}`,
    retryable: status === null || status < 500,
    retryAfterMs: null,
  }
}

function statusOf(response: string): number | null {
  const code = Number.parseInt(response, 10)
  return Number.isNaN(code) ? null : code
}

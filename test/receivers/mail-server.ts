import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { SMTPServer } from 'smtp-server'
import type { Certificate } from './certificate.ts'

export interface TakenMail {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
  readonly encrypted: boolean
  readonly user: string | null
}

export interface MailServer {
  readonly port: number
  readonly mails: readonly TakenMail[]
}

export interface MailServerOptions {
  /** Encrypted from the first byte. */
  readonly tls?: boolean
  /** With it STARTTLS is offered. */
  readonly certificate?: Certificate
  readonly login?: { readonly user: string; readonly password: string }
  /** Answers to a recipient in place of accepting it. */
  readonly refuse?: (address: string) => { readonly code: number; readonly text: string } | null
}

/** A real SMTP server. */
export async function startMailServer(t: TestContext, options: MailServerOptions = {}): Promise<MailServer> {
  const { tls = false, certificate, login } = options
  const mails: TakenMail[] = []
  const server = new SMTPServer({
    secure: tls,
    ...certificate,
    hideSTARTTLS: certificate === undefined,
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disabledCommands: [...(login === undefined ? ['AUTH'] : []), ...(certificate === undefined ? ['STARTTLS'] : [])],
    onAuth({ username, password }, _session, callback) {
      if (username === login?.user && password === login?.password) callback(null, { user: username })
      // It repeats what it was given, as servers should not.
      else callback(Object.assign(new Error(`no login for ${username} ${password}`), { responseCode: 535 }))
    },
    onRcptTo({ address }, _session, callback) {
      const refused = options.refuse?.(address) ?? null
      callback(refused === null ? null : Object.assign(new Error(refused.text), { responseCode: refused.code }))
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          encrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
        })
        callback(null, 'taken')
      })
    },
  })
  // A client that does not trust the certificate hangs up, which is what some tests are about.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { port: (server.server.address() as AddressInfo).port, mails }
}

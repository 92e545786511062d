import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { selfSigned } from './certificate.ts'
import { delivererFor } from './deliverer.ts'
import { startMailServer } from './mail-server.ts'
import { mailReceiver, notificationOf, nowMs, storm } from './sample.ts'

const login = { user: 'tollgate', password: 'correct horse "battery" stäple' }
const trusted = selfSigned()
const stranger = selfSigned()
// As NODE_EXTRA_CA_CERTS does it for whoever runs Tollgate.
setDefaultCACertificates([...getCACertificates('default'), trusted.cert])

/** Header lines unfolded, and the text part as it was written. */
function parts(raw: string): { readonly head: string; readonly text: string } {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const [, encoding = '', body = ''] =
    /Content-Type: text\/plain[\s\S]*?Transfer-Encoding: (\S+)[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(
      `${head}\r\n\r\n${rest.join('\r\n\r\n')}`,
    ) ?? []
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString()
      : Buffer.from(
          body
            .replaceAll('=\r\n', '')
            .replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
          'latin1',
        ).toString()
  return { head: head.replaceAll(/\r\n[ \t]+/g, ' '), text }
}

test('a mail arrives with its id, subject, both forms and all recipients', async (t) => {
  const server = await startMailServer(t)
  const answer = await delivererFor(t).send(mailReceiver('127.0.0.1', server.port, 'none'), storm, nowMs)
  assert.deepEqual(answer, { ok: true, status: 250, detail: 'answered 250 taken' })
  const [mail = assert.fail()] = server.mails
  assert.equal(mail.from, 'alerts@example.com')
  assert.deepEqual(mail.to, ['duty@example.com', 'finance@example.org'])
  const { head, text } = parts(mail.raw)
  assert.match(head, /^Message-ID: <ntf_01JNF8Z4Q3@example\.com>$/m)
  assert.match(head, /^Auto-Submitted: auto-generated$/m)
  assert.match(head, /^Date: Wed, 04 Mar 2026 05:06:08 \+0000$/m)
  assert.match(head, /^Subject: =\?UTF-8\?/m)
  assert.match(mail.raw, /Content-Type: multipart\/alternative/)
  assert.match(mail.raw, /Content-Type: text\/html; charset=utf-8/)
  assert.match(text, /🔴 6 alerts firing, 1 alert resolved/)
  assert.match(text, /4012\.50 of 5000 USD & <more>/)
})

for (const security of ['tls', 'starttls'] as const) {
  test(`${security}: encrypted with a certificate that is trusted, and logged in`, async (t) => {
    const server = await startMailServer(t, { tls: security === 'tls', certificate: trusted, login })
    const receiver = mailReceiver('localhost', server.port, security, login)
    const answer = await delivererFor(t).send(receiver, notificationOf(), nowMs)
    assert.equal(answer.ok, true, answer.detail)
    assert.deepEqual(
      server.mails.map(({ encrypted, user }) => ({ encrypted, user })),
      [{ encrypted: true, user: login.user }],
    )
  })

  test(`${security}: a certificate that nobody vouches for is refused, and the password kept`, async (t) => {
    const server = await startMailServer(t, { tls: security === 'tls', certificate: stranger, login })
    const answer = await delivererFor(t).send(
      mailReceiver('localhost', server.port, security, login),
      notificationOf(),
      nowMs,
    )
    assert.ok(!answer.ok)
    assert.equal(answer.status, null)
    assert.match(answer.detail, /self-signed certificate/)
    assert.equal(server.mails.length, 0)
  })
}

test('starttls: a server that does not offer it gets nothing', async (t) => {
  const server = await startMailServer(t, { login })
  const answer = await delivererFor(t).send(
    mailReceiver('127.0.0.1', server.port, 'starttls', login),
    notificationOf(),
    nowMs,
  )
  assert.ok(!answer.ok)
  assert.match(answer.detail, /could not be encrypted/)
  assert.equal(server.mails.length, 0)
})

test('none: a server that offers encryption is talked to in plain, as it was asked for', async (t) => {
  const server = await startMailServer(t, { certificate: stranger })
  const answer = await delivererFor(t).send(mailReceiver('127.0.0.1', server.port, 'none'), notificationOf(), nowMs)
  assert.equal(answer.ok, true, answer.detail)
  assert.equal(server.mails[0]?.encrypted, false)
})

test('a wrong password is said so, and not shown', async (t) => {
  const server = await startMailServer(t, { login })
  const receiver = mailReceiver('127.0.0.1', server.port, 'none', { user: 'tollgate', password: 'wr0ng-pass' })
  const answer = await delivererFor(t).send(receiver, notificationOf(), nowMs)
  assert.ok(!answer.ok && !answer.retryable)
  assert.equal(answer.status, 535)
  assert.match(answer.detail, /did not take user and password/)
  assert.doesNotMatch(answer.detail, /wr0ng|tollgate/)
})

test('who is refused for now may be tried again, who is refused for good not; one of two is enough', async (t) => {
  const codes = new Map<string, number>()
  const server = await startMailServer(t, {
    refuse: (address) => {
      const code = codes.get(address)
      return code === undefined ? null : { code, text: `mailbox <${address}> unavailable` }
    },
  })
  const deliverer = delivererFor(t)
  const send = () => deliverer.send(mailReceiver('127.0.0.1', server.port, 'none'), notificationOf(), nowMs)
  codes.set('duty@example.com', 550).set('finance@example.org', 550)
  const refused = await send()
  assert.ok(!refused.ok && !refused.retryable)
  assert.match(refused.detail, /550 mailbox <\[redacted\]> unavailable/)
  codes.set('duty@example.com', 450).set('finance@example.org', 450)
  const busy = await send()
  assert.ok(!busy.ok && busy.retryable)
  codes.delete('duty@example.com')
  const half = await send()
  assert.deepEqual(half, { ok: true, status: 250, detail: 'answered 250 taken, 1 of 2 recipients refused' })
})

test('a server that never comes to the end of its greeting is given up, however fast it talks', async (t) => {
  for (const chunk of ['2', '220-still here\r\n'.repeat(5_000), '2'.repeat(80_000)]) {
    let sent = 0
    const talking = createServer((socket) => {
      const timer = setInterval(() => {
        sent += chunk.length
        socket.write(chunk)
      }, 2)
      socket.on('error', () => undefined).on('close', () => clearInterval(timer))
    })
    await new Promise<void>((resolve) => talking.listen(0, '127.0.0.1', resolve))
    t.after(() => new Promise((resolve) => talking.close(resolve)))
    const address = talking.address()
    assert.ok(address !== null && typeof address === 'object')
    const deliverer = delivererFor(t, { answerTimeoutMs: 1_000 })
    const answer = await deliverer.send(mailReceiver('127.0.0.1', address.port, 'none'), notificationOf(), nowMs)
    assert.ok(!answer.ok && answer.retryable, answer.detail)
    assert.ok(sent < 8_000_000, `it was listened to for ${sent} bytes`)
  }
})

test('a server that says nothing is given up, one that is gone may be back', async (t) => {
  const silent = createServer(() => undefined)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  assert.ok(address !== null && typeof address === 'object')
  const deliverer = delivererFor(t, { answerTimeoutMs: 50 })
  const receiver = mailReceiver('127.0.0.1', address.port, 'none')
  const late = await deliverer.send(receiver, notificationOf(), nowMs)
  assert.ok(!late.ok && late.retryable)
  assert.match(late.detail, /did not answer in time/)
  await new Promise((resolve) => silent.close(resolve))
  const gone = await deliverer.send(receiver, notificationOf(), nowMs)
  assert.ok(!gone.ok && gone.retryable)
  assert.equal(gone.detail, 'the connection was refused (ECONNREFUSED)')
})

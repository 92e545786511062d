import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AlertEvent } from '#core/alerting/alert.ts'
import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import { languages } from '#core/alerting/receiver.ts'
import { renderMessage } from '#reactions/receivers/render.ts'
import { context, eventOf, notificationOf, receiverOf, saying, storm, usualText } from './sample.ts'
import { faultOf, type HttpKind, httpKinds } from './schemas.ts'

const kinds = [...httpKinds, 'email', 'log'] as const

function bodies(message: OutgoingMessage): string[] {
  assert.equal(message.kind, 'http')
  return message.kind === 'http' ? message.requests.map(({ body }) => body) : []
}

/** As it would be read in a review: JSON within JSON unfolded. */
function readable(message: OutgoingMessage): unknown {
  if (message.kind !== 'http') return message
  return { ...message, requests: message.requests.map((request) => ({ ...request, body: JSON.parse(request.body) })) }
}

for (const kind of kinds) {
  test(`${kind}: one alert, and a storm, look as they did`, (t) => {
    t.assert.snapshot(readable(renderMessage(receiverOf(kind), notificationOf(), context)))
    t.assert.snapshot(readable(renderMessage(receiverOf(kind), storm, context)))
  })

  test(`${kind}: the same notification makes the same message`, () => {
    assert.deepEqual(
      renderMessage(receiverOf(kind), storm, context),
      renderMessage(receiverOf(kind), structuredClone(storm), context),
    )
  })
}

const anyText = fc.string({ unit: 'binary', maxLength: 60 })
const longText = fc
  .tuple(anyText, fc.nat(4000))
  .map(([text, times]) => text.repeat(Math.ceil(times / (text.length + 1))))
const labels = fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), anyText, { maxKeys: 6 })
const anyEvent: fc.Arbitrary<AlertEvent> = fc
  .record({
    id: fc.string({ minLength: 1 }),
    fingerprint: fc.oneof(fc.string({ minLength: 1 }), fc.string({ minLength: 256, maxLength: 400 })),
    severity: fc.constantFrom('info', 'warning', 'critical'),
    labels,
    facts: labels,
  })
  .map((some) => eventOf(some))
const anyNotification: fc.Arbitrary<Notification> = fc
  .record({
    id: fc.string({ minLength: 1 }),
    firing: fc.array(anyEvent, { minLength: 1, maxLength: 80, size: 'max' }),
    resolved: fc.array(
      anyEvent.map((event) => ({ ...event, status: 'resolved' as const })),
      { maxLength: 40 },
    ),
    truncated: fc.nat(5),
  })
  .map(({ truncated, ...some }) => notificationOf(some, truncated))

for (const kind of httpKinds) {
  test(`${kind}: whatever alerts say, the service's schema and limits are kept`, () => {
    fc.assert(
      fc.property(anyNotification, longText, fc.constantFrom(...languages), (notification, text, language) => {
        const told = {
          ...context,
          say: saying(
            () => text,
            () => text,
          ),
        }
        const receiver = { ...receiverOf(kind), language }
        for (const body of bodies(renderMessage(receiver, notification, told))) assert.equal(faultOf(kind, body), null)
      }),
      { numRuns: 60 },
    )
  })
}

test('what does not fit is counted, what fits is all there', () => {
  const firing = Array.from({ length: 200 }, (_, n) => {
    return eventOf({ id: `e${n}`, fingerprint: `f${n}`, labels: { n: `<${n}>` } })
  })
  const many = notificationOf({ firing }, 7)
  for (const kind of ['slack', 'teams'] as const) {
    const [body = ''] = bodies(renderMessage(receiverOf(kind), many, context))
    const shown = body.match(/budget_threshold firing: all/g)?.length ?? 0
    const alerts = kind === 'slack' ? shown / 2 : shown
    assert.ok(alerts >= 15, `${kind} tells ${alerts}`)
    assert.match(body, new RegExp(`and ${207 - alerts} more`))
  }
  assert.equal(bodies(renderMessage(receiverOf('pagerduty'), many, context)).length, 200)
})

test('Slack reads nobody’s text as markup, and cuts no escape sequence', () => {
  const hostile = '<!channel> <https://evil.example|click> & '
  const told = {
    ...context,
    say: saying(
      () => hostile,
      () => `x${'&'.repeat(5000)}`,
    ),
  }
  const [body = ''] = bodies(renderMessage(receiverOf('slack'), notificationOf(), told))
  const parsed = JSON.parse(body) as { text: string; blocks: { type: string; text?: { text: string } }[] }
  const markup = [parsed.text, parsed.blocks[1]?.text?.text ?? '']
  for (const text of markup) {
    assert.doesNotMatch(text, /[<>]/)
    assert.doesNotMatch(text, /&(?!amp;|lt;|gt;)/)
    assert.match(text, /&lt;!channel&gt;/)
  }
  assert.ok((parsed.blocks[1]?.text?.text ?? '').endsWith('&amp;…'))
})

test('Teams shows text in runs, which know no Markdown', () => {
  const [body = ''] = bodies(renderMessage(receiverOf('teams'), storm, context))
  assert.doesNotMatch(body, /"TextBlock"|"FactSet"/)
})

test('PagerDuty: a resolve names the incident that its trigger opened, also where the fingerprint is long', () => {
  for (const fingerprint of ['short', 'long/'.repeat(100)]) {
    const notification = notificationOf({
      firing: [eventOf({ fingerprint })],
      resolved: [eventOf({ fingerprint, status: 'resolved' })],
    })
    const events = bodies(renderMessage(receiverOf('pagerduty'), notification, context)).map((body) => JSON.parse(body))
    assert.deepEqual(
      events.map(({ event_action }) => event_action),
      ['trigger', 'resolve'],
    )
    assert.equal(events[0].dedup_key, events[1].dedup_key)
    assert.ok(events[0].dedup_key.length <= 255)
  }
})

test('Alertmanager knows an alert by its labels: they are the same when it is over, and it ends then', () => {
  const over = notificationOf({ firing: [], resolved: [eventOf({ status: 'resolved', atMs: context.nowMs })] })
  const [firing] = JSON.parse(bodies(renderMessage(receiverOf('alertmanager'), notificationOf(), context))[0] ?? '')
  const [resolved] = JSON.parse(bodies(renderMessage(receiverOf('alertmanager'), over, context))[0] ?? '')
  assert.deepEqual(resolved.labels, firing.labels)
  assert.equal(resolved.endsAt, new Date(context.nowMs).toISOString())
  assert.ok(Date.parse(firing.endsAt) > context.nowMs)
})

test('mail is escaped in HTML, plain in text, and its id is stable and valid', () => {
  const told = { ...context, say: saying(() => '<script>alert("1")</script>\r\nBcc: x@y', usualText) }
  const render = (id: string) => {
    const message = renderMessage(receiverOf('email'), notificationOf({ id }), told)
    assert.equal(message.kind, 'mail')
    return message.kind === 'mail' ? message.mail : assert.fail()
  }
  const mail = render('ntf_1')
  assert.doesNotMatch(mail.html, /<script/)
  assert.match(mail.html, /&lt;script&gt;alert\(&quot;1&quot;\)/)
  assert.match(mail.text, /<script>/)
  assert.doesNotMatch(mail.subject, /[\r\n]/)
  assert.equal(mail.messageId, '<ntf_1@example.com>')
  assert.match(render('a group/of "things" <x>').messageId, /^<[0-9a-f]{64}@example\.com>$/)
  assert.equal(render('a b').messageId, render('a b').messageId)
})

test('an alert of which nothing is said is called by its type', () => {
  const silent = {
    ...context,
    say: saying(
      () => ' \n',
      () => '',
    ),
  }
  for (const kind of httpKinds) {
    const sent = bodies(renderMessage(receiverOf(kind), notificationOf(), silent))
    assert.deepEqual(
      sent.map((body) => faultOf(kind, body)),
      [null],
    )
    assert.match(sent.join(), /budget_threshold/)
  }
})

test('each language has its own words', () => {
  const headings = languages.map((language) => {
    const message = renderMessage({ ...receiverOf('log'), language }, storm, context)
    return message.kind === 'line' ? message.text : assert.fail()
  })
  assert.deepEqual(headings, [
    '🔴 6 alerts firing, 1 alert resolved (budget engineering)',
    '🔴 6 Alarme aktiv, 1 Alarm beendet (Budget engineering)',
    '🔴 6 cảnh báo đang diễn ra, 1 cảnh báo đã kết thúc (ngân sách engineering)',
  ])
})

const fits: HttpKind[] = ['slack', 'teams']
test('an alert with huge labels is told alone rather than not at all', () => {
  const huge = notificationOf({ firing: [eventOf({ labels: { department: 'x'.repeat(100_000) } })] })
  for (const kind of fits) {
    const [body = ''] = bodies(renderMessage(receiverOf(kind), huge, context))
    assert.equal(faultOf(kind, body), null)
    assert.match(body, /budget_threshold firing/)
  }
})

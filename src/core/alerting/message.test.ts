import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AlertEvent, type AlertType, alertTypes } from './alert.ts'
import { alertMessage, notificationMessage } from './message.ts'
import type { Notification } from './notification.ts'
import { type Language, languages } from './receiver.ts'

const window = { window_start: '2026-03-02T00:00:00.000Z', window_end: '2026-03-03T00:00:00.000Z' }
const money = { limit_usd: '1300.000000000000', spent_usd: '1240.129999999999', remaining_usd: '59.870000000001' }
const call = { model: 'gpt-4.1', call_id: 'c1', request_id: 'r-7' }

const facts: Record<AlertType, Record<string, string>> = {
  budget_threshold: {
    budget: 'search',
    window: 'day',
    threshold_percent: '95',
    percent_used: '95',
    ...money,
    ...window,
  },
  budget_exceeded: { budget: 'search', window: 'month', ...money, ...window, ...call },
  hourly_cost: {
    model: 'gpt-4.1',
    limit_usd: '0.500000000000',
    cost_usd: '0.500000120000',
    hour_start: '2026-03-02T12:00:00.000Z',
    hour_end: '2026-03-02T13:00:00.000Z',
  },
  oversized_request: { output_tokens: '12345', threshold_tokens: '8000', cost_usd: '0.000000000400', ...call },
  duplicate_prompt: { key: 'k', prompt_hash: 'h', count: '4', threshold: '3', ...call },
  unpriced_model: { provider: 'openai', ...call },
  upstream_errors: {
    provider: 'openai',
    failed: '1',
    calls: '1',
    percent: '100',
    threshold_percent: '12.5',
    window_seconds: '300',
    last_error: 'http_503',
  },
  delivery_failure: { receiver: 'ops', failing_since: '2026-03-02T12:34:56.000Z', attempts: '1', error: 'http_500' },
}

function eventOf(type: AlertType, more: Partial<AlertEvent> = {}): AlertEvent {
  const labels = { type, severity: 'critical', department: 'Vertrieb', key: 'k' }
  const event = { id: type, fingerprint: type, status: 'firing', type, severity: 'critical', atMs: 0 } as const
  return { ...event, labels, facts: facts[type], ...more }
}

function notificationOf(firing: readonly AlertEvent[], more: Partial<Notification> = {}): Notification {
  const counts = { firingCount: firing.length, resolvedCount: 0, resolved: [] }
  const group = { groupLabels: {}, commonLabels: {}, repeated: false }
  return { id: 'n', groupKey: 'g', receiver: 'ops', status: 'firing', atMs: 0, firing, ...counts, ...group, ...more }
}

const said = (language: Language) => {
  return alertTypes.map((type) => {
    const { title, text } = alertMessage(eventOf(type), language)
    return `${title} | ${text}`.replaceAll('\u00a0', '_')
  })
}

/** Non-breaking spaces are shown as underscores. */
const expected: Record<Language, readonly string[]> = {
  en: [
    'Budget search: 95% of the daily limit used | 1,240.12_USD of 1,300.00_USD spent; 59.87_USD left until 2026-03-03 00:00 UTC.',
    'Budget search: monthly limit reached, calls are refused | 1,240.12_USD of 1,300.00_USD spent. Calls that no longer fit are refused until 2026-03-03 00:00 UTC. First refused: model gpt-4.1, request r-7.',
    'Hourly cost of gpt-4.1 over 0.50_USD | 0.50_USD spent from 2026-03-02 12:00 UTC to 2026-03-02 13:00 UTC; the limit is 0.50_USD per hour.',
    'Oversized answer from gpt-4.1: 12,345 output tokens | The threshold of this model is 8,000 output tokens. The call cost 0.0000000004_USD. (department Vertrieb, key k, request r-7)',
    'Same prompt sent 4 times within an hour | Key k sent the same prompt 4 times within an hour to gpt-4.1; expected: at most 3 times. (department Vertrieb, key k, request r-7)',
    'No price known for gpt-4.1 at openai | Its calls are served, but reports and budgets leave their cost out. Add a price for this model under "prices" in the configuration.',
    'openai: error rate 100% | 1 of 1 call failed within 5 minutes (threshold 12.5%). Last error: http_503.',
    'Receiver ops cannot be reached | No message has arrived since 2026-03-02 12:34 UTC (1 attempt). Last error: http_500. Delivery goes on being tried.',
  ],
  de: [
    'Budget search: 95_% des Tageslimits verbraucht | 1.240,12_USD von 1.300,00_USD sind ausgegeben; bis zum 03.03.2026, 00:00 Uhr UTC bleiben 59,87_USD.',
    'Budget search: Monatslimit erreicht, Aufrufe werden abgelehnt | 1.240,12_USD von 1.300,00_USD sind ausgegeben. Aufrufe, die nicht mehr hineinpassen, werden bis zum 03.03.2026, 00:00 Uhr UTC abgelehnt. Zuerst abgelehnt: Modell gpt-4.1, Anfrage r-7.',
    'Stundenkosten von gpt-4.1 über 0,50_USD | Vom 02.03.2026, 12:00 Uhr UTC bis zum 02.03.2026, 13:00 Uhr UTC wurden 0,50_USD ausgegeben; die Grenze liegt bei 0,50_USD je Stunde.',
    'Übergroße Antwort von gpt-4.1: 12.345 Ausgabe-Tokens | Der Schwellenwert für dieses Modell liegt bei 8.000 Ausgabe-Tokens. Der Aufruf hat 0,0000000004_USD gekostet. (Abteilung Vertrieb, Schlüssel k, Anfrage r-7)',
    'Derselbe Prompt 4-mal innerhalb einer Stunde | Der Schlüssel k hat denselben Prompt innerhalb einer Stunde 4-mal an gpt-4.1 geschickt; erwartet wird er höchstens 3-mal. (Abteilung Vertrieb, Schlüssel k, Anfrage r-7)',
    'Kein Preis bekannt für gpt-4.1 bei openai | Aufrufe werden bedient, ihre Kosten fehlen aber in Berichten und Budgets. Bitte in der Konfiguration unter „prices“ einen Preis für dieses Modell eintragen.',
    'openai: Fehlerquote 100_% | 1 von 1 Aufruf ist innerhalb von 5 Minuten fehlgeschlagen (Schwellenwert: 12,5_%). Letzter Fehler: http_503.',
    'Empfänger ops ist nicht erreichbar | Seit dem 02.03.2026, 12:34 Uhr UTC kommt keine Nachricht mehr an (1 Versuch). Letzter Fehler: http_500. Die Zustellung wird weiter versucht.',
  ],
  vi: [
    'Ngân sách search: đã dùng 95% hạn mức ngày | Đã chi 1.240,12_USD trên tổng số 1.300,00_USD; còn lại 59,87_USD cho đến 00:00 ngày 03/03/2026 (UTC).',
    'Ngân sách search: đã hết hạn mức tháng, lệnh gọi bị từ chối | Đã chi 1.240,12_USD trên tổng số 1.300,00_USD. Các lệnh gọi vượt quá phần còn lại bị từ chối cho đến 00:00 ngày 03/03/2026 (UTC). Lệnh gọi đầu tiên bị từ chối: mô hình gpt-4.1, yêu cầu r-7.',
    'Chi phí theo giờ của gpt-4.1 vượt 0,50_USD | Đã chi 0,50_USD từ 12:00 ngày 02/03/2026 (UTC) đến 13:00 ngày 02/03/2026 (UTC); giới hạn là 0,50_USD mỗi giờ.',
    'Câu trả lời quá dài từ gpt-4.1: 12.345 token đầu ra | Ngưỡng của mô hình này là 8.000 token đầu ra. Lệnh gọi này tốn 0,0000000004_USD. (phòng ban Vertrieb, khóa k, yêu cầu r-7)',
    'Cùng một prompt được gửi 4 lần trong một giờ | Khóa k đã gửi cùng một prompt 4 lần trong vòng một giờ đến gpt-4.1; dự kiến nhiều nhất 3 lần. (phòng ban Vertrieb, khóa k, yêu cầu r-7)',
    'Chưa có giá cho gpt-4.1 tại openai | Các lệnh gọi vẫn được phục vụ, nhưng chi phí của chúng không có trong báo cáo và ngân sách. Hãy thêm giá cho mô hình này vào mục “prices” trong tệp cấu hình.',
    'openai: tỷ lệ lỗi 100% | 1 trên 1 lệnh gọi thất bại trong vòng 5 phút (ngưỡng 12,5%). Lỗi gần nhất: http_503.',
    'Không gửi được thông báo đến ops | Không thông báo nào đến nơi kể từ 12:34 ngày 02/03/2026 (UTC), đã thử 1 lần. Lỗi gần nhất: http_500. Hệ thống vẫn tiếp tục gửi lại.',
  ],
}

for (const language of languages) {
  test(`every alert has its title and text (${language})`, () => assert.deepEqual(said(language), expected[language]))
}

test('an alert that is over says why, and since when it fired', () => {
  const over = { ...facts.budget_threshold, fired_at: '2026-03-02T18:30:00.000Z', reason: 'window_over' }
  const event = eventOf('budget_threshold', { status: 'resolved', facts: over })
  assert.deepEqual(
    languages.map((language) => Object.values(alertMessage(event, language)).join(' | ').replaceAll('\u00a0', '_')),
    [
      'Resolved: Budget search: 95% of the daily limit used | The window is over; a new one has begun. Fired at 2026-03-02 18:30 UTC.',
      'Beendet: Budget search: 95_% des Tageslimits verbraucht | Der Zeitraum ist zu Ende; ein neuer hat begonnen. Ausgelöst am 02.03.2026, 18:30 Uhr UTC.',
      'Đã kết thúc: Ngân sách search: đã dùng 95% hạn mức ngày | Kỳ này đã kết thúc; kỳ mới đã bắt đầu. Phát sinh lúc 18:30 ngày 02/03/2026 (UTC).',
    ],
  )
})

test('a message of one alert says what it is about, and whether it was said before', () => {
  const titles = languages.flatMap((language) =>
    [false, true].map((repeated) => {
      return notificationMessage(notificationOf([eventOf('upstream_errors')], { repeated }), language).title
    }),
  )
  assert.deepEqual(titles, [
    'openai: error rate 100%',
    'Still firing: openai: error rate 100%',
    'openai: Fehlerquote 100\u00a0%',
    'Besteht weiter: openai: Fehlerquote 100\u00a0%',
    'openai: tỷ lệ lỗi 100%',
    'Vẫn tiếp diễn: openai: tỷ lệ lỗi 100%',
  ])
})

test('a message of a storm counts all, lists some and says how many more there are', () => {
  const firing = [eventOf('hourly_cost', { severity: 'warning' }), eventOf('delivery_failure')]
  const resolved = [eventOf('unpriced_model', { status: 'resolved' })]
  const counts = { firingCount: 1200, resolvedCount: 1, resolved, groupLabels: { department: 'Vertrieb' } }
  const messages = languages.map((language) => notificationMessage(notificationOf(firing, counts), language))
  assert.deepEqual(
    messages.map(({ title, more, severity, alerts }) => [title, more(1198), severity, alerts.length]),
    [
      ['1,200 alerts firing, 1 alert resolved (department Vertrieb)', '… and 1,198 more.', 'critical', 3],
      ['1.200 Alarme aktiv, 1 Alarm beendet (Abteilung Vertrieb)', '… und 1.198 weitere.', 'critical', 3],
      [
        '1.200 cảnh báo đang diễn ra, 1 cảnh báo đã kết thúc (phòng ban Vertrieb)',
        '… và 1.198 cảnh báo khác.',
        'critical',
        3,
      ],
    ],
  )
})

test('a message of one kind of alert names the kind', () => {
  const firing = [eventOf('oversized_request'), eventOf('oversized_request', { fingerprint: 'other' })]
  const commonLabels = { type: 'oversized_request' }
  const { title } = notificationMessage(notificationOf(firing, { commonLabels, groupLabels: commonLabels }), 'de')
  assert.equal(title, '2 Alarme aktiv: übergroße Antworten')
})

const unreadable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

test('a title is one line of readable text, whatever callers name things', () => {
  const arbitraryFacts = fc.dictionary(
    fc.constantFrom(...alertTypes.flatMap((type) => Object.keys(facts[type]))),
    fc.string(),
  )
  const name = fc.string({ unit: 'binary' })
  const arbitraryEvent = fc.record({ type: fc.constantFrom(...alertTypes), more: arbitraryFacts, name })
  fc.assert(
    fc.property(arbitraryEvent, fc.constantFrom(...languages), ({ type, more, name: said }, language) => {
      const named = { budget: said, model: said, provider: said, receiver: said, key: said }
      const event = eventOf(type, { facts: { ...facts[type], ...named, ...more }, labels: { ...named } })
      const about = { groupLabels: event.labels, firingCount: 2 }
      assert.doesNotMatch(notificationMessage(notificationOf([event], about), language).title, unreadable)
      for (const { title, text } of [
        alertMessage(event, language),
        alertMessage({ ...event, status: 'resolved' }, language),
      ]) {
        assert.notEqual(title, '')
        assert.notEqual(text, '')
        assert.doesNotMatch(title, unreadable)
        assert.doesNotMatch(text, /[^\P{Cc}\n]|\p{Cf}/u)
      }
    }),
  )
})

test('an amount is shown with its own digits, cut but never rounded up', () => {
  const amount = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }))
  fc.assert(
    fc.property(amount, ([whole, fraction]) => {
      const spent_usd = `${whole}.${String(fraction).padStart(12, '0')}`
      const { text } = alertMessage(
        eventOf('budget_threshold', { facts: { ...facts.budget_threshold, spent_usd } }),
        'en',
      )
      const shown = text.split('\u00a0')[0]?.replaceAll(',', '') ?? ''
      assert.ok(
        spent_usd.padEnd(shown.length, '0').startsWith(shown) || /^0+$/.test(shown.slice(spent_usd.length)),
        shown,
      )
      assert.match(shown, /^\d+\.\d{2,}$/)
    }),
  )
})

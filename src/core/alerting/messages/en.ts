import { byWindow, type Phrases, sentences } from './phrases.ts'
import type { Words } from './words.ts'

const adjectives = { minute: 'per-minute', hour: 'hourly', day: 'daily', week: 'weekly', month: 'monthly' }

const used = (w: Words) => w.percent(w.has('percent_used') ? 'percent_used' : 'threshold_percent')

function duration(w: Words): string {
  const { unit, count } = w.duration('window_seconds')
  return `${count} ${unit}${count === '1' ? '' : 's'}`
}

const times = (w: Words, name: string) => (w.is(name, '1') ? 'once' : `${w.count(name)} times`)

const tokens = (w: Words, name: string) => `${w.count(name)} output ${w.is(name, '1') ? 'token' : 'tokens'}`

export const en: Phrases = {
  notation: {
    group: ',',
    decimal: '.',
    percent: '%',
    time: ({ year, month, day, clock }) => `${year}-${month}-${day} ${clock} UTC`,
  },
  types: {
    budget_threshold: 'budget thresholds',
    budget_exceeded: 'budgets exceeded',
    hourly_cost: 'hourly cost',
    oversized_request: 'oversized answers',
    duplicate_prompt: 'duplicate prompts',
    unpriced_model: 'models without a price',
    upstream_errors: 'provider errors',
    delivery_failure: 'failed deliveries',
  },
  labels: { cost_center: 'cost center', user_id: 'user' },
  alerts: {
    budget_threshold: {
      title: (w) => `Budget ${w.text('budget')}: ${used(w)} of the ${byWindow(w, adjectives)} limit used`,
      text: (w) =>
        `${w.usd('spent_usd')} of ${w.exactUsd('limit_usd')} spent; ${w.usd('remaining_usd')} left until ${w.time('window_end')}.`,
    },
    budget_exceeded: {
      title: (w) => `Budget ${w.text('budget')}: ${byWindow(w, adjectives)} limit reached, calls are refused`,
      text: (w) =>
        sentences(
          w.has('limit_usd') && `${w.usd('spent_usd')} of ${w.exactUsd('limit_usd')} spent.`,
          `Calls that no longer fit are refused until ${w.time('window_end')}.`,
          w.has('model') && `First refused: model ${w.text('model')}, request ${w.text('request_id')}.`,
        ),
    },
    hourly_cost: {
      title: (w) =>
        w.has('model')
          ? `Hourly cost of ${w.text('model')} over ${w.exactUsd('limit_usd')}`
          : `Hourly cost over ${w.exactUsd('limit_usd')}`,
      text: (w) =>
        `${w.usd('cost_usd')} spent from ${w.time('hour_start')} to ${w.time('hour_end')}; the limit is ${w.exactUsd('limit_usd')} per hour.`,
    },
    oversized_request: {
      title: (w) => `Oversized answer from ${w.text('model')}: ${tokens(w, 'output_tokens')}`,
      text: (w) =>
        sentences(
          `The threshold of this model is ${tokens(w, 'threshold_tokens')}.`,
          w.has('cost_usd') && `The call cost ${w.usd('cost_usd')}.`,
        ),
      ofCall: true,
    },
    duplicate_prompt: {
      title: (w) => `Same prompt sent ${times(w, 'count')} within an hour`,
      text: (w) =>
        `Key ${w.text('key')} sent the same prompt ${times(w, 'count')} within an hour to ${w.text('model')}; expected: at most ${times(w, 'threshold')}.`,
      ofCall: true,
    },
    unpriced_model: {
      title: (w) => `No price known for ${w.text('model')} at ${w.text('provider')}`,
      text: () =>
        'Its calls are served, but reports and budgets leave their cost out. Add a price for this model under "prices" in the configuration.',
    },
    upstream_errors: {
      title: (w) => `${w.text('provider')}: error rate ${w.percent('percent')}`,
      text: (w) =>
        sentences(
          `${w.count('failed')} of ${w.count('calls')} ${w.is('calls', '1') ? 'call' : 'calls'} failed within ${duration(w)} (threshold ${w.percent('threshold_percent')}).`,
          w.has('last_error') && `Last error: ${w.text('last_error')}.`,
        ),
    },
    delivery_failure: {
      title: (w) => `Receiver ${w.text('receiver')} cannot be reached`,
      text: (w) =>
        sentences(
          `No message has arrived since ${w.time('failing_since')} (${w.count('attempts')} ${w.is('attempts', '1') ? 'attempt' : 'attempts'}).`,
          w.has('error') && `Last error: ${w.text('error')}.`,
          'Delivery goes on being tried.',
        ),
    },
  },
  reasons: {
    window_over: 'The window is over; a new one has begun.',
    limit_changed: 'The limit was changed or taken away.',
    hour_over: 'The hour is over.',
    time_over: 'Closed by itself after an hour.',
    displaced: 'Closed early because very many were open.',
    priced: 'A price is known now.',
    quiet: 'It has not been seen again.',
    recovered: 'Calls succeed again.',
    delivered: 'Messages arrive again.',
  },
  resolved: 'Resolved',
  request: (id) => `request ${id}`,
  firedAt: (time) => `Fired at ${time}.`,
  stillFiring: 'Still firing',
  sentBy: 'Sent by Tollgate',
  firingCount: (count, text) => `${text} ${count === 1 ? 'alert' : 'alerts'} firing`,
  resolvedCount: (count, text) => `${text} ${count === 1 ? 'alert' : 'alerts'} resolved`,
  more: (_count, text) => `… and ${text} more.`,
}

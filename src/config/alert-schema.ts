import type { z } from 'zod'
import { languages } from '#core/alerting/receiver.ts'
import * as is from './scalars.ts'
import { list, mappingOf, oneOrMore, shape } from './shapes.ts'

const day = 24 * 60 * 60 * 1000
const secret = () => is.word('a secret', 4096)

const smtp = shape({
  host: is.hostName(),
  port: is.wholeNumber(1, 65_535).optional(),
  security: is.oneOf(['tls', 'starttls', 'none'] as const).optional(),
  user: is.word('a user name').optional(),
  password: secret().optional(),
})

const kinds = {
  slack: shape({ url: is.receiverUrl() }).optional(),
  teams: shape({ url: is.receiverUrl() }).optional(),
  pagerduty: shape({ routing_key: secret(), url: is.receiverUrl().optional() }).optional(),
  email: shape({
    from: is.mailAddress(),
    to: oneOrMore(is.mailAddress(), 'mail addresses', 100),
    smtp,
  }).optional(),
  webhook: shape({
    url: is.receiverUrl(),
    secret: secret().optional(),
    secrets: list(secret(), 'secrets, one or two', 1).optional(),
  }).optional(),
  alertmanager: shape({ url: is.httpUrl() }).optional(),
  log: shape({}).optional(),
}

/** How a receiver may be told: it has exactly one of these. */
export const receiverKinds = Object.keys(kinds) as readonly (keyof typeof kinds)[]

export const receiver = shape({
  name: is.name(),
  ...kinds,
  language: is.oneOf(languages).optional(),
  send_resolved: is.trueOrFalse().optional(),
})

const label = is.word('the name of a label', 64)
const matchers = mappingOf(
  label,
  oneOrMore(is.word('text of at most 256 characters'), 'texts'),
  'a mapping of label to one value or a list',
)

export const route = shape({
  match: matchers.optional(),
  receivers: list(is.name(), 'names of receivers', 1),
  group_by: list(label, 'labels').optional(),
  group_wait: is.duration(0, day).optional(),
  group_interval: is.duration(1_000, day).optional(),
  repeat_interval: is.duration(60_000, 30 * day).optional(),
  continue: is.trueOrFalse().optional(),
})

export const inhibitRule = shape({ source: matchers, target: matchers, equal: list(label, 'labels').optional() })

const usd = () => is.decimal('an amount such as "15.00"', { above: true, most: 10 ** 12, places: 12 })
const perModel = <T>(value: z.ZodType<T>) => mappingOf(is.modelName(), value, 'a mapping of model to limit')

const live = shape({
  hourly_cost_usd: shape({ total: usd().optional(), models: perModel(usd()).optional() }).optional(),
  output_tokens: shape({
    models: perModel(is.wholeNumber(1, 10 ** 9)).optional(),
    default: is.wholeNumber(1, 10 ** 9).optional(),
  }).optional(),
  duplicate_prompts: is.wholeNumber(1, 1_000_000).optional(),
  upstream_errors: shape({
    percent: is.wholeNumber(1, 100),
    least_calls: is.wholeNumber(1, 1_000_000).optional(),
    window: is.duration(10_000, day).optional(),
  }).optional(),
  unpriced_models: is.trueOrFalse().optional(),
})

/** The section as a whole; its lists are read entry by entry, so that the faults of one do not hide those of another. */
export const alerts = shape({
  allow_private_urls: is.trueOrFalse().optional(),
  receivers: list(receiver, 'receivers').optional(),
  routes: list(route, 'routes').optional(),
  inhibit: list(inhibitRule, 'rules').optional(),
  live: live.optional(),
})

export type ReceiverEntry = z.output<typeof receiver>
export type RouteEntry = z.output<typeof route>
export type InhibitEntry = z.output<typeof inhibitRule>
export type LiveEntry = z.output<typeof live>

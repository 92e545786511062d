import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/*
 * What the services document, as JSON schemas. Only what they name is allowed: a misspelt field is a fault, also where
 * a service would pass over it.
 */
const closed = { type: 'object', additionalProperties: false } as const
const words = { type: 'object', additionalProperties: { type: 'string' } } as const

function textObject(types: readonly string[], maxLength: number): object {
  const properties = {
    type: { enum: types },
    text: { type: 'string', minLength: 1, maxLength },
    emoji: { type: 'boolean' },
    verbatim: { type: 'boolean' },
  }
  return {
    ...closed,
    required: ['type', 'text'],
    properties,
    // `emoji` is for plain text only, `verbatim` for mrkdwn only.
    if: { properties: { type: { const: 'plain_text' } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { not: { required: ['verbatim'] } },
    else: { not: { required: ['emoji'] } },
  }
}

/** https://docs.slack.dev/reference/block-kit/blocks and …/composition-objects/text-object */
const slack = {
  ...closed,
  required: ['text', 'blocks'],
  properties: {
    text: { type: 'string', minLength: 1, maxLength: 40_000 },
    blocks: {
      type: 'array',
      minItems: 1,
      maxItems: 50,
      items: {
        oneOf: [
          {
            ...closed,
            required: ['type', 'text'],
            properties: { type: { const: 'header' }, text: textObject(['plain_text'], 150) },
          },
          {
            ...closed,
            required: ['type', 'text'],
            properties: { type: { const: 'section' }, text: textObject(['plain_text', 'mrkdwn'], 3000) },
          },
          {
            ...closed,
            required: ['type', 'elements'],
            properties: {
              type: { const: 'context' },
              elements: {
                type: 'array',
                minItems: 1,
                maxItems: 10,
                items: textObject(['plain_text', 'mrkdwn'], 3000),
              },
            },
          },
        ],
      },
    },
  },
}

/** https://adaptivecards.io/explorer, version 1.4: those elements that we use. */
const textRun = {
  ...closed,
  required: ['type', 'text'],
  properties: {
    type: { const: 'TextRun' },
    text: { type: 'string' },
    size: { enum: ['default', 'small', 'medium', 'large', 'extraLarge'] },
    weight: { enum: ['default', 'lighter', 'bolder'] },
    isSubtle: { type: 'boolean' },
  },
}
const element = {
  separator: { type: 'boolean' },
  spacing: { enum: ['default', 'none', 'small', 'medium', 'large', 'extraLarge', 'padding'] },
}
const richText = {
  ...closed,
  required: ['type', 'inlines'],
  properties: { ...element, type: { const: 'RichTextBlock' }, inlines: { type: 'array', minItems: 1, items: textRun } },
}
const container = {
  ...closed,
  required: ['type', 'items'],
  properties: {
    ...element,
    type: { const: 'Container' },
    style: { enum: ['default', 'emphasis', 'good', 'attention', 'warning', 'accent'] },
    items: { type: 'array', minItems: 1, items: richText },
  },
}
/** https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook */
const teams = {
  ...closed,
  required: ['type', 'attachments'],
  properties: {
    type: { const: 'message' },
    attachments: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: {
        ...closed,
        required: ['contentType', 'contentUrl', 'content'],
        properties: {
          contentType: { const: 'application/vnd.microsoft.card.adaptive' },
          contentUrl: { type: 'null' },
          content: {
            ...closed,
            required: ['$schema', 'type', 'version', 'body'],
            properties: {
              $schema: { const: 'http://adaptivecards.io/schemas/adaptive-card.json' },
              type: { const: 'AdaptiveCard' },
              version: { enum: ['1.4', '1.5'] },
              fallbackText: { type: 'string' },
              msteams: { ...closed, properties: { width: { const: 'Full' } } },
              body: { type: 'array', minItems: 1, items: { oneOf: [richText, container] } },
            },
          },
        },
      },
    },
  },
}

/** https://developer.pagerduty.com/docs/send-alert-event */
const pagerduty = {
  ...closed,
  required: ['routing_key', 'event_action'],
  properties: {
    routing_key: { type: 'string', minLength: 32, maxLength: 32 },
    event_action: { enum: ['trigger', 'acknowledge', 'resolve'] },
    dedup_key: { type: 'string', minLength: 1, maxLength: 255 },
    client: { type: 'string' },
    client_url: { type: 'string', format: 'uri' },
    payload: {
      ...closed,
      required: ['summary', 'source', 'severity'],
      properties: {
        summary: { type: 'string', minLength: 1, maxLength: 1024 },
        source: { type: 'string', minLength: 1 },
        severity: { enum: ['critical', 'error', 'warning', 'info'] },
        timestamp: { type: 'string', format: 'date-time' },
        component: { type: 'string' },
        group: { type: 'string' },
        class: { type: 'string' },
        custom_details: { type: 'object' },
      },
    },
  },
  if: { properties: { event_action: { const: 'trigger' } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['payload'] },
  else: { required: ['dedup_key'] },
}

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml: postableAlerts */
const alertmanager = {
  type: 'array',
  items: {
    ...closed,
    required: ['labels'],
    properties: {
      startsAt: { type: 'string', format: 'date-time' },
      endsAt: { type: 'string', format: 'date-time' },
      annotations: { ...words, propertyNames: { pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' } },
      labels: { ...words, minProperties: 1, propertyNames: { pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' } },
      generatorURL: { type: 'string', format: 'uri' },
    },
  },
}

/** docs/alerts.md */
const webhook = {
  ...closed,
  required: ['type', 'timestamp', 'data'],
  properties: {
    type: { enum: ['alert.firing', 'alert.resolved'] },
    timestamp: { type: 'string', format: 'date-time' },
    data: {
      ...closed,
      required: ['id', 'receiver', 'status', 'group_labels', 'alerts', 'truncated', 'external_url'],
      properties: {
        id: { type: 'string' },
        receiver: { type: 'string' },
        status: { enum: ['firing', 'resolved'] },
        group_labels: words,
        truncated: { type: 'integer', minimum: 0 },
        external_url: { type: ['string', 'null'], format: 'uri' },
        alerts: {
          type: 'array',
          minItems: 1,
          items: {
            ...closed,
            required: [
              ...[
                'id',
                'fingerprint',
                'status',
                'type',
                'severity',
                'timestamp',
                'title',
                'message',
                'labels',
                'facts',
              ],
            ],
            properties: {
              id: { type: 'string' },
              fingerprint: { type: 'string' },
              status: { enum: ['firing', 'resolved'] },
              type: { type: 'string' },
              severity: { enum: ['info', 'warning', 'critical'] },
              timestamp: { type: 'string', format: 'date-time' },
              title: { type: 'string' },
              message: { type: 'string' },
              labels: words,
              facts: words,
            },
          },
        },
      },
    },
  },
}

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false })
formats.default(ajv)

export const validators = {
  slack: ajv.compile(slack),
  teams: ajv.compile(teams),
  pagerduty: ajv.compile(pagerduty),
  alertmanager: ajv.compile(alertmanager),
  webhook: ajv.compile(webhook),
} as const satisfies Record<string, ValidateFunction>

export type HttpKind = keyof typeof validators
export const httpKinds = Object.keys(validators) as HttpKind[]

/** What is wrong with a body, or null. Sizes count as the services count them: in bytes. */
export function faultOf(kind: HttpKind, body: string): string | null {
  const mostBytes = {
    slack: Infinity,
    teams: 28 * 1024,
    pagerduty: 512 * 1024,
    alertmanager: Infinity,
    webhook: Infinity,
  }
  if (Buffer.byteLength(body) > mostBytes[kind]) return `${Buffer.byteLength(body)} bytes`
  const validate = validators[kind]
  return validate(JSON.parse(body)) ? null : ajv.errorsText(validate.errors)
}

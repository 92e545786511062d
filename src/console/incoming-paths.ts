const text = { type: 'string', maxLength: 256 }
const amount = { type: ['number', 'string'], description: 'USD, exactly as written' }
const count = { type: 'integer', minimum: 0 }
const instant = { type: ['string', 'number'], description: 'ISO 8601, or Unix seconds or milliseconds' }
const payer = {
  department: text,
  project: text,
  cost_center: text,
  user_id: text,
  session_id: text,
  feature_flag: text,
  request_path: text,
  tags: { type: 'object', additionalProperties: text },
}

const usageEvent = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: ['string', 'number'] },
    model: text,
    prompt: { description: 'Kept as a keyed hash only' },
    usage: {
      type: 'object',
      properties: {
        input_tokens: count,
        output_tokens: count,
        cached_input_tokens: count,
        cache_write_tokens: count,
        reasoning_tokens: count,
      },
    },
    cost: { type: 'object', required: ['total_usd'], properties: { total_usd: amount } },
    timestamp: instant,
    user: text,
    ...payer,
  },
}

const bill = {
  type: 'object',
  required: ['vendor', 'cost_center', 'amount_usd', 'resource_id'],
  properties: { vendor: text, amount_usd: amount, resource_id: text, timestamp: instant, ...payer },
}

const answer = {
  type: 'object',
  required: ['status', 'alerts'],
  properties: {
    status: { enum: ['processed', 'duplicate'] },
    alerts: { ...count, description: 'How many alerts it has set off' },
    processed: { ...count, description: 'Of a list: how many were booked' },
    duplicates: { ...count, description: 'Of a list: how many were booked before' },
  },
}

/** The doors for costs metered elsewhere, which the gateway answers itself, as the API's description has them. */
export function incomingPaths(failure: object): Readonly<Record<string, object>> {
  const responses = { 200: { description: 'It is in the ledger', ...json(answer) }, default: failure }
  const source = { name: 'source', in: 'path', required: true, schema: { type: 'string' } }
  const signature = {
    name: 'x-tollgate-signature',
    in: 'header',
    description: 'sha256= and the hex HMAC-SHA256 of the body',
  }
  return {
    '/webhook/{source}': {
      post: {
        summary: 'Books usage that was metered elsewhere, once for each id. Signed',
        parameters: [source, { ...signature, required: false, schema: { type: 'string' } }],
        requestBody: {
          ...json({ oneOf: [usageEvent, { type: 'array', items: usageEvent, maxItems: 1_000 }] }),
          required: true,
        },
        responses,
      },
    },
    '/v1/billing/webhook': {
      post: {
        summary: 'Books what a vendor bills on a cost center, once for each resource. Needs a virtual key',
        security: [{ token: [] }],
        parameters: [],
        requestBody: { ...json(bill), required: true },
        responses,
      },
    },
  }
}

function json(schema: object): object {
  return { content: { 'application/json': { schema } } }
}

import type { Exchange } from './exchange.ts'

const failure = (name: string, status: number, body: string, error: Exchange['expected']['error']): Exchange => ({
  points: [],
  name,
  api: 'chat.completions',
  status,
  stream: false,
  body,
  expected: { model: null, usage: null, complete: false, ...(error === undefined ? {} : { error }) },
})

/** Answers that failed, in every shape: a clear code and message each, and nothing to bill. */
export const failureExchanges: readonly Exchange[] = [
  failure(
    "OpenAI's shape",
    401,
    '{"error":{"message":"Bad key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}',
    {
      code: 'invalid_api_key',
      message: 'Bad key',
      type: 'invalid_request_error',
    },
  ),
  failure("Anthropic's shape", 529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', {
    code: 'overloaded_error',
    message: 'Overloaded',
    type: 'overloaded_error',
  }),
  failure(
    "Google's shape, in an array",
    429,
    '[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}]',
    {
      code: 'RESOURCE_EXHAUSTED',
      message: 'Quota',
      status: 'RESOURCE_EXHAUSTED',
      statusCode: 429,
    },
  ),
  failure('a text for an error', 404, '{"error":"model \\"x\\" not found"}', {
    code: 'error',
    message: 'model "x" not found',
  }),
  failure('a message alone', 400, '{"message":"invalid model"}', { code: 'http_400', message: 'invalid model' }),
  failure("FastAPI's detail", 422, '{"detail":"no such field"}', { code: 'http_422', message: 'no such field' }),
  failure(
    'HTML',
    502,
    '<html><head><style>p{}</style></head><body><h1>502 Bad Gateway</h1>\n<p>nginx</p></body></html>',
    {
      code: 'http_502',
      message: '502 Bad Gateway nginx',
    },
  ),
  failure('nothing at all', 503, '', { code: 'http_503', message: '' }),
  failure('half of a JSON', 500, '{"error":{"mess', { code: 'http_500', message: '{"error":{"mess' }),
  failure('JSON without an error', 500, '{"ok":false}', { code: 'http_500', message: '{"ok":false}' }),
]

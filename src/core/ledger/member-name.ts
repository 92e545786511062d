/** Callers choose some of the texts: beyond these bounds a value is made ready anew each time. */
const mostKept = 500
const longestKept = 200

/** The name of a member of a line, made ready to be copied there. */
export class MemberName {
  readonly text: string
  /** With the comma before it and the colon behind it. */
  readonly bytes: Uint8Array
  readonly #kept = new Map<string, Uint8Array>()

  constructor(text: string) {
    this.text = text
    this.bytes = Buffer.from(`,${JSON.stringify(text)}:`)
  }

  /** The same with a text as value. Remembers the values: departments, models and the like come with every call. */
  with(value: string): Uint8Array {
    return this.#kept.get(value) ?? this.#make(value)
  }

  #make(value: string): Uint8Array {
    const bytes = Buffer.from(`,${JSON.stringify(this.text)}:${JSON.stringify(value)}`)
    if (value.length > longestKept) return bytes
    if (this.#kept.size >= mostKept) this.#kept.clear()
    this.#kept.set(value, bytes)
    return bytes
  }
}

/** All that are in lines of entries. */
const names = [
  'kind',
  'callId',
  'requestId',
  'startedAtMs',
  'payer',
  'department',
  'project',
  'costCenter',
  'userId',
  'sessionId',
  'featureFlag',
  'requestPath',
  'tags',
  'keyId',
  'vendor',
  'upstream',
  'modelRequested',
  'modelRouted',
  'endpoint',
  'stream',
  'promptHash',
  'estimatedInputTokens',
  'responseId',
  'batch',
  'model',
  'trace',
  'hold',
  'usd',
  'endedAtMs',
  'outcome',
  'modelServed',
  'usageSource',
  'tokens',
  'input',
  'cachedInput',
  'cacheWrite5m',
  'cacheWrite1h',
  'output',
  'reasoning',
  'inputAudio',
  'outputAudio',
  'inputImage',
  'outputImage',
  'units',
  'cost',
  'cacheWrite',
  'other',
  'total',
  'priceVersion',
  'unpriced',
  'billing',
  'providerStated',
  'marks',
  'latencyMs',
  'timeToFirstTokenMs',
  'overheadMs',
  'statusCode',
  'errorCode',
  'errorMessage',
  'attempts',
  'startedAfterMs',
  'durationMs',
  'status',
  'cacheHit',
] as const

type Name = (typeof names)[number]

export const member = Object.fromEntries(names.map((name) => [name, new MemberName(name)])) as Readonly<
  Record<Name, MemberName>
>

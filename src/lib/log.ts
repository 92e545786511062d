import { type DestinationStream, destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'

export type Log = Logger

export interface LogSettings {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly format: 'json' | 'pretty'
  /** Which part of the program speaks. */
  readonly name: string
}

/** Whatever carries a credential or a caller's words, wherever an object that holds it is logged. */
const secretFields = [
  'authorization',
  '["proxy-authorization"]',
  '["x-api-key"]',
  '["x-goog-api-key"]',
  '["api-key"]',
  '["set-cookie"]',
  'cookie',
  'apiKey',
  'api_key',
  'key',
  'secret',
  'token',
  'adminToken',
  'password',
  'prompt',
  'messages',
]
const redacted = secretFields.flatMap((field) => {
  const below = field.startsWith('[') ? field : `.${field}`
  return [field, `*${below}`, `*.*${below}`]
})

/** A log on stderr, so that stdout stays for what was asked for. Credentials are replaced before anything is written. */
export function createLog(settings: LogSettings, to?: DestinationStream): Log {
  const options: LoggerOptions = {
    level: settings.level,
    base: { role: settings.name },
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: redacted, censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
  }
  const stderr = to ?? destination({ fd: 2, sync: true })
  return pino(options, settings.format === 'pretty' ? prettily(stderr) : stderr)
}

/** One line a message for people: `12:00:00.123 WARN  gateway  message  field=value`. */
function prettily(stream: DestinationStream): DestinationStream {
  return { write: (line) => stream.write(prettyLine(line)) }
}

export function prettyLine(line: string): string {
  const { level, time, role, msg, ...fields }: Record<string, unknown> = JSON.parse(line)
  const clock = String(time).slice(11, 23)
  const extra = Object.entries(fields).map(([name, value]) => `  ${name}=${fieldText(value)}`)
  return `${clock} ${String(level).toUpperCase().padEnd(5)} ${String(role).padEnd(9)} ${String(msg ?? '')}${extra.join('')}\n`
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  const error = value !== null && typeof value === 'object' && 'stack' in value ? value.stack : undefined
  return typeof error === 'string' ? error : JSON.stringify(value)
}

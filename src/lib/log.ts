import { type DestinationStream, destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import { redactFields } from './redact.ts'
import { redactText } from './redact-text.ts'

export type Log = Logger

interface LogSettings {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly format: 'json' | 'pretty'
  /** Which part of the program speaks. */
  readonly name: string
}

/**
 * A log on stderr, so that stdout stays for what was asked for. Credentials are replaced before anything is written: what
 * has the name of one, wherever an object that holds it is logged, and what looks like one in any text.
 */
export function createLog(settings: LogSettings, to?: DestinationStream): Log {
  const options: LoggerOptions = {
    level: settings.level,
    base: { role: settings.name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redacted, bindings: redacted },
    // An error is an object by then.
    serializers: { err: (error: unknown) => error },
  }
  const stderr = to ?? toDescriptor(2)
  const text = settings.format === 'pretty' ? prettyLine : (line: string) => line
  return pino(options, { write: (line) => stderr.write(text(redactText(line))) })
}

/** So much waits for room at most; what is logged beyond it is lost. */
const mostWaitingBytes = 1024 * 1024

/**
 * A disk that is full, or a terminal or a reader that has gone, ends nobody who logs: what cannot be written waits for
 * the next line. Exported for its test.
 */
export function toDescriptor(fd: number): DestinationStream {
  // Without a least length it could not be told to write what waits.
  const stream = destination({ fd, sync: true, minLength: 1, maxLength: mostWaitingBytes })
  stream.on('error', () => {})
  let isDropping = false
  // A line that finds no room is not even tried to be written: without this, none would be any more.
  stream.on('drop', (line: string) => {
    if (isDropping) return
    isDropping = true
    stream.flush()
    stream.write(line)
    isDropping = false
  })
  return stream
}

function redacted(fields: object): Record<string, unknown> {
  return { ...Object(redactFields(fields)) }
}

/** One line a message for people: `12:00:00.123 WARN  gateway  message  field=value`. */
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

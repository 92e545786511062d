import { type Command, InvalidArgumentError } from 'commander'
import { heard } from '#config/faults.ts'
import { glob, name as keyName } from '#config/scalars.ts'
import { emptyPayer, overridableFields, type Payer, payerFields, payerProperty } from '#core/attribution/payer.ts'
import { readTags } from '#core/attribution/tags.ts'
import { readValue } from '#core/attribution/text.ts'
import type { NewKey } from '#core/keys/key.ts'
import { collect } from './values.ts'

interface AttributionOptions {
  readonly department?: string
  readonly project?: string
  readonly costCenter?: string
  readonly userId?: string
  readonly sessionId?: string
  readonly featureFlag?: string
  readonly requestPath?: string
  readonly tag?: readonly string[]
}

/** Adds one option for each field of attribution, and `--tag`. */
export function attributionOptions(command: Command): void {
  for (const field of payerFields) {
    const words = field.replaceAll('_', ' ')
    command.option(`--${field.replaceAll('_', '-')} <text>`, `${words} that its calls are attributed to`, (text) => {
      const value = readValue(text, words)
      if (typeof value !== 'string') throw new InvalidArgumentError(value.message)
      return value
    })
  }
  command.option('--tag <name=value>', 'a tag of its calls; may be given several times', collect)
}

export interface KeyOptions extends AttributionOptions {
  readonly name: string
  readonly mayOverride?: readonly string[]
  readonly models?: readonly string[]
  readonly bill?: boolean
  readonly expires?: number
}

/** @throws Error that says which option is wrong, and what is expected. */
export function newKeyOf(options: KeyOptions): NewKey {
  return {
    name: scalar(keyName(), options.name, '--name'),
    attribution: attributionOf(options),
    mayOverride: options.mayOverride === undefined ? null : overridable(options.mayOverride),
    models: options.models === undefined ? null : options.models.map((model) => scalar(glob(), model, '--models')),
    mayBill: options.bill ?? null,
    expiresAtMs: options.expires ?? null,
  }
}

function attributionOf(options: AttributionOptions): Payer {
  const payer: { -readonly [Property in keyof Payer]: Payer[Property] } = { ...emptyPayer }
  for (const field of payerFields) payer[payerProperty[field]] = options[payerProperty[field]] ?? ''
  const tags = readTags(options.tag ?? [], '--tag')
  if (tags.kind !== 'tags') throw new Error(tags.message)
  payer.tags = tags.tags
  return payer
}

function overridable(names: readonly string[]): NewKey['mayOverride'] {
  if (names.length === 1 && names[0] === 'none') return []
  return names.map((name) => {
    const field = overridableFields.find((one) => one === name.replaceAll('-', '_'))
    if (field === undefined)
      throw new Error(`--may-override: ${name} is not a field; fields: ${overridableFields.join(', ')}`)
    return field
  })
}

/** Read by the rules of the configuration file, so that a key may stand in either place. */
function scalar(rule: ReturnType<typeof keyName>, text: string, option: string): string {
  const read = rule.safeParse(text)
  if (read.success) return read.data
  const { wrong, expected } = heard(read.error.issues[0]?.message ?? '')
  throw new Error(`${option}: "${text}" ${wrong}; expected ${expected}`)
}

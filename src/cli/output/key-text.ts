import { type Payer, payerFields, payerProperty } from '#core/attribution/payer.ts'
import type { StoredKey } from '#core/keys/key.ts'
import type { ConfiguredKey } from '#core/keys/ring.ts'
import { isoText } from '#lib/iso-text.ts'
import { padText, textWidth } from '#lib/text-width.ts'

type KeyStatus = 'active' | 'expired' | 'revoked'

/** A key as people see it, wherever it is kept; instants are ISO 8601. */
export interface ShownKey {
  readonly id: string
  readonly name: string
  readonly source: 'settings' | 'configuration'
  readonly status: KeyStatus
  readonly attribution: Payer
  readonly mayOverride: readonly string[]
  readonly models: readonly string[] | null
  readonly mayBill: boolean
  readonly createdAt: string | null
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  /** Beginnings of the secrets that are still good, newest first; the configuration keeps none. */
  readonly secrets: readonly { readonly prefix: string; readonly expiresAt: string | null }[]
}

export function describedKey(key: StoredKey | ConfiguredKey, nowMs: number): ShownKey {
  const { name, attribution, mayOverride, models, mayBill, expiresAtMs } = key
  const over = expiresAtMs !== null && expiresAtMs <= nowMs
  const common = { name, attribution, mayOverride, models, mayBill, expiresAt: isoText(expiresAtMs) }
  if (!('secrets' in key)) {
    const status: KeyStatus = over ? 'expired' : 'active'
    return {
      ...common,
      id: `cfg_${name}`,
      source: 'configuration',
      status,
      createdAt: null,
      revokedAt: null,
      secrets: [],
    }
  }
  const good = key.secrets.filter((secret) => secret.expiresAtMs === null || secret.expiresAtMs > nowMs)
  return {
    ...common,
    id: key.id,
    source: 'settings',
    status: key.revokedAtMs !== null ? 'revoked' : over ? 'expired' : 'active',
    createdAt: isoText(key.createdAtMs),
    revokedAt: isoText(key.revokedAtMs),
    secrets: good.map((secret) => ({ prefix: secret.prefix, expiresAt: isoText(secret.expiresAtMs) })),
  }
}

export function keyJson(key: ShownKey): Readonly<Record<string, unknown>> {
  const fields = payerFields.map((field) => [field, key.attribution[payerProperty[field]]] as const)
  return {
    id: key.id,
    name: key.name,
    source: key.source,
    status: key.status,
    attribution: { ...Object.fromEntries(fields.filter(([, value]) => value !== '')), tags: key.attribution.tags },
    may_override: key.mayOverride,
    models: key.models,
    may_bill: key.mayBill,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    secrets: key.secrets.map(({ prefix, expiresAt }) => ({ prefix, expires_at: expiresAt })),
  }
}

/** One line for each key, in columns as wide as they need. */
export function keysTable(keys: readonly ShownKey[]): string {
  if (keys.length === 0) return 'There are no keys yet: "tollgate keys create --name …" makes one.\n'
  const head = ['NAME', 'SECRET', 'STATUS', 'DEPARTMENT', 'PROJECT', 'COST CENTER', 'MODELS', 'EXPIRES']
  const rows = keys.map((key) => [
    key.name,
    key.source === 'configuration' ? '(configuration)' : key.secrets.map(({ prefix }) => `${prefix}…`).join(' ') || '-',
    key.status,
    key.attribution.department || '-',
    key.attribution.project || '-',
    key.attribution.costCenter || '-',
    key.models?.join(',') ?? 'all',
    key.expiresAt?.slice(0, 10) ?? 'never',
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => textWidth(row[column] ?? ''))))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => padText(cell, widths[column] ?? 0, 'left'))
      .join('  ')
      .trimEnd()
  return `${[head, ...rows].map(line).join('\n')}\n`
}

/** All about one key, a line for each thing that is set. */
export function keyText(key: ShownKey): string {
  const tags = Object.entries(key.attribution.tags).map(([name, value]) => `${name}=${value}`)
  const lines: (readonly [string, string | null])[] = [
    ['name', key.name],
    ['id', key.id],
    ['kept in', key.source],
    ['status', key.status],
    ...payerFields.map((field) => [field.replaceAll('_', ' '), key.attribution[payerProperty[field]] || null] as const),
    ['tags', tags.join(', ') || null],
    ['callers may set', key.mayOverride.join(', ') || 'nothing'],
    ['models', key.models?.join(', ') ?? 'all'],
    ['may book bills', key.mayBill ? 'yes' : 'no'],
    ['made', key.createdAt],
    ['expires', key.expiresAt ?? 'never'],
    ['revoked', key.revokedAt],
    ...key.secrets.map(
      ({ prefix, expiresAt }) => ['secret', `${prefix}…${expiresAt === null ? '' : ` until ${expiresAt}`}`] as const,
    ),
  ]
  return lines
    .filter((line): line is readonly [string, string] => line[1] !== null)
    .map(([label, text]) => `${label.padEnd(16)} ${text}\n`)
    .join('')
}

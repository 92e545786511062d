/** The scalar fields of attribution, in the order in which reports show them. */
export const payerFields = [
  'department',
  'project',
  'cost_center',
  'user_id',
  'session_id',
  'feature_flag',
  'request_path',
] as const

export type PayerField = (typeof payerFields)[number]

/** What a key may let its callers override: any scalar field, or the tags. */
export type OverridableField = PayerField | 'tags'

export const overridableFields: readonly OverridableField[] = [...payerFields, 'tags']

/** Who pays for a call. An empty string means that nobody said. */
export interface Payer {
  readonly department: string
  readonly project: string
  readonly costCenter: string
  readonly userId: string
  readonly sessionId: string
  readonly featureFlag: string
  readonly requestPath: string
  readonly tags: Readonly<Record<string, string>>
}

/** The property of `Payer` that holds a field. */
export const payerProperty = {
  department: 'department',
  project: 'project',
  cost_center: 'costCenter',
  user_id: 'userId',
  session_id: 'sessionId',
  feature_flag: 'featureFlag',
  request_path: 'requestPath',
} as const satisfies Record<PayerField, keyof Payer>

/** Nobody said anything. */
export const emptyPayer: Payer = Object.freeze({
  department: '',
  project: '',
  costCenter: '',
  userId: '',
  sessionId: '',
  featureFlag: '',
  requestPath: '',
  tags: Object.freeze({}),
})

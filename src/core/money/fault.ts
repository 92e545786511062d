type MoneyFaultCode = 'not_a_decimal' | 'too_fine' | 'division_by_zero' | 'not_a_currency'

/** A text or a sum that is not money. Thrown where configuration or catalogs are read, never while a call is priced. */
export class MoneyFault extends Error {
  readonly code: MoneyFaultCode

  constructor(code: MoneyFaultCode, message: string) {
    super(message)
    this.name = 'MoneyFault'
    this.code = code
  }
}

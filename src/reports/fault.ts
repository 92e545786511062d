/** A parameter of a question cannot be understood. */
export class ParameterFault extends Error {
  readonly code = 'parameter_invalid'
  /** As the asker wrote it. */
  readonly parameter: string
  /** Reads on from "expected". */
  readonly expected: string

  constructor(parameter: string, got: string, expected: string) {
    super(`${parameter}: expected ${expected}, got ${JSON.stringify(got.slice(0, 100))}`)
    this.name = 'ParameterFault'
    this.parameter = parameter
    this.expected = expected
  }
}

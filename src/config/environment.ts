export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process: the only place that reads it. Light, for whoever only hands it on to a child. */
export function processEnvironment(overrides: Readonly<Record<string, string>> = {}): Environment {
  return { ...process.env, ...overrides }
}

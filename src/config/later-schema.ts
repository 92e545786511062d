import { z } from 'zod'
import { says } from './faults.ts'

/*
 * Settings of the contract that this version reads but does not act on yet. Loose on purpose: their detail belongs to
 * the work that will enforce them; load.ts warns of each that is present.
 */

export const later = {
  metrics: z.record(z.string(), z.unknown(), { error: () => says('is not a mapping', 'a mapping') }).optional(),
}

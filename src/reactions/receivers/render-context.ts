import type { Say } from './told.ts'

export interface RenderContext {
  /** What is said of it, in words. */
  readonly say: Say
  /** Which Tollgate speaks, such as the name of its host. */
  readonly source: string
  /** Where people find this Tollgate, without a slash at the end; null = not known. */
  readonly externalUrl: string | null
  /** When this attempt is made. */
  readonly nowMs: number
}

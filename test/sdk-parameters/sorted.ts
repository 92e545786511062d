import type { RequestReach } from '#providers/requests/reach.ts'

/** What a member of a request does to the most that the call can cost. */
export type Effect =
  /** Nothing: it is text for the model to read, or a setting within the limits of the answer. */
  | 'text'
  /** It is what the call is about, or limits it: the model, the output, streams, jobs. */
  | 'fact'
  /** It is sent in a header, or not at all. */
  | 'elsewhere'
  /** With this value nobody bounds the call. */
  | { readonly open: unknown }
  /** With this value the bound is another one. */
  | { readonly moves: keyof RequestReach; readonly by: unknown }

/** What a tool does. */
export type ToolEffect =
  /** The caller runs it. */
  | 'caller'
  /** The provider runs it as often as it sees fit. */
  | 'provider'
  /** The provider runs it as often as `max_uses` says. */
  | 'max_uses'
  /** Another model works for it, at a price of its own. */
  | 'model'

/** What a part of the conversation is. */
export type PartEffect = 'text' | 'picture' | 'unbounded' | 'open'

/** An interface of an SDK whose members a body may have. */
export interface Surface {
  readonly file: string
  readonly name: string
  readonly path: string
  readonly base: Readonly<Record<string, unknown>>
  /** Gemini's SDK has one list of settings, of which most are sent in an object of their own. */
  readonly inside?: string
  /** All calls of this kind are without a bound, whatever stands in them. */
  readonly unbounded?: true
  readonly members: Readonly<Record<string, Effect>>
}

/** A union of an SDK, of what may stand in a list. */
export interface Union<E> {
  readonly file: string
  readonly name: string
  readonly path: string
  /** A body with one. */
  readonly body: (one: unknown) => Readonly<Record<string, unknown>>
  readonly members: Readonly<Record<string, readonly [E, unknown]>>
}

export function all<E>(names: string, effect: E): Record<string, E> {
  return Object.fromEntries(names.split(' ').map((name) => [name, effect]))
}

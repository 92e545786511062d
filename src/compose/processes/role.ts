import type { Config } from '#config/config.ts'
import type { Log } from '#lib/log.ts'

/** A process of Tollgate while it runs. */
export interface RunningRole {
  /**
   * Takes over a new configuration, without dropping what is under way; rejects where it cannot, and then the old one
   * stays in force. Absent: the role does not depend on it.
   */
  apply?(config: Config): Promise<void> | void
  /** Ends in order. The process exits when it resolves. */
  stop(): Promise<void>
  /**
   * Accounts for what is under way, and ends it: a fault has come up that nobody took, and the process exits when this
   * resolves, or takes too long. Absent: there is nothing to account for.
   */
  abandon?(): Promise<void>
}

export interface RoleHooks {
  /** To be called once the role can do its work; `address` is what the banner shows, for example `http://127.0.0.1:4000`. */
  readonly onReady: (address?: string) => void
  readonly log: Log
}

/** What puts a role together. Rejects where the role cannot start at all. */
export type StartRole = (config: Config, hooks: RoleHooks) => Promise<RunningRole>

export const roleNames = ['gateway', 'console', 'simulator'] as const
export type RoleName = (typeof roleNames)[number]

/** What a role tells its supervisor. */
export type RoleMessage =
  | { readonly ready: true; readonly address?: string }
  /** It cannot start and a restart would not help: one line for people. */
  | { readonly fatal: string }

/**
 * What the supervisor tells a role: that it may begin its work, and with what; that the configuration has changed; that
 * it shall end. The configuration was read and checked once, by the supervisor: a role needs no parser for it.
 */
export type SupervisorMessage = { readonly begin: Config } | { readonly apply: Config } | { readonly stop: true }

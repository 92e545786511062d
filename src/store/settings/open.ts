import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { AlertStore, Clock, Settings } from '#ports.ts'
import { adminTokenDigests, replaceAdminTokens } from './admin-tokens.ts'
import { alertStoreOver } from './alerts/open.ts'
import { createToken, listTokens, revokeToken, tokenDigests } from './api-tokens.ts'
import { createKey } from './create-key.ts'
import { SettingsFault } from './fault.ts'
import { makeFirstSecrets } from './first-secrets.ts'
import { ensureInstance } from './instance.ts'
import { listKeys } from './list-keys.ts'
import { migrate } from './migrate.ts'
import { revokeKey } from './revoke-key.ts'
import { rotateKey } from './rotate-key.ts'
import type { SettingsDatabase } from './schema.ts'
import { neverWait, openSqlite, reason } from './sqlite.ts'

/** Name of the settings' file in the data directory. */
export const settingsFile = 'settings.db'

interface SettingsPlace {
  /** Path of the file; its directory exists. */
  readonly path: string
  readonly clock: Clock
}

/**
 * Opens the settings, making or migrating the file where needed. Several processes may have it open: the gateway
 * reads, the command line and the console write.
 *
 * @throws SettingsFault
 */
export async function openSettings(place: SettingsPlace): Promise<Settings> {
  return (await openSettingsAndAlerts(place)).settings
}

/** With what is kept of alerts there, until the settings are closed. @throws SettingsFault */
export async function openSettingsAndAlerts({
  path,
  clock,
}: SettingsPlace): Promise<{ readonly settings: Settings; readonly alerts: AlertStore }> {
  const { database, connection } = openSqlite(path)
  try {
    await migrate(database, clock.wallMs())
  } catch (cause) {
    connection.close()
    if (cause instanceof SettingsFault) throw cause
    throw new SettingsFault('settings_unreadable', `the settings in ${path} cannot be used: ${reason(cause)}`, {
      cause,
    })
  }
  const opened = inodeOf(path)
  const replaced = () => inodeOf(path) !== opened
  return { settings: { ...settingsOver(database, connection, clock), replaced }, alerts: alertStoreOver(database) }
}

/** Undefined where there is no such file. */
function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function settingsOver(database: SettingsDatabase, connection: DatabaseSync, clock: Clock): Omit<Settings, 'replaced'> {
  const dataVersion = connection.prepare('PRAGMA data_version')
  let ownChanges = 0
  async function change<Answer>(
    run: (transaction: SettingsDatabase, nowMs: number) => Promise<Answer>,
  ): Promise<Answer> {
    const answer = await database.transaction().execute((transaction) => run(transaction, clock.wallMs()))
    ownChanges++
    return answer
  }
  return {
    keys: () => listKeys(database),
    createKey: (key) => change((transaction, nowMs) => createKey(transaction, key, nowMs)),
    revokeKey: (name) => change((transaction, nowMs) => revokeKey(transaction, name, nowMs)),
    rotateKey: (name, graceMs) => change((transaction, nowMs) => rotateKey(transaction, { name, graceMs }, nowMs)),
    adminTokenDigests: () => adminTokenDigests(database),
    rotateAdminToken: () => change(replaceAdminTokens),
    tokens: () => listTokens(database),
    tokenDigests: (role) => tokenDigests(database, role),
    createToken: (token) => change((transaction, nowMs) => createToken(transaction, token, nowMs)),
    revokeToken: (name) => change((transaction, nowMs) => revokeToken(transaction, name, nowMs)),
    makeFirstSecrets: (wanted) => change((transaction, nowMs) => makeFirstSecrets(transaction, wanted, nowMs)),
    instance: () => change(ensureInstance),
    // SQLite's counter sees what other connections committed, never what this one did; both only grow.
    version: () => Number(dataVersion.get()?.['data_version']) + ownChanges,
    neverWait: () => neverWait(connection),
    close: () => closeAll(database, connection),
  }
}

async function closeAll(database: SettingsDatabase, connection: DatabaseSync): Promise<void> {
  await database.destroy()
  if (connection.isOpen) connection.close()
}

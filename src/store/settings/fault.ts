/**
 * settings_unreadable: the file is damaged, not a database, or may not be read or written; the cause says which.
 * settings_newer: a newer version of Tollgate has changed the schema.
 * settings_altered: an applied migration differs from the one of that number in this version.
 */
type SettingsFaultCode = 'settings_unreadable' | 'settings_newer' | 'settings_altered'

export class SettingsFault extends Error {
  readonly code: SettingsFaultCode

  constructor(code: SettingsFaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SettingsFault'
    this.code = code
  }
}

import { readdirSync, readFileSync } from 'node:fs'
import { sha256Hex } from '#lib/secret.ts'

/** One step of a schema, from a file `0001-name.sql`. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, lower-case hex. */
  readonly digest: string
}

/** Those of a folder in the order in which they are applied. A merged file is never changed: a test pins the digests. */
export function readMigrations(folder: URL): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const sql = readFileSync(new URL(file, folder), 'utf8')
      return { number: Number.parseInt(file, 10), name: file.replace(/\.sql$/, ''), sql, digest: sha256Hex(sql) }
    })
}

/** Each ends with a semicolon at the end of a line; comments are lines of their own. */
export function statementsOf({ sql }: Pick<Migration, 'sql'>): string[] {
  return sql
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

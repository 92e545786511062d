import { says } from './faults.ts'

interface Interpolated {
  readonly text: string
  /** What `says` made, one for each reference that could not be read. */
  readonly faults: readonly string[]
}

const reference = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const wellFormed = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/**
 * Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for a literal `${`. A default is taken where the variable
 * is not set or empty, as in a shell. What a variable contains is not looked into again. Pure.
 */
export function interpolate(source: string, env: Readonly<Record<string, string | undefined>>): Interpolated {
  if (!source.includes('${')) return { text: source, faults: [] }
  const faults: string[] = []
  const text = source.replaceAll(reference, (whole: string, inner: string | undefined) => {
    if (whole === '$${') return '${'
    const parts = inner === undefined ? null : wellFormed.exec(inner)
    const name = parts?.[1]
    if (name === undefined) {
      faults.push(
        says('has a ${…} that is not a variable reference', '${NAME}, ${NAME:-default}, or $${ for a plain ${'),
      )
      return ''
    }
    const value = env[name]
    const fallback = parts?.[2]
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
    if (value === undefined) {
      faults.push(says(`the environment variable ${name} is not set`, `it to be set, or a default: \${${name}:-…}`))
      return ''
    }
    return value
  })
  return { text, faults }
}

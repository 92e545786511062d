import type { MatchLogic } from '@pydantic/genai-prices'

/**
 * Whether a name satisfies a matching rule of the price package. Its own function is not exported; the rules are the
 * same: everything but a regular expression is compared without regard to case, and names are given in lower case.
 */
export function nameMatches(rule: MatchLogic, name: string): boolean {
  if ('or' in rule) return rule.or.some((inner) => nameMatches(inner, name))
  if ('and' in rule) return rule.and.every((inner) => nameMatches(inner, name))
  if ('equals' in rule) return name === rule.equals.toLowerCase()
  if ('starts_with' in rule) return name.startsWith(rule.starts_with.toLowerCase())
  if ('ends_with' in rule) return name.endsWith(rule.ends_with.toLowerCase())
  if ('contains' in rule) return name.includes(rule.contains.toLowerCase())
  return compiled(rule.regex).test(name)
}

const expressions = new Map<string, RegExp>()

function compiled(source: string): RegExp {
  const known = expressions.get(source)
  if (known !== undefined) return known
  const made = new RegExp(source)
  expressions.set(source, made)
  return made
}

const packedDate = /-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g

/** `-20250414` written as `-2025-04-14`, the other spelling of dated snapshots; the name itself where it has no such date. */
export function withDashedDate(name: string): string {
  return name.replace(packedDate, '-$1-$2-$3')
}

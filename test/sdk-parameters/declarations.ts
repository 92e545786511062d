import { readFileSync } from 'node:fs'

const comments = /\/\*[\s\S]*?\*\/|\/\/.*$/gm
const modules = new URL('../../node_modules/', import.meta.url)

/** A file of types that an SDK ships, as its compiler wrote it. */
export function declarations(path: string): string {
  return readFileSync(new URL(path, modules), 'utf8').replace(comments, '')
}

/** The names of an interface's own members. */
export function membersOf(text: string, name: string): string[] {
  const head = new RegExp(`\\binterface ${name}(?:<[^{]*>)? \\{`).exec(text)
  if (head === null) throw new Error(`there is no interface ${name} of its own members`)
  const names: string[] = []
  let depth = 1
  let member = ''
  for (let at = head.index + head[0].length; depth > 0; at += 1) {
    const char = text[at]
    if (char === undefined) throw new Error(`the interface ${name} does not end`)
    if ('{([<'.includes(char)) depth += 1
    else if ('})]'.includes(char) || (char === '>' && text[at - 1] !== '=')) depth -= 1
    if (depth === 1 && char === ';') {
      // What takes any name names none.
      const named = /^\s*(?:readonly )?'?([\w$-]+)'?\??:/.exec(member)?.[1]
      if (named !== undefined) names.push(named)
      member = ''
    } else member += char
  }
  return names
}

/** What a union is of. */
export function unionOf(text: string, name: string): string[] {
  const found = new RegExp(`\\btype ${name} = ([^;]*);`).exec(text)?.[1]
  if (found === undefined) throw new Error(`there is no union ${name}`)
  return found.split('|').map((part) => part.trim())
}

import { readFileSync } from 'node:fs'
import { root } from './repository.ts'

export interface Instruction {
  /** Upper case: `COPY`. */
  readonly name: string
  /** Without flags; the words of a JSON array where it is one. */
  readonly words: readonly string[]
  /** `--from=packages` is `from` → `packages`. */
  readonly flags: Readonly<Record<string, string>>
  readonly text: string
}

export interface Stage {
  readonly base: string
  readonly name: string | null
  readonly instructions: readonly Instruction[]
}

/** The Dockerfile as far as ours goes: no heredocs, no ARG, no quotes but those of JSON arrays and of `key="value"`. */
export function readStages(text = readFileSync(`${root}Dockerfile`, 'utf8')): readonly Stage[] {
  const stages: { base: string; name: string | null; instructions: Instruction[] }[] = []
  for (const line of wholeLines(text)) {
    const instruction = readInstruction(line)
    if (instruction.name === 'FROM') {
      const [base = '', , name] = instruction.words
      stages.push({ base, name: name ?? null, instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

/** What the named stage is made of, those that it is built on first. */
export function flatten(stages: readonly Stage[], stage: Stage): readonly Instruction[] {
  const below = stages.find(({ name }) => name === stage.base)
  return [...(below === undefined ? [] : flatten(stages, below)), ...stage.instructions]
}

/** The last instruction of this kind. */
export function last(instructions: readonly Instruction[], name: string): Instruction | undefined {
  return instructions.findLast((instruction) => instruction.name === name)
}

/** `KEY=value` of all instructions of this kind. */
export function pairs(instructions: readonly Instruction[], name: string): Record<string, string> {
  const found = instructions
    .filter((instruction) => instruction.name === name)
    .flatMap(({ text }) => [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)])
  return Object.fromEntries(found.map(([, key = '', quoted, plain]) => [key, quoted ?? plain ?? '']))
}

function wholeLines(text: string): string[] {
  const code = text.split('\n').filter((line) => !line.trimStart().startsWith('#'))
  return code
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function readInstruction(line: string): Instruction {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
  const flags: Record<string, string> = {}
  const text = rest.replaceAll(/^(?:--([\w-]+)=(\S+)\s+)+/g, (all) => {
    for (const [, flag = '', value = ''] of all.matchAll(/--([\w-]+)=(\S+)/g)) flags[flag] = value
    return ''
  })
  const list = text.indexOf('[')
  const words: string[] = text.trimEnd().endsWith(']') && list >= 0 ? JSON.parse(text.slice(list)) : text.split(/\s+/)
  return { name: name.toUpperCase(), words, flags, text }
}

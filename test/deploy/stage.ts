import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { flatten, last, pairs, readStages } from './dockerfile.ts'
import { filesSent, isIgnored, root } from './repository.ts'

/** The image as a folder, and how it is run. */
export interface Image {
  /** Its /app, /usr/local and so on; nothing of the base image. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly uid: number
  readonly gid: number
  readonly workdir: string
  /** Entrypoint and command. */
  readonly command: readonly string[]
  readonly healthCheck: readonly string[]
  /** Folders that must be writable. */
  readonly volumes: readonly string[]
  remove(): void
}

const packages = realpathSync(`${root}node_modules`)

/**
 * Does what the Dockerfile's COPY instructions do, into a folder beside the installed packages, since those are linked
 * and not copied: half a gigabyte.
 */
export function stageImage(): Image {
  const folder = join(packages, `.cache/image-${process.pid}`)
  rmSync(folder, { recursive: true, force: true })
  const stages = readStages()
  const image = stages.at(-1)
  if (image === undefined) throw new Error('the Dockerfile has no stage')
  const built = flatten(stages, image)
  for (const { name, words, flags } of built) {
    if (name !== 'COPY') continue
    const target = words.at(-1) ?? ''
    for (const source of words.slice(0, -1)) {
      if (flags['from'] === undefined) copySent(source, join(folder, target), target.endsWith('/'))
      else copyBuilt(flags['from'], source, join(folder, target))
      if (flags['chmod'] !== undefined) execFileSync('chmod', [flags['chmod'], join(folder, target)])
    }
  }
  const [uid = 0, gid = 0] = (last(built, 'USER')?.text ?? '').split(':').map(Number)
  return {
    ...{ folder, uid, gid, env: pairs(built, 'ENV') },
    workdir: last(built, 'WORKDIR')?.text ?? '/',
    command: [...(last(built, 'ENTRYPOINT')?.words ?? []), ...(last(built, 'CMD')?.words ?? [])],
    healthCheck: last(built, 'HEALTHCHECK')?.words ?? [],
    volumes: last(built, 'VOLUME')?.words ?? [],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A file, or the contents of a folder, of the repository. */
function copySent(source: string, target: string, isFolder: boolean): void {
  const files = existsSync(`${root}${source}/`) ? filesSent(source) : [source].filter((file) => !isIgnored(file))
  for (const file of files) {
    const below = file === source ? (isFolder ? (file.split('/').at(-1) ?? '') : '') : file.slice(source.length + 1)
    const to = join(target, below)
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(root + file, to)
  }
}

/** What the stages make by running commands, made here in another way. */
function copyBuilt(stage: string, source: string, target: string): void {
  const made = `${stage}:${source}`
  mkdirSync(dirname(target), { recursive: true })
  if (made === 'packages:/usr/local/bin/pinned-node') copyFileSync(join(packages, 'node/bin/node'), target)
  else if (made === 'packages:/app/node_modules') linkProductionPackages(target)
  else if (made === 'tried:/app/node_modules/.cache') mkdirSync(join(target, 'tollgate'), { recursive: true })
  else throw new Error(`the Dockerfile copies ${source} of stage ${stage}, which is not known how to make here`)
}

/** What `npm ci --omit=dev` installs, by the same marks of the lock file, less what the Dockerfile removes of it. */
function linkProductionPackages(target: string): void {
  const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
    readFileSync(`${root}package-lock.json`, 'utf8'),
  )
  const names = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  for (const [path] of names) {
    const below = path.slice('node_modules/'.length)
    const from = join(packages, below)
    if (below === 'node' || below.startsWith('node/') || below.includes('/node_modules/') || !existsSync(from)) continue
    mkdirSync(dirname(join(target, below)), { recursive: true })
    linkFolder(from, join(target, below))
  }
}

function linkFolder(from: string, to: string): void {
  try {
    execFileSync('cp', ['-al', from, to], { stdio: 'pipe' })
  } catch {
    // A file system without hard links, or somebody else's files: then they are copied.
    cpSync(from, to, { recursive: true })
  }
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from './stage.ts'

export interface Mounts {
  /** A folder of this machine for the root to be put together in. */
  readonly at: string
  /** Path inside → folder of this machine. Nothing but these and /tmp can be written. */
  readonly writable: Readonly<Record<string, string>>
}

/**
 * Runs a command of an image as a container engine does: a root of its own, read-only, in which there is only what the
 * image has (with this machine's /usr as the base image), as the image's user, without capabilities, as process 1, with
 * the image's environment and no other. `unshare` of util-linux does it; the network is this machine's.
 */
export class Sandbox {
  readonly #image: Image
  readonly #mounts: Mounts

  constructor(image: Image, mounts: Mounts) {
    this.#image = image
    this.#mounts = mounts
    mkdirSync(mounts.at, { recursive: true })
  }

  /** Why nothing can be run in it here, or null. */
  fault(): string | null {
    const { status, stderr, error } = this.run(['/bin/true'])
    return status === 0 ? null : (error?.message ?? String(stderr)).trim()
  }

  run(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [file, ...args] = this.#command(command, env)
    return spawnSync(file, args, { encoding: 'utf8', timeout: 90_000 })
  }

  start(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [file, ...args] = this.#command(command, env)
    return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  }

  #command(command: readonly string[], more: Readonly<Record<string, string>>): [string, ...string[]] {
    const { env, uid, gid, workdir } = this.#image
    const variables = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/', ...env, ...more }
    const inside = [
      ...['env', '-i', '-C', workdir, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
      ...['setpriv', '--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', ...command],
    ]
    // Who is not root may do all this in a user namespace, where the image's user is the one that there is.
    const isRoot = process.getuid?.() === 0
    const user = isRoot ? [] : ['--user', `--map-user=${uid}`, `--map-group=${gid}`, '--keep-caps']
    const change = isRoot ? `chroot --userspec=${uid}:${gid} --groups=` : 'chroot'
    const flags = ['--mount', '--pid', '--fork', '--kill-child', ...user]
    return ['unshare', ...flags, 'sh', '-euc', this.#script(change), 'sh', ...inside]
  }

  #script(change: string): string {
    const { folder, volumes, workdir } = this.#image
    const { at, writable } = this.#mounts
    const bind = (from: string, to: string, readOnly: boolean) =>
      `mkdir -p ${at}${to}; mount --bind ${from} ${at}${to}${readOnly ? `; mount -o remount,bind,ro ${at}${to}` : ''}`
    return [
      `mount -t tmpfs -o mode=755 none ${at}`,
      bind('/usr', '/usr', true),
      `for name in bin lib lib64; do ln -s usr/$name ${at}/$name; done`,
      `mkdir -p ${at}/etc; cp /etc/ld.so.cache ${at}/etc/`,
      bind(join(folder, 'usr/local'), '/usr/local', true),
      bind(join(folder, 'app'), '/app', true),
      `mkdir -p ${at}/proc ${at}/dev ${at}/tmp ${at}${workdir} ${volumes.map((path) => at + path).join(' ')}`,
      `mount -t proc proc ${at}/proc`,
      `for name in null zero urandom; do touch ${at}/dev/$name; mount --bind /dev/$name ${at}/dev/$name; done`,
      `mount -t tmpfs -o mode=1777,size=64m none ${at}/tmp`,
      ...Object.entries(writable).map(([to, from]) => bind(from, to, false)),
      `mount -o remount,bind,ro ${at}`,
      `exec ${change} ${at} "$@"`,
    ].join('\n')
  }
}

/** Process 1 of the sandbox, as this machine numbers it: a signal to `unshare` itself would not reach it. */
export function firstProcess(sandbox: ChildProcess): number {
  const children = readFileSync(`/proc/${sandbox.pid}/task/${sandbox.pid}/children`, 'utf8')
  return Number(children.trim().split(' ')[0])
}

// What the tests run that is not of npm: programs of Debian's packages, installed where they are missing and this is root.
//
//   node scripts/debian.mjs    all of them; exit code 0 in any case, since the tests say themselves what they miss

import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** By package. Each program says its version when asked in this way. */
const programs = {
  curl: [['curl', '--version']],
  procps: [['ps', '--version']],
  openssl: [['openssl', 'version']],
  'nginx-light': [['nginx', '-v']],
  e2fsprogs: [['mkfs.ext4', '-V']],
  prometheus: [
    ['prometheus', '--version'],
    ['promtool', '--version'],
  ],
  'prometheus-alertmanager': [
    ['prometheus-alertmanager', '--version'],
    ['amtool', '--version'],
  ],
}

const isThere = ([name, option]) => spawnSync(name, [option], { stdio: 'ignore' }).error === undefined

/** @returns why some of these packages are missing afterwards; null where none is */
export function installDebian(packages = Object.keys(programs)) {
  const missing = () => packages.filter((name) => !programs[name].every(isThere))
  if (missing().length === 0) return null
  process.stderr.write(`Installing ${missing().join(', ')} …\n`)
  if (process.getuid?.() !== 0) return `only root may install them. Run: sudo apt-get install ${missing().join(' ')}`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env }).status === 0
  // Without recommended packages: node exporters and such are not what is tested. Nor need the services be started.
  if (apt('update', '-q')) apt('install', '-y', '-q', '--no-install-recommends', ...missing())
  return missing().length === 0 ? null : `apt-get could not install ${missing().join(' ')}`
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const why = installDebian()
  if (why !== null) process.stderr.write(`${why}\n`)
}

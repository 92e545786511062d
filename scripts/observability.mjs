// `npm run test:observability`: what only the real Prometheus and Alertmanager can prove. Installs the Debian packages
// where they are missing and this is root; ends with the line "N passed, N failed" as `npm test` does.

import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const programs = ['prometheus', 'promtool', 'prometheus-alertmanager', 'amtool']
const packages = ['prometheus', 'prometheus-alertmanager']

const missing = () => programs.filter((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).error !== undefined)

function install() {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env }).status === 0
  // Without recommended packages: node exporters and such are not what is tested. Nor need the services be started.
  return apt('update', '-q') && apt('install', '-y', '-q', '--no-install-recommends', ...packages)
}

if (missing().length > 0) {
  process.stderr.write(`Missing: ${missing().join(', ')}. Installing ${packages.join(' and ')} …\n`)
  const mayInstall = process.getuid?.() === 0
  if (!mayInstall || !install() || missing().length > 0) {
    const why = mayInstall ? 'apt-get could not install them' : 'only root may install them'
    process.stderr.write(`${why}. Run: sudo apt-get install ${packages.join(' ')}\n`)
    process.stdout.write('0 passed, 1 failed\n')
    process.exit(1)
  }
}

const reporter = new URL('./test-reporter.mjs', import.meta.url).href
const files = ['promtool', 'prometheus', 'alertmanager'].map((name) => `test/observability/with-${name}.ts`)
// One after the other: they measure rates, and a machine may be small.
const args = ['--test', '--test-concurrency=1', '--test-timeout=600000', `--test-reporter=${reporter}`, ...files]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)

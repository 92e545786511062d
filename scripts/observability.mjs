// `npm run test:observability`: what only the real Prometheus and Alertmanager can prove. Installs the Debian packages
// where they are missing and this is root; ends with the line "N passed, N failed" as `npm test` does.

import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installDebian } from './debian.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const why = installDebian(['prometheus', 'prometheus-alertmanager'])
if (why !== null) {
  process.stderr.write(`${why}\n`)
  process.stdout.write('0 passed, 1 failed\n')
  process.exit(1)
}

const reporter = new URL('./test-reporter.mjs', import.meta.url).href
const files = ['promtool', 'prometheus', 'alertmanager'].map((name) => `test/observability/with-${name}.ts`)
// One after the other: they measure rates, and a machine may be small.
const args = ['--test', '--test-concurrency=1', '--test-timeout=600000', `--test-reporter=${reporter}`, ...files]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)

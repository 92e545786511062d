import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('./power-failure-child.ts', import.meta.url))
const fillCalls = 120
const killed = 137
const whyNot = 'no ext4 can be mounted here, so that none can be cut off'

/** A mount namespace of its own: whatever happens, mount and loop device end with its last process. */
const onDisk = 'mount -o loop "$1" "$2"; place="$2"; shift 2; "$@" || code=$?; umount "$place"; exit ${code:-0}'

/** A data directory whose store is on a disk that can lose its power; null where this user may not mount one. */
function fragileDataDir(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-power-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const image = join(dataDir, 'disk.img')
  const place = join(dataDir, 'clickhouse')
  mkdirSync(place)
  writeFileSync(image, '')
  truncateSync(image, 256 * 1024 * 1024)
  const run = (...command: string[]) =>
    spawnSync('unshare', ['--mount', 'sh', '-uc', onDisk, 'sh', image, place, ...command], {
      encoding: 'utf8',
      timeout: 120_000,
    })
  try {
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'ignore' })
    execFileSync('perl', ['-e', '1'])
  } catch {
    return null
  }
  if (run('true').status !== 0) return null
  return (...steps: string[]) => run(process.execPath, child, dataDir, ...steps)
}

test('what was inserted before a power failure is in the store after it', (t) => {
  const run = fragileDataDir(t)
  if (run === null) return t.diagnostic(whyNot)
  // Ends in order, hence with all of it on the disk.
  assert.equal(run('fill').status, 0)
  assert.equal(run('fill', 'cut').status, killed)
  assert.deepEqual(counted(run('count')), { records: 2 * fillCalls, hourly: 2 * fillCalls })
})

test('what was merged before a power failure is in the store after it', (t) => {
  const run = fragileDataDir(t)
  if (run === null) return t.diagnostic(whyNot)
  // Making the last inserts durable does the same for the removal of what was merged.
  assert.equal(run('fill', 'merge', 'fill', 'cut').status, killed)
  assert.deepEqual(counted(run('count')), { records: 2 * fillCalls, hourly: 2 * fillCalls })
})

function counted({ stdout, stderr }: { stdout: string; stderr: string }): unknown {
  return JSON.parse(stdout || stderr)
}

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { longestStopMs } from '#compose/processes/supervisor.ts'
import { loadConfig } from '#config/load.ts'
import { root } from './repository.ts'

const file = `${root}deploy/systemd/tollgate.service`
const text = readFileSync(file, 'utf8')

/** Everything that a setting is given, over all its lines. */
function settings(name: string): string[] {
  return [...text.matchAll(/^(\w+)=(.*)$/gm)].filter(([, key]) => key === name).map(([, , value = '']) => value)
}

test('the unit runs what the repository has, as its own user, in folders that systemd makes', () => {
  const [start = ''] = settings('ExecStart')
  for (const path of start.split(' ').filter((word) => word.startsWith('/opt/tollgate/')))
    assert.ok(existsSync(path.replace('/opt/tollgate/', root)), path)
  assert.match(start, / serve$/)
  assert.deepEqual(settings('User'), ['tollgate'])
  assert.ok(
    settings('Environment')
      .join(' ')
      .includes(`TOLLGATE_DATA_DIR=/var/lib/${settings('StateDirectory')[0]}`),
  )
  assert.ok(
    settings('Environment')
      .join(' ')
      .includes(`NODE_COMPILE_CACHE=/var/cache/${settings('CacheDirectory')[0]}`),
  )
})

test('the command runs what the unit runs, as the same user with the same settings and data', () => {
  const command = readFileSync(`${root}deploy/systemd/tollgate`, 'utf8')
  const [program = ''] = settings('ExecStart')
  assert.ok(command.includes(`\n  ${program.replace(/ serve$/, ' "$@"')}\n`))
  for (const name of [
    ...['User', 'Group', 'UMask', 'WorkingDirectory', 'EnvironmentFile'],
    // What one of them compiled the other finds.
    ...['CacheDirectory', 'CacheDirectoryMode'],
  ])
    assert.ok(command.includes(` --property=${name}=${settings(name)[0]} `), name)
  const pairs = settings('Environment').flatMap((line) => line.split(' '))
  assert.ok(pairs.length > 2)
  for (const pair of pairs) assert.ok(command.includes(` --setenv=${pair} `), pair)
})

test('a stop in order has the time that it takes by default, and reaches the supervisor alone', () => {
  const loaded = loadConfig({ env: {}, cwd: '/', readFile: missing })
  assert.ok(loaded.ok)
  assert.ok(Number(settings('TimeoutStopSec')[0]) * 1000 > longestStopMs(loaded.config.drainMs))
  assert.deepEqual(settings('KillMode'), ['mixed'])
  assert.deepEqual(settings('RestartPreventExitStatus'), ['2'], 'faults of the configuration')
})

test('the unit gives up what it does not need', () => {
  for (const name of [
    'NoNewPrivileges',
    'ProtectHome',
    'PrivateTmp',
    'PrivateDevices',
    'RestrictSUIDSGID',
    'ProtectKernelModules',
  ])
    assert.deepEqual(settings(name), ['yes'], name)
  assert.deepEqual(settings('ProtectSystem'), ['strict'])
  assert.deepEqual(settings('CapabilityBoundingSet'), [''])
  assert.deepEqual(settings('MemoryDenyWriteExecute'), [], 'Node.js could not compile')
})

test('systemd finds nothing wrong with the unit, and little that is exposed', (t) => {
  if (spawnSync('systemd-analyze', ['--version']).error !== undefined) {
    t.diagnostic('systemd-analyze is not here, so that the unit is checked by its text alone')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'tg-unit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  // It looks for the program, which is not at /opt here.
  const copy = join(folder, 'tollgate.service')
  writeFileSync(copy, text.replaceAll('/opt/tollgate/', root))
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', copy], { encoding: 'utf8' })
  assert.equal(
    `${verified.stderr}${verified.stdout}`.replaceAll(/^.*(?:Failed to|Cannot) (?:connect|open).*\n/gm, ''),
    '',
  )
  assert.equal(verified.status, 0)
  const judged = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', copy], {
    encoding: 'utf8',
  })
  assert.equal(judged.status, 0, judged.stdout)
  assert.match(judged.stdout, /Overall exposure level for tollgate\.service: [01]\.\d OK/)
})

function missing(): never {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

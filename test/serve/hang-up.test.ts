import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Tollgate, workplace } from './tollgate.ts'

const onLinux = process.platform === 'linux'

test('a hang-up of every process reads the configuration again and ends none', { skip: !onLinux }, async (t) => {
  const place = workplace(t)
  const tollgate = new Tollgate(t, place, ['serve', '--config', place.configPath])
  await tollgate.ready()
  // It comes up behind the gateway, and listens to signals once it has begun.
  await tollgate.says(/console is ready/, 'stderr')
  const { pid } = tollgate.process
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  const before = children()
  assert.ok(before.length > 1)
  for (const child of before) process.kill(child, 'SIGHUP')
  tollgate.process.kill('SIGHUP')
  await tollgate.says(/the new configuration is in force|killed by SIGHUP/, 'stderr')
  assert.deepEqual(children(), before)
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderOf, run } from './debian.ts'
import { root, ruleFiles, ruleTestFiles } from './deployed.ts'
import { writeConfig } from './prometheus.ts'

test('promtool takes prometheus.yml, with its rules and the file of its token', (t) => {
  const rules = ruleFiles.map((path) => join(root, path))
  const config = writeConfig(folderOf(t), { target: 'tollgate:4000', token: 'tgs-token', ruleFiles: rules })
  const { code, said } = run('promtool', ['check', 'config', '--lint=all', '--lint-fatal', config])
  assert.equal(code, 0, said)
  const asDeployed = run('promtool', ['check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml'])
  assert.equal(asDeployed.code, 0, asDeployed.said)
  const local = run('promtool', ['check', 'config', '--lint=all', '--lint-fatal', 'deploy/prometheus/local.yml'])
  assert.equal(local.code, 0, local.said)
})

test('promtool takes the rules', () => {
  const { code, said } = run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...ruleFiles])
  assert.equal(code, 0, said)
})

for (const path of ruleTestFiles) {
  test(`alerts fire when they are to, and only then: ${path}`, { timeout: 300_000 }, () => {
    const { code, said } = run('promtool', ['test', 'rules', path])
    assert.equal(code, 0, said)
  })
}

test("amtool takes Alertmanager's configuration", () => {
  const { code, said } = run('amtool', ['check-config', 'deploy/alertmanager/alertmanager.yml'])
  assert.equal(code, 0, said)
})

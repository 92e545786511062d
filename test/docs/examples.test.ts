import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultLine } from '#config/faults.ts'
import { loadConfig } from '#config/load.ts'
import { type Page, pages } from './pages.ts'

/** Of others: Prometheus, an OpenTelemetry collector. */
const foreign = /^(?:# prometheus\.yml|scrape_configs:|exporters:|receivers: \{otlp)/m

/** The configurations that a page shows; a list without its head is one of receivers. */
function configurations({ text }: Page): string[] {
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
    .map(([, yaml = '']) => yaml)
    .filter((yaml) => !foreign.test(yaml))
    .map((yaml) => (/^ +- /.test(yaml) ? `alerts:\n  receivers:\n${yaml}` : yaml))
}

/** Something to stand for each variable that is named. */
function environment(yaml: string): Record<string, string> {
  const names = [...yaml.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name)
  return Object.fromEntries(
    names.map((name) => [name, name.endsWith('_URL') ? 'https://example.com/hook' : `something-secret-of-${name}`]),
  )
}

test('every configuration that a document shows loads, with nothing to warn of', () => {
  let loadedOnes = 0
  for (const page of pages) {
    for (const yaml of configurations(page)) {
      const loaded = loadConfig({ env: environment(yaml), cwd: '/app', readFile: () => yaml })
      const where = `${page.path}:\n${yaml}`
      assert.ok(loaded.ok, loaded.ok ? '' : `${where}${loaded.faults.map(faultLine).join('\n')}`)
      assert.deepEqual(loaded.warnings, [], where)
      loadedOnes++
    }
  }
  assert.ok(loadedOnes > 10, `only ${loadedOnes} were found`)
})

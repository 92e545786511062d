import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { root } from '#test/tidy/sources.ts'
import { anchorsOf, type Page, pages } from './pages.ts'

/** Where links lead: to files, and to places in them. Those to other sites are not followed. */
function linksOf({ prose }: Page): string[] {
  const inline = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)]
  const defined = [...prose.matchAll(/^\[[^\]]+\]: +<?(\S+?)>?$/gm)]
  return [...inline, ...defined]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
}

test('every relative link of the documents leads somewhere, its anchor too', () => {
  const findings: string[] = []
  let followed = 0
  for (const page of pages) {
    for (const link of linksOf(page)) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? page.path : posix.join(posix.dirname(page.path), decodeURI(file))
      followed++
      if (!existsSync(root + target)) findings.push(`${page.path}: ${link}: there is no ${target}`)
      else if (anchor !== undefined && !pages.some((to) => to.path === target && anchorsOf(to).has(anchor)))
        findings.push(`${page.path}: ${link}: there is no #${anchor}`)
    }
  }
  assert.deepEqual(findings, [])
  assert.ok(followed > 80, `only ${followed} links were found`)
})

test('files and folders of the repository that the documents name are there', () => {
  const findings: string[] = []
  let named = 0
  for (const { path, code } of pages) {
    const names = code.flatMap(
      (text) => text.match(/(?<![\w./-])(?:src|test|docs|deploy|bench|scripts)\/[\w*./-]*/g) ?? [],
    )
    for (const name of new Set(names.map((found) => found.replace(/[./]+$/, '')))) {
      named++
      // What a command makes is not there before.
      if (name === 'deploy/compose/secrets') continue
      if (globSync(name, { cwd: root }).length === 0) findings.push(`${path}: there is no ${name}`)
    }
  }
  assert.deepEqual(findings, [])
  assert.ok(named > 40, `only ${named} names were found`)
})

test('every `npm run` of the documents is a script of the package', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }
  const asked = pages.flatMap(({ path, code }) =>
    code.flatMap((text) => [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => ({ path, name }))),
  )
  assert.deepEqual(
    asked.filter(({ name }) => scripts[name] === undefined),
    [],
  )
  assert.ok(asked.length > 10, `only ${asked.length} were found`)
})

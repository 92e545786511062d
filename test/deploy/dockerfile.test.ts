import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { validate } from 'dockerfile-utils'
import { flatten, last, pairs, readStages } from './dockerfile.ts'
import { filesSent, isIgnored, root } from './repository.ts'

const stages = readStages()
const image = stages.at(-1)
assert.ok(image !== undefined)
const built = flatten(stages, image)
const project = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

test('a Dockerfile linter finds nothing', () => {
  const found = validate(readFileSync(`${root}Dockerfile`, 'utf8'))
  assert.deepEqual(
    found.map(({ message, range }) => `line ${range.start.line + 1}: ${message}`),
    [],
  )
})

test('every base image is pinned to a full version of slim Debian, every other one is a stage above', () => {
  stages.forEach(({ base }, index) => {
    const earlier = stages.slice(0, index).some(({ name }) => name === base)
    assert.ok(earlier || /^(debian:\d+\.\d+-slim|node:\d+\.\d+\.\d+-bookworm-slim)$/.test(base), base)
  })
  const label = pairs(image.instructions, 'LABEL')['org.opencontainers.image.base.name']
  assert.equal(label, `docker.io/library/${stages.find(({ name }) => name === image.base)?.base}`)
})

test('what npm and a build need stays out of the image', () => {
  const tools = /\bnpm\b|\bnpx\b|build-essential|\bgcc\b|python|\bcurl\b|\bwget\b/
  for (const { name, text } of built) if (name === 'RUN') assert.doesNotMatch(text, tools)
  const base = stages.find(({ name }) => name === image.base)?.base ?? ''
  assert.match(base, /^debian:/, 'the image is not built on the stage that has npm')
})

test('nothing is added from the network, and nothing comes from a stage that is not there', () => {
  const names = stages.flatMap(({ name }) => (name === null ? [] : [name]))
  for (const { name, flags, text } of stages.flatMap(({ instructions }) => instructions)) {
    assert.notEqual(name, 'ADD', text)
    if (name === 'COPY' && flags['from'] !== undefined) assert.ok(names.includes(flags['from']), text)
  }
})

test('everything that is copied is in the repository and reaches the builder', () => {
  const copies = stages.flatMap(({ instructions }) => instructions).filter(({ name }) => name === 'COPY')
  const sources = copies.filter(({ flags }) => flags['from'] === undefined).flatMap(({ words }) => words.slice(0, -1))
  assert.ok(sources.includes('src'))
  for (const source of sources) {
    assert.ok(existsSync(root + source), `${source} is not there`)
    if (statSync(root + source).isFile()) assert.equal(isIgnored(source), false, `${source} is ignored`)
    else assert.ok(filesSent(source).length > 0, `nothing of ${source} reaches the builder`)
  }
})

test('the builder gets nothing else: no data, no secrets, no packages of this machine, no tests', () => {
  for (const path of ['.env', 'tollgate.yaml', 'data/settings.db', 'node_modules/zod/package.json', '.git/config'])
    assert.equal(isIgnored(path), true, path)
  assert.ok(filesSent('src').includes('src/main.ts'))
  assert.ok(filesSent('src').includes('src/store/usage/migrations/0001-usage.sql'))
  assert.deepEqual(
    filesSent('src').filter((path) => path.endsWith('.test.ts')),
    [],
  )
})

test('it runs as a user by number that is not root, and is stopped and checked in the ways it knows', () => {
  assert.match(last(built, 'USER')?.text ?? '', /^[1-9]\d*:[1-9]\d*$/)
  assert.equal(last(built, 'STOPSIGNAL')?.text, 'SIGTERM')
  assert.match(last(built, 'HEALTHCHECK')?.text ?? '', /CMD \["\/usr\/local\/bin\/node", "\/app\/health\.mjs"\]$/)
  assert.deepEqual(last(built, 'ENTRYPOINT')?.words, ['/usr/local/bin/tollgate'])
  assert.deepEqual(last(built, 'CMD')?.words, ['serve'])
})

test('its labels say what package.json says', () => {
  const labels = pairs(built, 'LABEL')
  assert.equal(labels['org.opencontainers.image.version'], project.version)
  assert.equal(labels['org.opencontainers.image.licenses'], project.license)
  assert.equal(labels['org.opencontainers.image.description'], project.description)
})

test('data is kept where a volume is, and its port is the one that it listens on', () => {
  const env = pairs(built, 'ENV')
  assert.deepEqual(last(built, 'VOLUME')?.words, [env['TOLLGATE_DATA_DIR']])
  assert.equal(last(built, 'EXPOSE')?.words[0], env['TOLLGATE_LISTEN']?.split(':')[1])
})

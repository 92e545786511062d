// A concise reporter: what failed with its reason, which files took longest, and as the very last line "N passed, N failed".
// A test is a leaf; suites and files around it are not counted. Skipped tests are named, since a test that did not run
// proves nothing.

import { resolve } from 'node:path'

const summary = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

/** @param {AsyncIterable<{type: string, data: any}>} source */
// biome-ignore lint/style/noDefaultExport: node --test-reporter takes a default export only
export default async function* report(source) {
  let passed = 0
  let failed = 0
  const skipped = []
  const failures = []
  /** The last words of each file: what a file that could not even be loaded has to say. */
  const stderr = new Map()
  /** [seconds, name] of each file. */
  const files = []
  for await (const { type, data } of source) {
    if (type === 'test:stdout' && process.env.TEST_OUTPUT === '1') yield data.message
    if (type === 'test:stderr') {
      if (process.env.TEST_OUTPUT === '1') yield data.message
      stderr.set(data.file, ((stderr.get(data.file) ?? '') + data.message).slice(-4000))
    }
    if (type === 'test:diagnostic' && !summary.test(data.message)) yield `note: ${data.message}\n`
    if (type === 'test:complete' && isFile(data))
      files.push([data.details.duration_ms / 1000, place({ file: data.file })])
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details?.type === 'suite' || (isFile(data) && type === 'test:pass')) continue
    if (data.skip !== undefined && data.skip !== false) {
      skipped.push(`${data.name}${typeof data.skip === 'string' && data.skip !== '' ? `: ${data.skip}` : ''}`)
      continue
    }
    if (type === 'test:pass') passed++
    else {
      const error = data.details?.error
      // The failure of a parent only repeats that of its child.
      if (error?.failureType === 'subtestsFailed') continue
      failed++
      failures.push(data)
      yield `FAILED ${place(data)} ${data.name}\n`
    }
  }
  for (const data of failures) {
    const error = data.details?.error
    const cause = error?.cause ?? error
    const text = cause?.stack ?? cause?.message ?? String(cause)
    const lastWords = data.name === data.file ? (stderr.get(data.file) ?? '') : ''
    yield `\n✖ ${data.name}\n  ${place(data)}\n${indent(`${text}\n${lastWords}`.trimEnd())}\n`
  }
  if (files.length > 1) yield slowest(files)
  for (const name of skipped) yield `not run: ${name}\n`
  yield `${passed} passed, ${failed} failed\n`
}

/** Its name is the path as it was given to the runner. */
function isFile({ nesting, name, file }) {
  return nesting === 0 && file !== undefined && resolve(name) === file
}

function slowest(files) {
  const first = files.sort(([one], [other]) => other - one).slice(0, 10)
  return `slowest files: ${first.map(([seconds, name]) => `${name} ${seconds.toFixed(0)} s`).join(', ')}\n`
}

function place(data) {
  const file = data.file === undefined ? '' : data.file.replace(`${process.cwd()}/`, '')
  return data.line === undefined ? file : `${file}:${data.line}`
}

function indent(text) {
  return text
    .split('\n')
    .slice(0, 40)
    .map((line) => `    ${line}`)
    .join('\n')
}

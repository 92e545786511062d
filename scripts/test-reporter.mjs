// A concise reporter: a line per file, what failed with its reason, and as the very last line "N passed, N failed".
// A test is a leaf; suites and files around it are not counted. Skipped tests are named, since a test that did not run
// proves nothing.

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
  for await (const { type, data } of source) {
    if (type === 'test:stdout' && process.env.TEST_OUTPUT === '1') yield data.message
    if (type === 'test:stderr') {
      if (process.env.TEST_OUTPUT === '1') yield data.message
      stderr.set(data.file, ((stderr.get(data.file) ?? '') + data.message).slice(-4000))
    }
    if (type === 'test:diagnostic' && !summary.test(data.message)) yield `note: ${data.message}\n`
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const isFile =
      data.nesting === 0 && data.file !== undefined && (data.name === data.file || data.details?.type === 'file')
    if (data.details?.type === 'suite' || (isFile && type === 'test:pass')) continue
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
  for (const name of skipped) yield `not run: ${name}\n`
  yield `${passed} passed, ${failed} failed\n`
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

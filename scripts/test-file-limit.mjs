// Loaded into every process of a test file. One that has not ended by then ends here, and says what keeps it alive: tests
// have a time limit of their own, but a socket or a child left behind would hold up the whole suite for ever.

const limitMs = Number(process.env.TEST_FILE_LIMIT_MS ?? 600_000)

setTimeout(() => {
  const kept = [...new Set(process.getActiveResourcesInfo())].join(', ')
  process.stderr.write(`did not end within ${limitMs / 1000} s; left open: ${kept}\n`)
  process.exit(1)
}, limitMs).unref()

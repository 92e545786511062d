import { errorText } from '#lib/error-text.ts'
import { openEmbedded } from './client.ts'

// A program: opens the embedded store in the directory that it is given, and closes it again. Ends with 1 where that fails,
// with what was thrown on stdout; the engine's own words are on stderr.
const [directory = ''] = process.argv.slice(2)
try {
  await openEmbedded(directory).close()
} catch (error) {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  process.stdout.write(errorText(cause))
  process.exitCode = 1
}

import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { BillSink } from './bill.ts'
import { parseRecording, type Recording } from './recordings.ts'

/**
 * A bill in a file, one line an entry, only ever appended to. Lines of one turn of the event loop go out in one write;
 * each line's `written` follows that write.
 *
 * @throws where the file cannot be opened. A write that fails later throws out of the event loop: a provider whose
 * bill has holes must not go on.
 */
export function openBillFile(path: string): BillSink {
  const file = openSync(path, 'a')
  let lines = ''
  let waiting: (() => void)[] = []
  const flush = () => {
    const text = lines
    const done = waiting
    lines = ''
    waiting = []
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    for (const written of done) written()
  }
  return {
    append(line, written) {
      if (lines === '') setImmediate(flush)
      lines += line
      waiting.push(written)
    },
    async close() {
      if (lines !== '') flush()
      closeSync(file)
    },
  }
}

/** All recordings below a folder, in the order of their names. @throws where a file is not JSON. */
export function readRecordings(folder: string): Recording[] {
  const found: Recording[] = []
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name)
    if (!name.endsWith('.json') || !statSync(path).isFile()) continue
    const recording = parseRecording(relative(folder, path).split(sep).join('/'), readFileSync(path, 'utf8'))
    if (recording) found.push(recording)
  }
  return found
}

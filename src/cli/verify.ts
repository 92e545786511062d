import { Command } from 'commander'
import { loadConfigOrExit, processSources } from '#config/process.ts'
import { type PrintOptions, placeOverrides, withPlaceOptions } from './options/place-options.ts'
import { jsonText } from './output/json-text.ts'
import { grouped } from './output/table.ts'

/** What a check of the journal found. Offsets are those of the uncompressed content, but where a `.zst` is named. */
export interface VerifiedJournal {
  readonly directory: string
  readonly segments: number
  readonly compressedSegments: number
  readonly blocks: number
  readonly entries: number
  readonly bytes: number
  readonly firstBlock: number | null
  readonly lastBlock: number | null
  readonly lastChain: string | null
  readonly unsettledCalls: number
  readonly fault: { readonly segment: string; readonly offset: number; readonly reason: string } | null
}

/** Checks the journal of a data directory. Tells how many of how many segments are done once it takes long. */
type VerifyDataDirectory = (
  dataDir: string,
  onProgress: (done: number, total: number) => void,
) => Promise<VerifiedJournal>

const more = `
Works offline, and as well while a gateway writes. Exit code 0: every byte is as it was written; 1: it names the first
that is not. Note the last chain hash somewhere else from time to time: a later journal has to pass through it.`

/** `tollgate verify`: checks the whole hash chain of the journal. */
export function verifyCommand(verify: VerifyDataDirectory): Command {
  const command = new Command('verify')
    .description('Check the journal from its first to its last byte.')
    .option('--json', 'print JSON')
    .addHelpText('after', more)
  return withPlaceOptions(command).action(async (options: PrintOptions) => {
    const bar = progressBar()
    const checked = await verify(dataDirectory(options), bar.show)
    bar.clear()
    process.stdout.write(options.json === true ? jsonText(checked) : verifiedText(checked))
    if (checked.fault !== null || checked.segments === 0) process.exitCode = 1
  })
}

/** A directory that is named needs no configuration: it may be a copy, on a machine that has none. */
function dataDirectory(options: PrintOptions): string {
  return options.dataDir ?? loadConfigOrExit(processSources(placeOverrides(options))).config.dataDir
}

/** What people read. */
function verifiedText(checked: VerifiedJournal): string {
  const { fault } = checked
  const rows: [string, string][] = [
    ['journal', checked.directory],
    ['segments', `${grouped(checked.segments)} (${grouped(checked.compressedSegments)} compressed)`],
    [
      'blocks',
      `${grouped(checked.blocks)}${checked.blocks === 0 ? '' : `, ${checked.firstBlock} to ${checked.lastBlock}`}`,
    ],
    ['entries', grouped(checked.entries)],
    ['bytes', grouped(checked.bytes)],
    ['unsettled', `${grouped(checked.unsettledCalls)} calls`],
    ['last chain', checked.lastChain ?? 'none'],
  ]
  const table = rows.map(([name, value]) => `${name.padEnd(11)}${value}\n`).join('')
  if (fault !== null) return `${table}\ndamaged: ${fault.segment}, byte ${fault.offset}: ${fault.reason}\n`
  return `${table}\n${checked.segments === 0 ? 'there is no journal' : 'sound: every byte is as it was written'}\n`
}

const barWidth = 40

function progressBar(): { show: (done: number, total: number) => void; clear: () => void } {
  if (!process.stderr.isTTY) return { show: () => {}, clear: () => {} }
  let shown = false
  return {
    show(done, total) {
      shown = true
      const filled = Math.round((done / Math.max(1, total)) * barWidth)
      process.stderr.write(`\r[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${done}/${total} segments`)
    },
    clear() {
      if (shown) process.stderr.write('\r\x1b[K')
    },
  }
}

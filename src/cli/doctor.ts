import { Command } from 'commander'
import { type PrintOptions, placeOverrides, withPlaceOptions } from './options/place-options.ts'

export interface Finding {
  /** What was looked at, one word. */
  readonly topic: string
  /** fine; note: works, but worth knowing; fault: keeps Tollgate from working. */
  readonly verdict: 'fine' | 'note' | 'fault'
  /** What was found and, unless it is fine, what to do. Never a secret. */
  readonly text: string
}

const more = `
Looks at: the version of Node.js, the embedded ClickHouse, the configuration, the data directory (writable, not in
use), disk space, the port, whether records follow the journal, and whether providers have keys. Calls no provider and
changes nothing but that the data directory is made.

Exit codes: 0 nothing in the way, 1 at least one fault.`

type Diagnose = (overrides: Record<string, string>) => Promise<readonly Finding[]>

export function doctorCommand(diagnose: Diagnose): Command {
  const command = new Command('doctor').description(
    'Look for what would keep Tollgate from running, and say what to do.',
  )
  return withPlaceOptions(command)
    .option('--json', 'findings as JSON')
    .addHelpText('after', more)
    .action(async ({ json, ...place }: PrintOptions) => {
      const findings = await diagnose(placeOverrides(place))
      const ok = findings.every(({ verdict }) => verdict !== 'fault')
      process.stdout.write(json === true ? `${JSON.stringify({ ok, findings })}\n` : findingLines(findings))
      process.exitCode = ok ? 0 : 1
    })
}

function findingLines(findings: readonly Finding[]): string {
  const faults = findings.filter(({ verdict }) => verdict === 'fault').length
  const lines = findings.map(({ topic, verdict, text }) => `${verdict.padEnd(6)} ${topic.padEnd(14)} ${text}`)
  const summary = faults === 0 ? 'nothing is in the way' : `${faults} ${faults === 1 ? 'fault' : 'faults'} to put right`
  return `${lines.join('\n')}\n\n${summary}\n`
}

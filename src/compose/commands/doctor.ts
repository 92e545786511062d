import type { Finding } from '#cli/doctor.ts'
import type { Config } from '#config/config.ts'
import { environmentProviders } from '#config/defaults.ts'
import { faultLine } from '#config/faults.ts'
import { loadConfig } from '#config/load.ts'
import { processSources } from '#config/process.ts'
import { portFault } from '#edge/port.ts'
import { askSocket } from '#edge/socket-client.ts'
import { systemClock } from '#edge/system.ts'
import { errorText } from '#lib/error-text.ts'
import { freeBytes, openToAll, prepareDataDirectory } from '#store/data-directory.ts'
import { dataPath } from '#store/data-paths.ts'
import { lockDirectory } from '#store/directory-lock.ts'
import { Quarantine } from '#store/ingest/quarantine.ts'
import { consoleFault } from '../processes/console-fault.ts'
import { startFaultLine } from '../processes/start-faults.ts'

const oldestNode = 24

/** Looks at everything a start needs, changing nothing but that the data directory is made. Goes on after each fault. */
export async function diagnose(overrides: Record<string, string>): Promise<Finding[]> {
  const findings = [nodeVersion(), await engine()]
  const loaded = loadConfig(processSources(overrides))
  const file = loaded.source.path ?? 'no file, the environment only'
  if (!loaded.ok) {
    const what = loaded.faults.map((fault) => finding('configuration', 'fault', faultLine(fault)))
    return [
      ...findings,
      ...what,
      finding('other', 'note', 'data directory, port and providers are looked at once the configuration is right'),
    ]
  }
  const { config, warnings } = loaded
  findings.push(finding('configuration', 'fine', file))
  for (const warning of warnings) findings.push(finding('configuration', 'note', warning))
  const directory = await dataDirectory(config)
  findings.push(...directory.findings)
  if (!directory.inUse) findings.push(await port(config), ...(await metricsPort(config)))
  if (directory.usable) findings.push(...(await ingestFindings(config.dataDir, directory.inUse)))
  return [...findings, ...providerFindings(config)]
}

function finding(topic: string, verdict: Finding['verdict'], text: string): Finding {
  return { topic, verdict, text }
}

function nodeVersion(): Finding {
  const { version } = process
  const major = Number(version.slice(1).split('.')[0])
  return major >= oldestNode
    ? finding('node', 'fine', version)
    : finding(
        'node',
        'fault',
        `${version} is too old; run npm install, which brings the right one, and start with npx tollgate`,
      )
}

async function engine(): Promise<Finding> {
  try {
    await import('chdb')
    return finding('engine', 'fine', 'the embedded ClickHouse loads')
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    const advice = 'run npm install again, or name a ClickHouse server under store.clickhouse_url'
    return finding('engine', 'fault', `the embedded ClickHouse does not load (${why}); ${advice}`)
  }
}

export async function dataDirectory(
  config: Pick<Config, 'dataDir' | 'journal'>,
): Promise<{ findings: Finding[]; inUse: boolean; usable: boolean }> {
  const { dataDir, journal } = config
  try {
    prepareDataDirectory(dataDir)
  } catch (error) {
    return {
      ...{ inUse: false, usable: false },
      findings: [finding('data', 'fault', errorText(error))],
    }
  }
  const open = openToAll(dataDir)
  const beside = open === null ? [] : [finding('data', 'note', open)]
  const free = freeBytes(dataDir)
  const gigabytes = (free / 1024 ** 3).toFixed(1)
  beside.push(
    free < journal.minFreeBytes
      ? finding(
          'disk',
          'fault',
          `${gigabytes} GiB free, less than journal.min_free_bytes: calls would be refused; free some`,
        )
      : finding('disk', 'fine', `${gigabytes} GiB free`),
  )
  try {
    const lock = await lockDirectory(dataDir, { nowMs: systemClock.wallMs() })
    lock.release()
    const findings = [finding('data', 'fine', `${dataDir} is writable and free`), ...beside]
    return { ...{ inUse: false, usable: true }, findings }
  } catch (error) {
    const why = errorText(error)
    return { ...{ inUse: true, usable: true }, findings: [finding('data', 'note', why), ...beside] }
  }
}

async function port(config: Config): Promise<Finding> {
  const { host, port: number } = config.listen
  const fault = number === 0 ? null : await portFault(config.listen)
  return fault === null
    ? finding('port', 'fine', `${host}:${number} is free`)
    : finding('port', 'fault', startFaultLine(fault, config) ?? `${host}:${number} cannot be opened (${fault})`)
}

async function metricsPort({ metrics: { listen } }: Config): Promise<Finding[]> {
  if (listen === null || listen.port === 0) return []
  const fault = await portFault(listen)
  const place = `metrics.listen: ${listen.host}:${listen.port}`
  return [
    fault === null
      ? finding('port', 'fine', `${place} is free`)
      : finding('port', 'fault', `${place} cannot be opened (${fault}); choose another address`),
  ]
}

/** A console that is busy says soon how far it is; one that hangs never does. */
const patienceMs = 10_000

/** Whether what was served becomes records: as the running console says, or by what it left behind. */
export async function ingestFindings(dataDir: string, inUse: boolean, withinMs = patienceMs): Promise<Finding[]> {
  const quarantine = dataPath(dataDir, 'quarantine')
  const kept = new Quarantine(quarantine).size
  const findings: Finding[] = []
  if (kept > 0) {
    const what = `${kept} ${kept === 1 ? 'entry of the journal is' : 'entries of the journal are'} in no report`
    findings.push(finding('quarantine', 'note', `${what}; ${quarantine} says which and why`))
  }
  const noneRuns = inUse ? consoleFault(dataDir) : null
  // Not asked then: an old one that hangs may still have the socket.
  const socketPath = dataPath(dataDir, 'adminSocket')
  const answer = inUse && noneRuns === null ? await askSocket(socketPath, '/api/v1/ingest', { withinMs }) : null
  if (answer === null) return inUse ? [...findings, noConsole(noneRuns)] : findings
  return [...findings, following(JSON.parse(answer))]
}

function noConsole(fault: string | null): Finding {
  if (fault === null)
    return finding('ingest', 'note', 'the console does not answer; calls are served and kept; the log says why')
  return finding('ingest', 'fault', `the console ${fault}; it is started again and again, calls are served and kept`)
}

/** Longer than any batch takes: something is behind, even where nothing fails. */
const longLagSeconds = 30

function following(said: { fault: string | null; lag_records: number; lag_seconds: number }): Finding {
  const { fault, lag_records: records, lag_seconds: seconds } = said
  const oldest = `the oldest for ${Math.round(seconds)} s`
  const waiting = records === 0 ? 'none waits' : `${records} ${records === 1 ? 'waits' : 'wait'}, ${oldest}`
  if (fault !== null) return finding('ingest', 'fault', `records do not follow the journal (${waiting}): ${fault}`)
  const late = seconds > longLagSeconds
  return finding('ingest', late ? 'note' : 'fine', `records follow the journal; ${waiting}`)
}

export function providerFindings({ providers: all, simulatedByDefault }: Config): Finding[] {
  if (simulatedByDefault) {
    const variables = environmentProviders.map(({ variable }) => variable)
    const any = `${variables.slice(0, -1).join(', ')} or ${variables.at(-1)}`
    return [finding('providers', 'note', `none configured, the simulated one serves; set ${any} for a real one`)]
  }
  return all.map(({ name, kind, apiKey, baseUrl }) =>
    apiKey === ''
      ? finding('providers', 'note', `${name} (${kind}) has no api_key: its calls go out without one`)
      : finding('providers', 'fine', `${name} (${kind}) ${baseUrl ?? 'built in'}, key present`),
  )
}

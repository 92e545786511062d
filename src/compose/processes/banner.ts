import type { Config, ProviderConfig } from '#config/config.ts'
import { globMatcher } from '#lib/glob.ts'

interface BannerFacts {
  readonly address: string
  readonly config: Config
  readonly configPath: string | null
  /** Made at this start, so not shown anywhere else ever again. */
  readonly adminToken: string | null
  readonly firstKey: string | null
  readonly warnings: readonly string[]
  /** How `tollgate` is called here, for lines to paste. */
  readonly command: string
}

/** What a start shows on stdout: where it listens, what to try, where things are. */
export function bannerText(facts: BannerFacts): string {
  const { address, config, configPath, command } = facts
  const model = modelToTry(config.providers)
  const key = facts.firstKey ?? 'YOUR_KEY'
  const lines: [string, string][] = [
    ['address', address],
    ['providers', providersLine(config)],
    ['data', config.dataDir],
    ['config', configPath ?? 'none (defaults and environment); put a tollgate.yaml here to change them'],
    ['admin token', adminLine(facts)],
    [
      'key',
      facts.firstKey === null
        ? `${firstKeyGone(config)} (${command} keys create --name NAME)`
        : `${key}  (shown only now)`,
    ],
  ]
  const body = lines.map(([name, value]) => `  ${name.padEnd(12)} ${value}`)
  return [
    '',
    'Tollgate is ready.',
    '',
    ...body,
    ...facts.warnings.map((warning) => `  ${'note'.padEnd(12)} ${warning}`),
    '',
    'Try it:',
    '',
    `  ${curlLine(address, key, model)}`,
    '',
    'Then see what it cost:',
    '',
    `  ${command} report --by department,project`,
    '',
    '',
  ].join('\n')
}

function providersLine(config: Config): string {
  if (config.simulatedByDefault) {
    return 'simulated: answers are made up, prices are real; set OPENAI_API_KEY (or another) for a real one'
  }
  return config.providers.map(({ name, kind }) => (kind === 'simulated' ? `${name} (simulated)` : name)).join(', ')
}

function adminLine({ adminToken, config, command }: BannerFacts): string {
  if (config.adminToken !== null) return 'the one in TOLLGATE_ADMIN_TOKEN'
  if (adminToken !== null) return `${adminToken}  (shown only now)`
  return `shown at the first start; lost it? set TOLLGATE_ADMIN_TOKEN, or work here with ${command} keys, report, logs`
}

function firstKeyGone(config: Config): string {
  const names = config.keys.map(({ name }) => name)
  return names.length === 0
    ? 'shown at the first start; make another'
    : `${names.join(', ')} from the configuration, or make another`
}

/** One line without line breaks, so that it works wherever it is pasted. */
function curlLine(address: string, key: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello' }] })
  return [
    `curl ${address}/v1/chat/completions`,
    `-H 'Authorization: Bearer ${key}'`,
    `-H 'Content-Type: application/json'`,
    `-H 'X-Department: engineering' -H 'X-Project: first-steps'`,
    `-d '${body}'`,
  ].join(' ')
}

const wellKnownModels = ['gpt-4.1-mini', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'deepseek-chat']

/** A model that the first provider serves: a well-known one, or the first that it names. */
function modelToTry(providers: readonly ProviderConfig[]): string {
  for (const { models } of providers) {
    const served = globMatcher(models)
    const model = wellKnownModels.find(served) ?? models.find((glob) => !/[*?]/.test(glob))
    if (model !== undefined) return model
  }
  return 'gpt-4.1-mini'
}

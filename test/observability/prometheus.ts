import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parse, stringify } from 'yaml'
import { freePort } from '#test/support/free-port.ts'
import { folderOf, serve } from './debian.ts'
import { root } from './deployed.ts'

interface Settings {
  readonly target: string
  readonly token: string
  /** Absolute paths, in place of the deployed ones. */
  readonly ruleFiles: readonly string[]
  readonly alertmanager?: string
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

export interface Prometheus {
  readonly url: string
  query(expr: string): Promise<Sample[]>
  get<T>(path: string, parameters?: Readonly<Record<string, string>>): Promise<T>
}

/** The deployed prometheus.yml, at another pace, for another target. */
export function writeConfig(folder: string, { target, token, ruleFiles, alertmanager }: Settings): string {
  const config = parse(readFileSync(`${root}deploy/prometheus/prometheus.yml`, 'utf8'))
  config.global = { scrape_interval: '1s', evaluation_interval: '1s' }
  config.rule_files = ruleFiles
  config.alerting.alertmanagers[0].static_configs[0].targets = alertmanager === undefined ? [] : [alertmanager]
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, token)
  const job = config.scrape_configs.find(({ job_name: name }: { job_name: string }) => name === 'tollgate')
  job.authorization.credentials_file = tokenFile
  job.static_configs[0].targets = [target]
  config.scrape_configs = [job]
  const path = join(folder, 'prometheus.yml')
  writeFileSync(path, stringify(config))
  return path
}

/** A real one, with what is deployed, in a folder of its own. */
export async function startPrometheus(t: TestContext, settings: Settings): Promise<Prometheus> {
  const folder = folderOf(t)
  const storage = join(folder, 'data')
  mkdirSync(storage)
  const listen = `127.0.0.1:${await freePort()}`
  const url = `http://${listen}`
  const config = writeConfig(folder, settings)
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${storage}`, `--web.listen-address=${listen}`]
  await serve(t, 'prometheus', args, `${url}/-/ready`)

  async function get<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const body = (await answer.json()) as { status: string; data: T; error?: string }
    if (body.status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${body.error}`)
    return body.data
  }
  return { url, get, query: async (expr) => (await get<{ result: Sample[] }>('query', { query: expr })).result }
}

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { Secret } from 'kubernetes-models/v1/Secret'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import { parse, parseAllDocuments } from 'yaml'
import { longestStopMs } from '#compose/processes/supervisor.ts'
import { loadConfig } from '#config/load.ts'
import { flatten, last, pairs, readStages } from './dockerfile.ts'
import { root } from './repository.ts'

const folder = `${root}deploy/kubernetes/`
const files = globSync('*.yaml', { cwd: folder }).sort()
const kinds = {
  ConfigMap,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceAccount,
  ServiceMonitor,
  StatefulSet,
} as const
type Kind = keyof typeof kinds

/** Whatever a manifest says, before anything vouches for it. */
type Manifest = { kind: string; apiVersion: string; metadata: { name: string; namespace?: string; labels?: Labels } }
type Labels = Readonly<Record<string, string>>

const manifests = files
  .filter((file) => file !== 'kustomization.yaml')
  .flatMap((file) =>
    parseAllDocuments(readFileSync(folder + file, 'utf8')).map((document): Manifest => document.toJS()),
  )

function manifestsOf<Name extends Kind>(kind: Name): InstanceType<(typeof kinds)[Name]>[] {
  return manifests.filter((manifest) => manifest.kind === kind).map((manifest) => made(kind, manifest))
}

function made<Name extends Kind>(kind: Name, manifest: unknown): InstanceType<(typeof kinds)[Name]> {
  const Model = kinds[kind] as unknown as new (data: unknown) => InstanceType<(typeof kinds)[Name]>
  return new Model(manifest)
}

function isKind(name: string): name is Kind {
  return name in kinds
}

const [set] = manifestsOf('StatefulSet')
const pod = set?.spec?.template.spec
const podLabels = set?.spec?.template.metadata?.labels
const [container] = pod?.containers ?? []
assert.ok(pod !== undefined && podLabels !== undefined && container !== undefined)

function selects(selector: Labels | undefined, labels: Labels): boolean {
  return selector !== undefined && Object.entries(selector).every(([name, value]) => labels[name] === value)
}

test('every manifest is what Kubernetes and the Prometheus operator allow', () => {
  assert.ok(manifests.length >= 10)
  for (const manifest of manifests) {
    assert.ok(isKind(manifest.kind), manifest.kind)
    assert.doesNotThrow(() => made(manifest.kind as Kind, manifest).validate(), JSON.stringify(manifest))
    const known = kinds[manifest.kind].apiVersion
    assert.equal(manifest.apiVersion, known)
  }
  assert.throws(() => made('Service', { apiVersion: 'v1', kind: 'Service', spec: { ports: 'http' } }).validate())
})

test('names are ones that Kubernetes takes, all in one namespace, and each is there once', () => {
  const ids = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
  assert.equal(new Set(ids).size, ids.length)
  for (const { kind, metadata } of manifests) {
    assert.match(metadata.name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    if (kind !== 'Namespace') assert.equal(metadata.namespace, 'tollgate')
  }
})

test('kustomize takes every file but the secret’s template', () => {
  const kustomization = parse(readFileSync(`${folder}kustomization.yaml`, 'utf8'))
  const wanted = files.filter((file) => file !== 'kustomization.yaml' && file !== 'secret.example.yaml')
  assert.deepEqual([...kustomization.resources].sort(), wanted)
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  assert.deepEqual(kustomization.images, [{ name: container.image, newName: 'tollgate', newTag: version }])
})

test('every selector finds the pod, and every one of a port or volume what it names', () => {
  assert.ok(selects(set?.spec?.selector.matchLabels, podLabels))
  for (const service of manifestsOf('Service')) {
    assert.ok(selects(service.spec?.selector, podLabels), String(service.metadata?.name))
    for (const { targetPort } of service.spec?.ports ?? [])
      assert.ok(
        container.ports?.some(({ name }) => name === targetPort),
        String(targetPort),
      )
  }
  assert.ok(selects(manifestsOf('PodDisruptionBudget')[0]?.spec?.selector?.matchLabels, podLabels))
  assert.ok(selects(manifestsOf('NetworkPolicy')[0]?.spec?.podSelector?.matchLabels, podLabels))
  assert.ok(manifestsOf('Service').some(({ metadata }) => metadata?.name === set?.spec?.serviceName))
  const volumes = [
    ...(pod.volumes ?? []),
    ...(set?.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => ({ name: metadata?.name })),
  ]
  assert.deepEqual(
    volumes.map(({ name }) => name).sort(),
    (container.volumeMounts ?? []).map(({ name }) => name).sort(),
  )
  const maps = manifestsOf('ConfigMap').map(({ metadata }) => metadata?.name)
  assert.ok(maps.includes(pod.volumes?.find(({ configMap }) => configMap !== undefined)?.configMap?.name))
  assert.ok(manifestsOf('ServiceAccount').some(({ metadata }) => metadata?.name === pod.serviceAccountName))
  const secrets = manifestsOf('Secret').map(({ metadata }) => metadata?.name)
  assert.deepEqual(
    container.envFrom?.map(({ secretRef }) => secretRef?.name),
    secrets,
  )
})

test('the pod is scraped once, at a port of its service', () => {
  const [monitor] = manifestsOf('ServiceMonitor')
  const found = manifestsOf('Service').filter(({ metadata }) =>
    selects(monitor?.spec?.selector.matchLabels, metadata?.labels ?? {}),
  )
  assert.equal(found.length, 1)
  for (const { port, path } of monitor?.spec?.endpoints ?? []) {
    assert.ok(found[0]?.spec?.ports?.some(({ name }) => name === port))
    assert.equal(path, '/metrics')
  }
  assert.equal(found[0]?.metadata?.labels?.[monitor?.spec?.jobLabel ?? ''], 'tollgate', 'the job that the rules name')
})

test('it is asked whether it lives and whether it is ready at a port that it has', () => {
  const { startupProbe, livenessProbe, readinessProbe } = container
  const asked = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet)
  assert.deepEqual(
    asked.map((get) => get?.path),
    ['/health', '/health', '/ready'],
  )
  for (const get of asked) assert.ok(container.ports?.some(({ name }) => name === get?.port))
  const listen = pairs(flatten(readStages(), lastStage()), 'ENV')['TOLLGATE_LISTEN']
  assert.equal(container.ports?.[0]?.containerPort, Number(listen?.split(':')[1]))
})

test('its configuration loads, and a stop in order fits into the grace period', () => {
  const file = manifestsOf('ConfigMap')[0]?.data?.['tollgate.yaml'] ?? ''
  const env = { ...manifestsOf('Secret')[0]?.stringData, TOLLGATE_CONFIG: '/etc/tollgate/tollgate.yaml' }
  const loaded = loadConfig({ env, cwd: '/', readFile: () => file })
  assert.ok(loaded.ok, JSON.stringify(loaded))
  // Of its placeholder, until it is replaced.
  assert.deepEqual(loaded.warnings, [
    'environment TOLLGATE_ADMIN_TOKEN: is shorter than 16 characters and could be guessed',
  ])
  assert.deepEqual(
    loaded.config.providers.map(({ name }) => name),
    ['openai'],
  )
  const [, seconds] = container.lifecycle?.preStop?.exec?.command ?? []
  const graceMs = Number(pod.terminationGracePeriodSeconds) * 1000
  assert.ok(graceMs > Number(seconds) * 1000 + longestStopMs(loaded.config.drainMs))
})

test('it runs as the image’s user, on a read-only root, without rights, with one writer', () => {
  const built = flatten(readStages(), lastStage())
  const { runAsUser, runAsGroup, fsGroup, runAsNonRoot, seccompProfile } = pod.securityContext ?? {}
  assert.equal(`${runAsUser}:${runAsGroup}`, last(built, 'USER')?.text)
  assert.deepEqual([fsGroup, runAsNonRoot, seccompProfile?.type], [runAsGroup, true, 'RuntimeDefault'])
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath)
  for (const path of [last(built, 'WORKDIR')?.text, last(built, 'VOLUME')?.words[0], '/tmp'])
    assert.ok(mounts.includes(path ?? ''))
  assert.equal(set?.spec?.replicas, 1)
  assert.equal(pod.automountServiceAccountToken, false)
})

function lastStage() {
  const stage = readStages().at(-1)
  assert.ok(stage !== undefined)
  return stage
}

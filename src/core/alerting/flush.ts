import { type AlertEvent, severities } from './alert.ts'
import type { Group, Member } from './grouping.ts'
import { type Labels, labelOf } from './matchers.ts'
import { mostListed, type Notification } from './notification.ts'
import { digest } from './open-alerts.ts'
import type { Receiver } from './receiver.ts'

interface Look {
  readonly receiver: Pick<Receiver, 'sendResolved' | 'kind'>
  readonly nowMs: number
  /** Whether alerts with these labels are not told now. */
  readonly mutes: (labels: Labels) => boolean
}

/** A group in which something is muted is looked at again after its interval, but not more often than this. */
const leastLookMs = 10_000
/**
 * Alertmanager keeps alerts in memory: after a restart it knows those that it is told next. It expects to be told again
 * every minute or so, and repeats nothing to people by it.
 */
const alertmanagerRepeatMs = 15 * 60_000
/** Of what fires on, so many are listed however much is over. */
const leastLasting = 5

/** Has a group looked at for a change: when a new one has waited, or when one that was told may be told of again. */
export function schedule(group: Group, nowMs: number): void {
  const { toldAtMs, readyAtMs, route } = group
  const atBest = Math.max(nowMs, toldAtMs === null ? readyAtMs : toldAtMs + route.groupIntervalMs)
  group.dueAtMs = Math.min(group.dueAtMs ?? Infinity, atBest)
}

/** Where the clock was set back, a group waits as long as if what was told were told now: not until it is that late again. */
export function boundWait(group: Group, look: Omit<Look, 'mutes'>): void {
  const { nowMs } = look
  const { groupWaitMs, groupIntervalMs, repeatIntervalMs } = group.route
  if (group.toldAtMs !== null && group.toldAtMs > nowMs) {
    group.toldAtMs = nowMs
    group.dueAtMs = nextLookMs(group, look)
  }
  if (group.toldAtMs === null && group.readyAtMs > nowMs + groupWaitMs) {
    group.readyAtMs = nowMs + groupWaitMs
    group.dueAtMs = group.readyAtMs
  }
  if (group.dueAtMs === null) return
  group.dueAtMs = Math.min(group.dueAtMs, nowMs + Math.max(groupWaitMs, groupIntervalMs, repeatIntervalMs, leastLookMs))
}

/** Looks at a group whose time has come: what is told of it, if anything. Forgets of it what is over. */
export function flush(group: Group, look: Look): Notification | null {
  const seen = visible(group, look)
  const fresh = seen.filter(({ told }) => !told)
  const lasting = seen.filter(({ told, over }) => told && over === null)
  const ended = seen.filter(({ told, over }) => told && over !== null)
  const news: News = { fresh, lasting, ended: look.receiver.sendResolved ? ended : [] }
  const repeated = news.fresh.length + news.ended.length === 0
  const tells = repeated ? lasting.length > 0 && repeatAtMs(group, look.receiver) <= look.nowMs : true
  const notification = tells ? notificationOf(group, look, news) : null

  for (const { event } of ended) group.members.delete(event.fingerprint)
  for (const member of fresh) {
    if (member.over !== null && !look.receiver.sendResolved) group.members.delete(member.event.fingerprint)
    else group.members.set(member.event.fingerprint, { ...member, told: true })
  }
  if (notification !== null) {
    for (const { fingerprint } of notification.firing) {
      const member = group.members.get(fingerprint)
      if (member !== undefined) group.members.set(fingerprint, { ...member, named: true })
    }
    group.toldAtMs = look.nowMs
    group.repeats = repeated ? group.repeats + 1 : 0
    if (!repeated) group.lastId = notification.id
  }
  group.dueAtMs = nextLookMs(group, look)
  return notification
}

/** The members that are not muted. Of those that are, what is over is forgotten. */
function visible(group: Group, { mutes }: Look): Member[] {
  return [...group.members.values()].filter(({ event, over }) => {
    if (!mutes(event.labels)) return true
    if (over !== null) group.members.delete(event.fingerprint)
    return false
  })
}

function repeatAtMs({ toldAtMs, route }: Group, { kind }: Look['receiver']): number {
  if (toldAtMs === null) return Infinity
  const { repeatIntervalMs, groupIntervalMs } = route
  const wantedMs = kind === 'alertmanager' ? Math.min(repeatIntervalMs, alertmanagerRepeatMs) : repeatIntervalMs
  return toldAtMs + Math.max(wantedMs, groupIntervalMs)
}

/** After a look: what was not muted is told, but for the end of what was just told to fire. */
function nextLookMs(group: Group, { receiver, nowMs }: Omit<Look, 'mutes'>): number | null {
  const members = [...group.members.values()]
  const intervalMs = group.route.groupIntervalMs
  const againMs = nowMs + Math.max(intervalMs, leastLookMs)
  let next = Infinity
  if (members.some(({ over }) => over !== null)) next = nowMs + intervalMs
  if (members.some(({ told }) => !told)) next = Math.min(next, againMs)
  if (members.some(({ told }) => told)) {
    const repeat = repeatAtMs(group, receiver)
    next = Math.min(next, repeat > nowMs ? repeat : againMs)
  }
  return next === Infinity ? null : next
}

interface News {
  readonly fresh: readonly Member[]
  readonly lasting: readonly Member[]
  /** Empty where the receiver does not want to know. */
  readonly ended: readonly Member[]
}

function notificationOf(group: Group, { receiver, nowMs }: Look, news: News): Notification {
  const { fresh, lasting, ended } = news
  const repeated = fresh.length + ended.length === 0
  const cause = [...fresh.map(({ event }) => event.id), ...ended.map(({ over }) => over?.id ?? '')].sort()
  const all = [...fresh, ...lasting, ...ended].map(({ event }) => event)
  return {
    id: repeated ? digest(group.lastId, 'repeat', String(group.repeats + 1)) : digest(group.key, ...cause),
    groupKey: digest(group.key),
    receiver: group.receiver,
    status: fresh.length + lasting.length > 0 ? 'firing' : 'resolved',
    atMs: nowMs,
    repeated,
    groupLabels: group.labels,
    commonLabels: commonLabels(all),
    ...listed(receiver.kind, news),
    firingCount: fresh.length + lasting.length,
    resolvedCount: ended.length,
  }
}

/** News first, then what was known before; but something that fires wherever something does. */
function listed(kind: Receiver['kind'], { fresh, lasting, ended }: News): Pick<Notification, 'firing' | 'resolved'> {
  const most = kind === 'alertmanager' ? Infinity : mostListed
  const begun = eventsOf(fresh).slice(0, most)
  const known = eventsOf(ended.filter(({ named }) => named))
  const over = [...known, ...eventsOf(ended.filter(({ named }) => !named))]
  const incidents = kind === 'alertmanager' || kind === 'pagerduty'
  const kept = begun.length === 0 ? Math.min(lasting.length, leastLasting) : 0
  const resolved = over.slice(0, incidents ? Math.max(known.length, 1) : most - begun.length - kept)
  const room = most - begun.length - (incidents ? 0 : resolved.length)
  return { firing: [...begun, ...eventsOf(lasting).slice(0, room)], resolved }
}

/** Of those that are over the event that says so; the worst first. */
function eventsOf(members: readonly Member[]): AlertEvent[] {
  return members.map(({ event, told, over }) => (told && over !== null ? over : event)).sort(bySeverity)
}

function bySeverity(a: AlertEvent, b: AlertEvent): number {
  const severity = severities.indexOf(b.severity) - severities.indexOf(a.severity)
  return severity || b.atMs - a.atMs || (a.fingerprint < b.fingerprint ? -1 : 1)
}

function commonLabels([first, ...others]: readonly AlertEvent[]): Labels {
  const all = Object.entries(first?.labels ?? {})
  return Object.fromEntries(
    all.filter(([name, value]) => others.every(({ labels }) => labelOf(labels, name) === value)),
  )
}

import { join } from 'node:path'
import type { PicoUsd } from '#core/money/pico-usd.ts'
import type { Clock, ExternalEvent, ExternalEvents, Timer, Timers } from '#ports.ts'
import { dataPath } from '#store/data-paths.ts'
import { realDisk } from '#store/journal/disk.ts'
import { listSegments } from '#store/journal/segment-files.ts'
import { externalAmount, externalEventsReadTo, keepExternalEvents } from '#store/settings/external-events.ts'
import { settingsFile } from '#store/settings/open.ts'
import { neverWait, openSqlite, type SqliteSettings } from '#store/settings/sqlite.ts'
import { eventsInJournal } from './journal-events.ts'

interface KnownEventsPlace {
  readonly dataDir: string
  readonly clock: Clock
  readonly timers: Timers
  readonly onFault: (fault: unknown) => void
}

/** How long an event is known in memory only, at most; the journal has it from the start. */
const keepAfterMs = 1_000
/** How often, without any event, the table takes note of how far the journal has grown. */
const idleMs = 60_000
/** So many events are kept at once, without waiting. */
const mostWaiting = 1_000
/** Where the table does not take them, for whatever reason, no more than this are held in memory. */
const mostHeld = 10_000

/**
 * Opens what is known of costs metered elsewhere, after their journal was opened for writing: the events of the
 * journal that the table has not seen are read from it first, and while they cannot be none is taken. So an event counts
 * once, wherever the process died.
 *
 * @throws SettingsFault
 */
export async function openKnownEvents(place: KnownEventsPlace): Promise<KnownEvents> {
  const sqlite = openSqlite(join(place.dataDir, settingsFile), { survivesPowerFailure: false })
  const events = new KnownEvents(place, sqlite)
  try {
    await events.keep()
    // From now on calls are served: they must not wait for another process that writes the settings. What cannot be
    // kept at once is kept later.
    neverWait(sqlite.connection)
  } catch (fault) {
    await events.close()
    throw fault
  }
  return events
}

/** The journal is the truth, the table its index: written behind, in batches, and made good at the next start. */
export class KnownEvents implements ExternalEvents {
  readonly #place: KnownEventsPlace
  readonly #sqlite: SqliteSettings
  /** In the journal, not in the table yet. */
  readonly #held = new Map<string, ExternalEvent>()
  /** Events on their way into the journal, each with a segment that is not after the one it will be in. */
  readonly #entering = new Set<{ readonly segment: string }>()
  /** The newest segment at the last look. */
  #segment = ''
  /** What the table has noted. */
  #kept = ''
  /** Segments that could not be read to their end. */
  #damaged: readonly string[] = []
  /** The journal may hold events of earlier runs that nobody here knows: until they are, no others are taken. */
  #behind = true
  /** What the last try met is a file of the journal that the system does not let be read. */
  #journalUnreadable = false
  #timer: Timer | null = null
  #keeping: Promise<void> | null = null
  #closed = false

  constructor(place: KnownEventsPlace, sqlite: SqliteSettings) {
    this.#place = place
    this.#sqlite = sqlite
  }

  async amountOf(callId: string): Promise<PicoUsd | null> {
    return this.#held.get(callId)?.picoUsd ?? (await externalAmount(this.#sqlite.database, callId))
  }

  async remember(event: ExternalEvent, enter: () => Promise<void>): Promise<void> {
    const entering = { segment: this.#segment }
    this.#entering.add(entering)
    try {
      await enter()
      this.#held.set(event.callId, event)
    } finally {
      this.#entering.delete(entering)
    }
    if (this.#held.size >= mostWaiting) void this.keep()
    else if (this.#held.size === 1) this.#keepIn(keepAfterMs)
  }

  refusal(): string | null {
    if (!this.#behind && this.#held.size < mostHeld) return null
    const reason = this.#journalUnreadable ? 'The journal cannot be read' : 'The settings cannot be written'
    return `${reason}: see the log of the gateway.`
  }

  /** What cannot be kept any more is read from the journal at the next start. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.keep()
    await this.#sqlite.database.destroy()
    if (this.#sqlite.connection.isOpen) this.#sqlite.connection.close()
  }

  #keepIn(delayMs: number): void {
    this.#timer?.cancel()
    if (this.#closed) return
    this.#timer = this.#place.timers.after(delayMs, () => void this.keep())
  }

  /**
   * Brings the table up to date: at first with what the journal has of earlier runs. What cannot be written, as on a
   * full disk, is tried again by itself; calls need not wait for it. Never throws.
   */
  keep(): Promise<void> {
    this.#keeping ??= this.#tryToKeep().finally(() => {
      this.#keeping = null
      this.#keepIn(this.#behind || this.#held.size > 0 ? keepAfterMs : idleMs)
    })
    return this.#keeping
  }

  async #tryToKeep(): Promise<void> {
    try {
      if (!this.#behind) await this.#keepHeld()
      else if (!this.#closed) await this.#readJournal()
      this.#journalUnreadable = false
    } catch (fault) {
      // What is held stays held. The database's faults name no call to the system.
      this.#journalUnreadable = fault instanceof Error && 'syscall' in fault
      this.#place.onFault(fault)
    }
  }

  async #readJournal(): Promise<void> {
    const segment = this.#newestSegment()
    const noted = (await externalEventsReadTo(this.#sqlite.database)) ?? ''
    // First of all whether it can be written: to read the journal may take long.
    await this.#write([], noted)
    const [from = '', ...again] = noted.split(' ')
    const damaged: string[] = []
    const onDamage = (name: string, fault: unknown) => {
      // Calls are worth more than the events behind the damage, which count again if they come again before it is mended.
      damaged.push(name)
      this.#place.onFault(fault)
    }
    const journal = eventsInJournal(this.#journalDirectory, { from, again, onDamage })
    for await (const events of journal) await this.#write(events, null)
    this.#damaged = damaged
    await this.#note([], segment)
    this.#segment = segment
    this.#behind = false
  }

  async #keepHeld(): Promise<void> {
    const events = [...this.#held.values()]
    this.#segment = this.#newestSegment()
    // An event that is still entering may stand in an older segment by now. Names sort as segments do.
    const [segment = ''] = [this.#segment, ...[...this.#entering].map((one) => one.segment)].sort()
    await this.#note(events, segment)
    for (const { callId } of events) this.#held.delete(callId)
  }

  /** Events, and how far the journal is known: what has damage is read again at the next start, which may find it mended. */
  async #note(events: readonly ExternalEvent[], segment: string): Promise<void> {
    const note = [segment, ...this.#damaged].join(' ')
    if (events.length === 0 && note === this.#kept) return
    await this.#write(events, note)
    this.#kept = note
  }

  #write(events: readonly ExternalEvent[], segment: string | null): Promise<void> {
    return keepExternalEvents(this.#sqlite.database, { events, segment }, this.#place.clock.wallMs())
  }

  #newestSegment(): string {
    return listSegments(realDisk, this.#journalDirectory).at(-1)?.name ?? ''
  }

  get #journalDirectory(): string {
    return dataPath(this.#place.dataDir, 'journal')
  }
}

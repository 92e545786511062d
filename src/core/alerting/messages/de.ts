import { byWindow, type Phrases, sentences } from './phrases.ts'
import type { Words } from './words.ts'

const limits = {
  minute: 'Minutenlimit',
  hour: 'Stundenlimit',
  day: 'Tageslimit',
  week: 'Wochenlimit',
  month: 'Monatslimit',
}

const used = (w: Words) => w.percent(w.has('percent_used') ? 'percent_used' : 'threshold_percent')

function duration(w: Words): string {
  const { unit, count } = w.duration('window_seconds')
  return `${count} ${unit === 'minute' ? 'Minute' : 'Sekunde'}${count === '1' ? '' : 'n'}`
}

const tokens = (w: Words, name: string) => `${w.count(name)} Ausgabe-${w.is(name, '1') ? 'Token' : 'Tokens'}`

export const de: Phrases = {
  notation: {
    group: '.',
    decimal: ',',
    percent: '\u00a0%',
    time: ({ year, month, day, clock }) => `${day}.${month}.${year}, ${clock} Uhr UTC`,
  },
  types: {
    budget_threshold: 'Budgetschwellen',
    budget_exceeded: 'überschrittene Budgets',
    hourly_cost: 'Stundenkosten',
    oversized_request: 'übergroße Antworten',
    duplicate_prompt: 'wiederholte Prompts',
    unpriced_model: 'Modelle ohne Preis',
    upstream_errors: 'Fehler bei Anbietern',
    delivery_failure: 'gescheiterte Zustellungen',
  },
  labels: {
    type: 'Art',
    severity: 'Schwere',
    budget: 'Budget',
    window: 'Zeitraum',
    department: 'Abteilung',
    project: 'Projekt',
    cost_center: 'Kostenstelle',
    user_id: 'Benutzer',
    key: 'Schlüssel',
    model: 'Modell',
    provider: 'Anbieter',
    receiver: 'Empfänger',
  },
  alerts: {
    budget_threshold: {
      title: (w) => `Budget ${w.text('budget')}: ${used(w)} des ${byWindow(w, limits)}s verbraucht`,
      text: (w) =>
        `${w.usd('spent_usd')} von ${w.exactUsd('limit_usd')} sind ausgegeben; bis zum ${w.time('window_end')} bleiben ${w.usd('remaining_usd')}.`,
    },
    budget_exceeded: {
      title: (w) => `Budget ${w.text('budget')}: ${byWindow(w, limits)} erreicht, Aufrufe werden abgelehnt`,
      text: (w) =>
        sentences(
          w.has('limit_usd') && `${w.usd('spent_usd')} von ${w.exactUsd('limit_usd')} sind ausgegeben.`,
          `Aufrufe, die nicht mehr hineinpassen, werden bis zum ${w.time('window_end')} abgelehnt.`,
          w.has('model') && `Zuerst abgelehnt: Modell ${w.text('model')}, Anfrage ${w.text('request_id')}.`,
        ),
    },
    hourly_cost: {
      title: (w) =>
        w.has('model')
          ? `Stundenkosten von ${w.text('model')} über ${w.exactUsd('limit_usd')}`
          : `Stundenkosten über ${w.exactUsd('limit_usd')}`,
      text: (w) =>
        `Vom ${w.time('hour_start')} bis zum ${w.time('hour_end')} wurden ${w.usd('cost_usd')} ausgegeben; die Grenze liegt bei ${w.exactUsd('limit_usd')} je Stunde.`,
    },
    oversized_request: {
      title: (w) => `Übergroße Antwort von ${w.text('model')}: ${tokens(w, 'output_tokens')}`,
      text: (w) =>
        sentences(
          `Der Schwellenwert für dieses Modell liegt bei ${tokens(w, 'threshold_tokens')}.`,
          w.has('cost_usd') && `Der Aufruf hat ${w.usd('cost_usd')} gekostet.`,
        ),
      ofCall: true,
    },
    duplicate_prompt: {
      title: (w) => `Derselbe Prompt ${w.count('count')}-mal innerhalb einer Stunde`,
      text: (w) =>
        `Der Schlüssel ${w.text('key')} hat denselben Prompt innerhalb einer Stunde ${w.count('count')}-mal an ${w.text('model')} geschickt; erwartet wird er höchstens ${w.count('threshold')}-mal.`,
      ofCall: true,
    },
    unpriced_model: {
      title: (w) => `Kein Preis bekannt für ${w.text('model')} bei ${w.text('provider')}`,
      text: () =>
        'Aufrufe werden bedient, ihre Kosten fehlen aber in Berichten und Budgets. Bitte in der Konfiguration unter „prices“ einen Preis für dieses Modell eintragen.',
    },
    upstream_errors: {
      title: (w) => `${w.text('provider')}: Fehlerquote ${w.percent('percent')}`,
      text: (w) =>
        sentences(
          `${w.count('failed')} von ${w.count('calls')} ${w.is('calls', '1') ? 'Aufruf' : 'Aufrufen'} ${w.is('failed', '1') ? 'ist' : 'sind'} innerhalb von ${duration(w)} fehlgeschlagen (Schwellenwert: ${w.percent('threshold_percent')}).`,
          w.has('last_error') && `Letzter Fehler: ${w.text('last_error')}.`,
        ),
    },
    delivery_failure: {
      title: (w) => `Empfänger ${w.text('receiver')} ist nicht erreichbar`,
      text: (w) =>
        sentences(
          `Seit dem ${w.time('failing_since')} kommt keine Nachricht mehr an (${w.count('attempts')} ${w.is('attempts', '1') ? 'Versuch' : 'Versuche'}).`,
          w.has('error') && `Letzter Fehler: ${w.text('error')}.`,
          'Die Zustellung wird weiter versucht.',
        ),
    },
  },
  reasons: {
    window_over: 'Der Zeitraum ist zu Ende; ein neuer hat begonnen.',
    limit_changed: 'Das Limit wurde geändert oder aufgehoben.',
    hour_over: 'Die Stunde ist vorbei.',
    time_over: 'Nach einer Stunde von selbst geschlossen.',
    displaced: 'Vorzeitig geschlossen, weil sehr viele offen waren.',
    priced: 'Ein Preis ist jetzt bekannt.',
    quiet: 'Seitdem nicht wieder aufgetreten.',
    recovered: 'Aufrufe gelingen wieder.',
    delivered: 'Nachrichten kommen wieder an.',
  },
  resolved: 'Beendet',
  request: (id) => `Anfrage ${id}`,
  firedAt: (time) => `Ausgelöst am ${time}.`,
  stillFiring: 'Besteht weiter',
  sentBy: 'Gesendet von Tollgate',
  firingCount: (count, text) => `${text} ${count === 1 ? 'Alarm' : 'Alarme'} aktiv`,
  resolvedCount: (count, text) => `${text} ${count === 1 ? 'Alarm' : 'Alarme'} beendet`,
  more: (count, text) => `… und ${text} ${count === 1 ? 'weiterer' : 'weitere'}.`,
}

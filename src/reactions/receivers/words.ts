import type { Language } from '#core/alerting/receiver.ts'

/** What stands around alerts in a message; what is said of each comes from `Messages`. */
interface Words {
  heading(firing: number, resolved: number): string
  more(count: number): string
  readonly sentBy: string
}

export const words: Readonly<Record<Language, Words>> = {
  en: {
    heading: (firing, resolved) =>
      both(firing, `${firing} ${firing === 1 ? 'alert' : 'alerts'} firing`, resolved, `${resolved} resolved`),
    more: (count) => `and ${count} more`,
    sentBy: 'Sent by Tollgate',
  },
  de: {
    heading: (firing, resolved) =>
      both(firing, `${firing} ${firing === 1 ? 'Alarm' : 'Alarme'} aktiv`, resolved, `${resolved} behoben`),
    more: (count) => `und ${count} weitere`,
    sentBy: 'Gesendet von Tollgate',
  },
  vi: {
    heading: (firing, resolved) =>
      both(firing, `${firing} cảnh báo đang diễn ra`, resolved, `${resolved} cảnh báo đã kết thúc`),
    more: (count) => `và ${count} cảnh báo khác`,
    sentBy: 'Gửi bởi Tollgate',
  },
}

function both(firing: number, firingText: string, resolved: number, resolvedText: string): string {
  if (firing === 0) return resolvedText
  return resolved === 0 ? firingText : `${firingText}, ${resolvedText}`
}

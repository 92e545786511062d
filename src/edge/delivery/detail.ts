import type { Receiver } from '#core/alerting/receiver.ts'

const mostDetail = 300
const hidden = '[redacted]'
/** Shorter parts of an address are words like `api`, and no secrets. */
const leastPart = 6

/**
 * Shows what a receiver or a library said, without what only we and the receiver may know. `cut`: the text ends where it
 * was cut off, perhaps in the middle of a secret.
 */
export type Censor = (text: string, cut?: boolean) => string

export function censorFor(receiver: Receiver): Censor {
  const secrets = [...new Set(secretsOf(receiver).filter((secret) => secret !== ''))]
  const forms = [...new Set(secrets.flatMap(spellings))].sort((a, b) => b.length - a.length)
  const [longest = ''] = forms
  const pattern = forms.length === 0 ? null : new RegExp(forms.map((form) => RegExp.escape(form)).join('|'), 'gi')
  return (text, cut = false) => {
    const shown = pattern === null ? text : text.replaceAll(pattern, hidden)
    const safe = cut ? shown.slice(0, Math.max(0, shown.length - longest.length)) : shown
    const line = safe.replaceAll(/[\p{Cc}\p{Cf}\s\uFFFD]+/gu, ' ').trim()
    return line.length > mostDetail ? `${line.slice(0, mostDetail).toWellFormed()}…` : line
  }
}

function secretsOf(receiver: Receiver): string[] {
  switch (receiver.kind) {
    case 'slack':
    case 'teams':
    case 'alertmanager':
      return addressParts(receiver.url)
    case 'pagerduty':
      return [...addressParts(receiver.url), receiver.routingKey]
    case 'webhook':
      return [
        ...addressParts(receiver.url),
        ...receiver.secrets,
        ...receiver.secrets.map((key) => key.replace('whsec_', '')),
      ]
    case 'email': {
      const { host, user, password } = receiver.smtp
      const people = [receiver.from, ...receiver.to].flatMap((address) => [
        address,
        ...(address.match(/[^\s<>]+@[^\s<>]+/g) ?? []),
      ])
      const login = user === null || password === null ? [] : [Buffer.from(`\0${user}\0${password}`).toString('base64')]
      return [host, user ?? '', password ?? '', ...login, ...people]
    }
    case 'log':
      return []
  }
}

/** The whole, and every part by which the rest could be found out. */
function addressParts(text: string): string[] {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null) return [text]
  const path = url.pathname.replace(/\/+$/, '')
  const parts = [...path.split('/'), ...url.searchParams.values()].filter((part) => part.length >= leastPart)
  return [text, url.href, url.host, url.hostname, path, url.search, ...parts]
}

/** As an answer may repeat it: plain, in a URL, in JSON, in HTML, in base64. */
function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const html = secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  const base64 = secret.length < leastPart ? [] : [Buffer.from(secret).toString('base64')]
  return [secret, encodeURIComponent(secret), json, json.replaceAll('/', '\\/'), html, ...base64]
}

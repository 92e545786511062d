import type { BudgetWindow } from '#core/budget/budget.ts'
import { buildRoutes } from './build-alerts.ts'
import { defaultRecordsDays } from './defaults.ts'
import type { Entries } from './entries.ts'

const shortestSecret = 16

/** What is no fault, but hardly what was meant. */
export function findWarnings(entries: Entries, adminToken: string | null): string[] {
  return [
    ...idlePrices(entries),
    ...weakSecrets(entries, adminToken),
    ...budgetWarnings(entries),
    ...alertWarnings(entries),
  ]
}

function idlePrices({ providers, incoming, prices }: Entries): string[] {
  const on = new Set([...providers.map(({ entry }) => entry.name), ...incoming.map(({ entry }) => entry.source)])
  return prices
    .filter(({ entry }) => !on.has(entry.provider))
    .map(({ index, entry }) => `prices[${index}]: no provider ${entry.provider} is on, so this price is not used`)
}

function weakSecrets({ keys, incoming, alerts: { receivers } }: Entries, adminToken: string | null): string[] {
  const secrets: [place: string, secret: string | undefined][] = [
    ['environment TOLLGATE_ADMIN_TOKEN', adminToken ?? undefined],
    ...keys.map(({ index, entry }): [string, string | undefined] => [`keys[${index}].key`, entry.key]),
    ...incoming.map(({ index, entry }): [string, string | undefined] => [`incoming[${index}].secret`, entry.secret]),
    ...receivers.flatMap(({ index, entry: { webhook } }) =>
      [webhook?.secret, ...(webhook?.secrets ?? [])].map((secret): [string, string | undefined] => [
        `alerts.receivers[${index}].webhook`,
        secret,
      ]),
    ),
  ]
  return secrets
    .filter(([, secret]) => secret !== undefined && secret.length < shortestSecret)
    .map(([place]) => `${place}: is shorter than ${shortestSecret} characters and could be guessed`)
}

const longestDays: Readonly<Record<BudgetWindow, number>> = { minute: 1, hour: 1, day: 1, week: 7, month: 31 }

function budgetWarnings({ budgets: all, singles: { retention } }: Entries): string[] {
  const kept = retention?.journal_days ?? retention?.records_days ?? defaultRecordsDays
  return all.flatMap(({ index, entry }) => [
    ...entry.limits.flatMap(({ window }, place) =>
      window === undefined || longestDays[window] <= kept
        ? []
        : [
            `budgets[${index}].limits[${place}].window: a ${window} is longer than the journal is kept (${kept} days), ` +
              'so a new budget would not know what was spent before',
          ],
    ),
    ...(entry.scope?.key ?? [])
      .filter((key) => key.startsWith('key_') && !/^key_[A-Za-z0-9_-]{20}$/.test(key))
      .map(() => `budgets[${index}].scope.key: has what looks like the id of a stored key, but is none`),
  ])
}

function alertWarnings({ alerts: section }: Entries): string[] {
  const told = new Set(buildRoutes(section).flatMap((route) => route.receivers))
  const untold = section.receivers
    .filter(({ entry }) => !told.has(entry.name))
    .map(({ index }) => `alerts.receivers[${index}]: no route leads to it, so it is never told`)
  const plain = section.receivers
    .filter(({ entry: { email } }) => email?.smtp.password !== undefined && email.smtp.security === 'none')
    .map(({ index }) => `alerts.receivers[${index}].email.smtp: sends its password unencrypted`)
  return [...untold, ...plain]
}

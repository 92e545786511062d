import type { Row } from './dashboard.ts'
import { gauge, lines } from './panels.ts'
import { now as atOnce, chosen, over } from './promql.ts'

const usd = '{unit="usd",budget=~"$budget"}'
const limit = `tollgate_budget_limit${usd}`
const spent = `tollgate_budget_spent${usd}`
const start = `tollgate_budget_window_start_timestamp_seconds${usd}`
const end = `tollgate_budget_window_end_timestamp_seconds${usd}`

/** The part of its window that lies behind a budget, from 0 to 1. */
const elapsed = `(time() - ${start}) / (${end} - ${start})`

export const budgetRow: Row = {
  title: 'Budgets',
  panels: [
    lines(
      {
        title: 'Budget burn-down',
        unit: 'currencyUSD',
        description:
          'What is left of each budget of money; what would be left now, had spending been even; and what will be left ' +
          'at the end of the window, if it goes on as it has so far. A forecast below nothing is a budget that will not last.',
        span: 24,
      },
      [
        over(`${limit} - ${spent}`, '{{budget}} {{window}} left'),
        over(`${limit} * (1 - ${elapsed})`, '{{budget}} {{window}} left at an even pace'),
        over(`${limit} - tollgate_budget_forecast${usd}`, '{{budget}} {{window}} left at the end (forecast)'),
      ],
    ),
    lines(
      {
        title: 'Held and spent',
        unit: 'currencyUSD',
        description: 'Held is the most that the calls under way can cost; it is given back when they are booked.',
      },
      [
        over(spent, '{{budget}} {{window}} spent'),
        over(`tollgate_budget_held${usd}`, '{{budget}} {{window}} held'),
        over(`tollgate_budget_available${usd}`, '{{budget}} {{window}} available'),
      ],
    ),
    lines(
      {
        title: 'Pace',
        unit: 'short',
        description:
          'The share of the limit that is spent, by the share of the window that has passed: above 1 is too fast.',
      },
      [over(`(${spent} / ${limit}) / (${elapsed})`, '{{budget}} {{window}}')],
    ),
    gauge(
      {
        title: 'Limits of every kind',
        unit: 'percentunit',
        description: 'Spent and held, as a share of the limit: money, requests, tokens, and calls at once.',
      },
      [
        atOnce(
          `(tollgate_budget_spent${chosen('budget')} + tollgate_budget_held${chosen('budget')}) / ` +
            `tollgate_budget_limit${chosen('budget')}`,
          '{{budget}} {{window}} {{unit}}',
        ),
      ],
      {
        steps: [
          [0.8, 'orange'],
          [1, 'red'],
        ],
      },
    ),
    lines({ title: 'Refused by budgets', unit: 'short', description: 'Calls a minute that a budget refused.' }, [
      over(
        `sum by (budget) (rate(tollgate_budget_refusals_total${chosen('budget')}[$__rate_interval])) * 60`,
        '{{budget}}',
      ),
    ]),
  ],
}

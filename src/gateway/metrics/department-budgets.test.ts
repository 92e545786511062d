import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BudgetLimit, BudgetScope } from '#core/budget/budget.ts'
import { picoUsd } from '#core/money/pico-usd.ts'
import { budget, usdPerDay } from '#test/budget-laws/sample.ts'
import { departmentBudgets } from './department-budgets.ts'

const monthly: BudgetLimit = { quantity: 'usd', window: 'month', picoUsd: picoUsd(1n) }
const sales: BudgetScope = {
  payer: { department: ['sales'] },
  tags: {},
  keys: null,
  models: null,
  providers: null,
}

function check(scope: Partial<BudgetScope>, limits: readonly BudgetLimit[], expected: readonly string[]): void {
  const departments = departmentBudgets([budget('b', limits, { scope: { ...sales, ...scope } })])
  assert.deepEqual([...departments.values()], expected, JSON.stringify(scope))
}

test('a department is stood for by a monthly budget that is about it alone', () => {
  check({}, [monthly], ['sales'])
  check({}, [usdPerDay(1n), monthly], ['sales'])
  check({}, [usdPerDay(1n)], [])
  check({ payer: {} }, [monthly], [])
  check({ payer: { project: ['p'] } }, [monthly], [])
  check({ payer: { department: ['sales', 'support'] } }, [monthly], [])
  check({ payer: { department: ['sales'], project: ['p'] } }, [monthly], [])
  check({ tags: { team: ['a'] } }, [monthly], [])
  check({ keys: ['k'] }, [monthly], [])
  check({ models: ['gpt-*'] }, [monthly], [])
  check({ providers: ['openai'] }, [monthly], [])
})

test('of several budgets of one department the first counts', () => {
  const support: BudgetScope = { ...sales, payer: { department: ['support'] } }
  const budgets = [
    budget('first', [monthly], { scope: sales }),
    budget('second', [monthly], { scope: sales }),
    budget('other', [monthly], { scope: support }),
  ]
  assert.deepEqual(
    [...departmentBudgets(budgets)],
    [
      ['first', 'sales'],
      ['other', 'support'],
    ],
  )
})

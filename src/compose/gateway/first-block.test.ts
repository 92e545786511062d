import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bookmarkPart } from '#reactions/alerts/state-parts.ts'
import { writeSpent } from '#store/budgets/spent-file.ts'
import { type Checkpoint, checkpointPath, writeCheckpoint } from '#store/ingest/checkpoint.ts'
import { firstBlockOf } from './first-block.ts'

const at = (blockNo: number) => ({ segment: '000000000001.tgj', offset: 0, blockNo })
const apart = 1_000_000

interface Remembered {
  readonly ingested?: Pick<Checkpoint, 'position' | 'intent'> | 'damaged'
  readonly budgets?: number
  readonly alerts?: number
}

async function firstBlock(t: TestContext, { ingested, budgets, alerts }: Remembered): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-first-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const path = checkpointPath(join(dataDir, 'ingest'))
  if (ingested === 'damaged') {
    mkdirSync(join(dataDir, 'ingest'))
    writeFileSync(path, '{')
  } else if (ingested !== undefined) {
    writeCheckpoint(path, { version: 1, storeId: 's', journalId: 'j', ...ingested })
  }
  if (budgets !== undefined) await writeSpent(join(dataDir, 'budgets'), { version: 1, position: at(budgets), book: {} })
  const parts = alerts === undefined ? [] : [[bookmarkPart, JSON.stringify(at(alerts))] as const]
  return await firstBlockOf(dataDir, { state: async () => new Map(parts) })
}

test('a new journal begins with block 1, or far above all that anybody remembers of another', async (t) => {
  const none = { position: null, intent: null }
  for (const [remembered, expected] of [
    [{}, 1],
    [{ ingested: none }, 1],
    [{ ingested: { ...none, position: at(7) } }, 7 + apart],
    [{ ingested: { position: at(7), intent: { toBlock: 9, token: null } } }, 9 + apart],
    [{ ingested: { ...none, intent: { toBlock: 9, token: 't' } } }, 9 + apart],
    [{ budgets: 8 }, 8 + apart],
    [{ alerts: 5 }, 5 + apart],
    [{ ingested: { ...none, position: at(7) }, budgets: 8, alerts: 9 }, 9 + apart],
    [{ ingested: 'damaged' }, 1],
    [{ ingested: 'damaged', budgets: 8 }, 8 + apart],
  ] as const) {
    assert.equal(await firstBlock(t, remembered), expected, JSON.stringify(remembered))
  }
})

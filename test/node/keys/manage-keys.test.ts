import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/base/canonical-json.ts'
import { CONTRACTS } from '../../../src/market/parties/contracts/contract-notes.ts'
import { PartyJournal } from '../../../src/market/parties/journal/party-journal.ts'
import { changeKeys } from '../../../src/node/keys/manage-keys.ts'
import { refuseRotationInContracts } from '../../../src/node/keys/refuse-rotation.ts'

let dataDir = ''
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kernell-keys-'))
})
afterEach(async () => await rm(dataDir, { recursive: true, force: true }))

/** What the wallet of the node remembers of contracts. */
async function note(contract: string, value: JsonValue): Promise<void> {
  await changeKeys(dataDir, async (_keys, directory) => {
    const journal = await PartyJournal.open({
      log: await directory.openEventLog('wallet'),
      files: directory.store.sublevel('market-files'),
    })
    await journal.keepNote(CONTRACTS, contract, value)
  })
}

async function refusal(): Promise<unknown> {
  return await changeKeys(dataDir, async (_keys, directory) => await refuseRotationInContracts(directory)).catch(
    (error: unknown) => error,
  )
}

describe('the key of a node', () => {
  it('is rotated by a node that never was in a contract, and leaves no journal behind', async () => {
    expect(await refusal()).toBeUndefined()
    await changeKeys(dataDir, async (_keys, directory) => {
      expect(await directory.listEventLogs()).toEqual([])
    })
  })

  it('stays while a contract goes on, and may go when all have ended', async () => {
    const contract = 'ab'.repeat(32)
    await note(contract, { role: 'worker' })
    await note('cd'.repeat(32), { role: 'payer', ended: 'FINAL' })
    expect(await refusal()).toMatchObject({ code: 'KEY_IN_CONTRACTS', details: { contracts: [contract] } })
    await note(contract, { role: 'worker', ended: 'FINAL' })
    expect(await refusal()).toBeUndefined()
  })

  it('is changed by one command after the other', async () => {
    const order: string[] = []
    const work = async (name: string): Promise<void> =>
      await changeKeys(dataDir, async () => {
        order.push(`${name} begins`)
        await new Promise<void>((resolve) => setImmediate(resolve))
        order.push(`${name} ends`)
      })
    await Promise.all(['one', 'two', 'three'].map(work))
    expect(order.filter((_, index) => index % 2 === 0).map((text) => text.replace('begins', 'ends'))).toEqual(
      order.filter((_, index) => index % 2 === 1),
    )
    expect(order).toHaveLength(6)
  })
})

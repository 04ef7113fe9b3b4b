import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import { ANSWERS } from '../../../src/market/parties/outbox.ts'
import { Party } from '../../../src/market/parties/party.ts'
import { PartyJournal } from '../../../src/market/parties/journal/party-journal.ts'
import type { PartyLimits } from '../../../src/market/parties/journal/party-knowledge.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { MarketWorld, nanos, SET, USD } from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

describe('what the notary set answers outside of contracts', () => {
  async function issuer(limits: Partial<PartyLimits>): Promise<{
    readonly party: Party
    readonly issue: (n: number) => Promise<string>
    readonly reopen: () => Promise<PartyJournal>
  }> {
    const world = await MarketWorld.create()
    const { party: bank } = await world.party(KEYS.bank, createMemoryEventLog())
    const stores = { log: createMemoryEventLog(), files: createMemoryKeyValueStore() }
    const party = await Party.open({ ...bank.components, ...stores }, { network: bank.network, limits })
    const issue = async (n: number): Promise<string> => {
      const id = parseTransferId(`0${sha256Hex(`issue ${n}`).slice(0, 31)}`)
      if (id === undefined) throw new TypeError('unreachable')
      const body = {
        id,
        owner: KEYS.buyer.did,
        currency: USD,
        amountNanos: nanos(1),
        reference: 'x',
        isConfirmed: true,
      }
      const kept = await party.wallet.say({ act: `issue/${n}`, type: 'ledger-issue', body, aud: SET.id })
      return (await party.outbox.submit(kept)).effect
    }
    return { party, issue, reopen: async () => await PartyJournal.open(stores, limits) }
  }

  it('goes with its message, bytes and all', async () => {
    const { party, issue, reopen } = await issuer({ filesMax: 6, notesMax: 6, envelopesMax: 4 })
    for (let n = 0; n < 20; n += 1) expect(await issue(n)).toBe('applied')
    const last = party.journal.said('issue/19')?.envelope.hash
    for (const journal of [party.journal, await reopen()]) {
      expect(journal.fill.files[0]?.[0]).toBe(4)
      expect(journal.notesOf(ANSWERS)).toHaveLength(4)
      expect(journal.note(ANSWERS, `ledger-issue/${last}`)).toEqual({ effect: 'applied' })
    }
    expect(await party.components.files.count()).toBe(4)
  })

  it('is told where there is no room for it', async () => {
    const { issue } = await issuer({ filesMax: 2 })
    for (let n = 0; n < 4; n += 1) expect(await issue(n)).toBe('applied')
  })
})

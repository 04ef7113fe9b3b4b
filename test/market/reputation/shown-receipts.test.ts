import { describe, expect, it } from 'vitest'
import { type FixedKey, fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { CONTRACTS } from '../../../src/market/parties/contracts/contract-notes.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { shownReceipts } from '../../../src/market/reputation/shown-receipts.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import type { MessageBody } from '../../../src/wire/v1/message-types.ts'
import { MarketWorld, nanos, USD } from '../parties/market-world.ts'
import { contractNamed, KEYS } from '../parties/party-fixtures.ts'

type Receipt = MessageBody<'reputation-receipt'>

/** A seller, and payers that say how its contracts ended. */
async function openScene() {
  const world = await MarketWorld.create()
  const { party: seller } = await world.party(KEYS.seller, createMemoryEventLog())
  const payers = new Map<FixedKey, Party>()
  const partyOf = async (key: FixedKey): Promise<Party> => {
    const known = payers.get(key) ?? (await world.party(key, createMemoryEventLog())).party
    payers.set(key, known)
    return known
  }
  /** @returns The receipt's text. */
  const end = async (name: string, payer: FixedKey, changes: Partial<Receipt> = {}): Promise<string> => {
    const contract = contractNamed(name)
    const [payerSource, workerSource] = ['88'.repeat(32), '99'.repeat(32)] as readonly string[] as readonly [Hash, Hash]
    const at = world.time.clock.now()
    const amounts = { currency: USD, heldNanos: nanos(1_000), workerNanos: nanos(1_000) }
    const who = { contract, payer: payer.did, worker: KEYS.seller.did, payerSource, workerSource }
    const body: Receipt = { ...who, ...amounts, cause: 'accepted', fault: 'none', heldAt: at, endedAt: at, ...changes }
    const said = { act: name, type: 'reputation-receipt', body, aud: '*', subject: contract } as const
    const { bytes } = await (await partyOf(payer)).wallet.say(said)
    const text = new TextDecoder().decode(bytes)
    const read = seller.read(text, 'reputation-receipt')
    if (read === undefined) throw new TypeError('a receipt')
    await seller.hear(read)
    await seller.keep(CONTRACTS, contract, { role: 'worker', other: payer.did, ended: 'FINAL' })
    return text
  }
  return { seller, end }
}

describe('receipts that a seller shows', () => {
  it('are the newest of each payer, the newest payer first, and so many at most', async () => {
    const { seller, end } = await openScene()
    await end('old', KEYS.buyer)
    const [one, two, three] = [await end('new', KEYS.buyer), await end('b', KEYS.rival), await end('c', KEYS.bank)]
    expect(shownReceipts(seller, 4)).toEqual([three, two, one])
    expect(shownReceipts(seller, 2)).toEqual([three, two])
  })

  it('are of work that was paid, without fault, and for the key that sells now', async () => {
    const { seller, end } = await openScene()
    await end('unpaid', KEYS.buyer, { workerNanos: nanos(0) })
    await end('fault', KEYS.rival, { fault: 'worker' })
    await end('former', KEYS.bank, { worker: fixedKey(77).did })
    expect(shownReceipts(seller, 4)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { askOffers } from '../../../src/market/parties/buying/find-sellers.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { KEYS } from './party-fixtures.ts'

/** A party whose questions fail with these codes, one after the other, and are answered from then on. */
function partyOf(codes: readonly ConstructorParameters<typeof CodedError>[0][]): { party: Party; asked: () => number } {
  let asked = 0
  const ask = async (): Promise<unknown> => {
    asked += 1
    const code = codes[asked - 1]
    if (code !== undefined) throw new CodedError(code, { message: 'no answer' })
    return await Promise.resolve({ frame: { type: 'offers', envelopes: ['heard'] }, bytes: new Uint8Array(0) })
  }
  const read = (): unknown => ({ envelope: { body: { node: KEYS.seller.did } } })
  const party = { components: { door: { ask } }, isStopped: false, signal: new AbortController().signal, read }
  return { party: party as unknown as Party, asked: () => asked }
}

describe('a connection that is dead without anybody knowing', () => {
  it.each(['NETWORK_TIMEOUT', 'NETWORK_UNREACHABLE'] as const)('costs no offers: %s once', async (code) => {
    const { party, asked } = partyOf([code])
    expect(await askOffers(party, KEYS.seller.did, 'text.word-count')).toHaveLength(1)
    expect(asked()).toBe(2)
  })

  it('is not asked for ever, and a refusal is one', async () => {
    const dead = partyOf(['NETWORK_TIMEOUT', 'NETWORK_TIMEOUT', 'NETWORK_TIMEOUT'])
    expect(await askOffers(dead.party, KEYS.seller.did, 'text.word-count')).toEqual([])
    expect(dead.asked()).toBe(2)
    const refusing = partyOf(['NETWORK_PEER_UNKNOWN'])
    expect(await askOffers(refusing.party, KEYS.seller.did, 'text.word-count')).toEqual([])
    expect(refusing.asked()).toBe(1)
  })
})

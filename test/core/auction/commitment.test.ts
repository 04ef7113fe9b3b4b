import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { commitmentOf, tieKeyOf } from '../../../src/core/auction/commitment.ts'
import { depositId } from '../../../src/core/auction/deposits.ts'
import { bidOf, didOf, hashOf, saltOf } from './auction-world.ts'

/** Written from the specification, with the platform's own hash. */
function hashByHand(domain: string, ...parts: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const part of [Buffer.from(domain), ...parts]) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    hash.update(length).update(part)
  }
  return hash.digest('hex')
}

describe('hashes of an auction', () => {
  const auction = hashOf('auction')
  const bidder = didOf('alice')
  const salt = saltOf('alice')

  it('commit to domain, auction, bidder, salt and canonical bid', () => {
    const byHand = hashByHand(
      'kernell/auction/commitment/v1',
      Buffer.from(auction, 'hex'),
      Buffer.from(bidder),
      Buffer.from(salt, 'base64url'),
      Buffer.from('{"latencyMs":100,"priceNanos":"40"}'),
    )
    expect(commitmentOf({ auction, bidder, salt, bid: bidOf(40) })).toBe(byHand)
  })

  it('differ for another auction, bidder, salt, price or latency', () => {
    const parts = { auction, bidder, salt, bid: bidOf(40) }
    const all = [
      parts,
      { ...parts, auction: hashOf('other') },
      { ...parts, bidder: didOf('bob') },
      { ...parts, salt: saltOf('bob') },
      { ...parts, bid: bidOf(41) },
      { ...parts, bid: bidOf(40, 101) },
    ].map(commitmentOf)
    expect(new Set(all).size).toBe(all.length)
  })

  it('rank equals by beacon and commitment', () => {
    const [beacon, commitment] = [hashOf('beacon'), hashOf('commitment')]
    const byHand = hashByHand('kernell/auction/tie/v1', Buffer.from(beacon, 'hex'), Buffer.from(commitment, 'hex'))
    expect(tieKeyOf(beacon, commitment)).toBe(byHand)
    expect(tieKeyOf(undefined, commitment)).toBe(commitment)
  })

  it('name the orders of a deposit, another one for each message', () => {
    const envelope = hashOf('message')
    const byHand = hashByHand(
      'kernell/auction/deposit-hold/v1',
      Buffer.from(auction, 'hex'),
      Buffer.from(bidder),
      Buffer.from(envelope, 'hex'),
    )
    expect(depositId('hold', auction, { bidder, envelope })).toBe(byHand.slice(0, 32))
    expect(depositId('end', auction, { bidder, envelope })).not.toBe(byHand.slice(0, 32))
    expect(depositId('hold', auction, { bidder, envelope: hashOf('other') })).not.toBe(byHand.slice(0, 32))
  })
})

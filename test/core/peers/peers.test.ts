import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { addressBlockOf } from '../../../src/core/peers/address-block.ts'
import {
  BOOK_ADDRESSES_MAX,
  BOOK_PEERS_MAX,
  BOOK_TOLD_MAX,
  BOOK_TOLD_PER_TELLER_MAX,
  type BookPlace,
  type KnownAddress,
  whoGivesWay,
  withAddress,
  withoutProof,
} from '../../../src/core/peers/address-book.ts'
import {
  CONDUCT_POINTS,
  CUT_POINTS,
  isBanned,
  judgeConduct,
  newPeerScore,
  POINTS_MAX,
  scoreAt,
} from '../../../src/core/peers/peer-score.ts'
import { fullBucket, takeTokens, waitOf } from '../../../src/core/peers/token-bucket.ts'

const at = timestampFromMs
const DAY = 86_400_000

describe('a block of addresses', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['::ffff:c000:24d', '192.0.2.0/24'],
    ['0:0:0:0:0:FFFF:c000:024d', '192.0.2.0/24'],
    ['64:ff9b::c000:24d', '192.0.2.0/24'],
    ['64:ff9b::192.0.2.77', '192.0.2.0/24'],
    ['64:ff9b:0:0:0:0:7:1', '0.7.0.0/24'],
    ['64:ff9b:1::c000:24d', '64:ff9b:1:0::/64'],
    ['2002:c000:24d:1::5', '192.0.2.0/24'],
    ['::192.0.2.77', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['node.example', 'node.example'],
  ])('of %s is %s', (host, block) => {
    expect(addressBlockOf(host)).toBe(block)
  })
})

describe('a token bucket', () => {
  const rate = { perSecond: 10, burst: 5 }

  it('gives its burst at once, and then as much as comes back', () => {
    let bucket = fullBucket(rate, 0)
    for (let count = 0; count < 5; count += 1) bucket = takeTokens(bucket, { rate, count: 1, atMs: 0 })
    expect(waitOf(bucket, rate)).toBe(0)
    bucket = takeTokens(bucket, { rate, count: 1, atMs: 0 })
    expect(waitOf(bucket, rate)).toBe(100)
    expect(waitOf(takeTokens(bucket, { rate, count: 0, atMs: 100 }), rate)).toBe(0)
  })

  it('never holds more than its burst, and gives nothing for a clock that went back', () => {
    expect(takeTokens(fullBucket(rate, 0), { rate, count: 0, atMs: 1_000_000 }).tokens).toBe(5)
    expect(takeTokens({ tokens: 0, atMs: 1_000 }, { rate, count: 0, atMs: 0 })).toEqual({ tokens: 0, atMs: 1_000 })
  })
})

describe('the score of a peer', () => {
  const faults = (count: number, start = newPeerScore(at(0)), ms = 0) => {
    let judged = { score: start, isCut: false }
    for (let index = 0; index < count; index += 1) judged = judgeConduct(judged.score, 'frame-invalid', at(ms))
    return judged
  }

  it('survives one fault and not a second one soon after', () => {
    expect(faults(1)).toEqual({ score: { points: -60, at: 0, bans: 0, bannedUntil: undefined }, isCut: false })
    expect(faults(2)).toEqual({ score: { points: -120, at: 0, bans: 1, bannedUntil: 600_000 }, isCut: true })
  })

  it('is told once of a cut, however many faults follow', () => {
    expect(faults(3).isCut).toBe(false)
    expect(faults(3).score.bannedUntil).toBe(600_000)
  })

  it('fades to nothing, from both sides', () => {
    expect(scoreAt(faults(1).score, at(61 * 60_000)).points).toBe(0)
    const good = judgeConduct(newPeerScore(at(0)), 'answered', at(0)).score
    expect(scoreAt(good, at(60_000)).points).toBe(0)
  })

  it('has a ceiling, so that no service is a licence', () => {
    let { score } = faults(0)
    for (let count = 0; count < 1_000; count += 1) score = judgeConduct(score, 'answered', at(0)).score
    expect(score.points).toBe(POINTS_MAX)
    expect(POINTS_MAX + 4 * CONDUCT_POINTS['frame-invalid']).toBeLessThan(CUT_POINTS)
  })

  it('is banned twice as long each time, up to a day, and half forgiven afterwards', () => {
    let { score } = faults(2)
    const spans: number[] = []
    for (let count = 0; count < 10; count += 1) {
      const endMs = score.bannedUntil ?? at(0)
      expect(isBanned(score, at(endMs - 1))).toBe(true)
      expect(isBanned(scoreAt(score, endMs), endMs)).toBe(false)
      expect(scoreAt(score, endMs).points).toBeGreaterThanOrEqual(CUT_POINTS / 2)
      score = faults(2, score, endMs).score
      spans.push(((score.bannedUntil ?? 0) - endMs) / 60_000)
    }
    expect(spans.slice(0, 4)).toEqual([20, 40, 80, 160])
    expect(spans.at(-1)).toBe(24 * 60)
  })

  it('forgets a ban in a week without another', () => {
    const { score } = faults(2)
    expect(scoreAt(score, at(8 * DAY)).bans).toBe(0)
  })
})

describe('the addresses of a node', () => {
  const known = (address: string, source: KnownAddress['source'], ms = 0): KnownAddress => ({
    address,
    source,
    at: at(ms),
  })

  it('that were proved are not displaced by what others tell', () => {
    let addresses: readonly KnownAddress[] = []
    for (let index = 0; index < BOOK_ADDRESSES_MAX; index += 1)
      addresses = withAddress(addresses, known(`/${index}`, 'proved')) ?? []
    expect(withAddress(addresses, known('/false', 'told-by-others', 9))).toBeUndefined()
    expect(withAddress(addresses, known('/own', 'told-by-itself', 9))).toBeUndefined()
    expect(withAddress(addresses, known('/new', 'proved', 9))?.[0]?.address).toBe('/new')
  })

  it('keep the best that is known of each', () => {
    const proved = withAddress([], known('/a', 'proved')) ?? []
    expect(withAddress(proved, known('/a', 'told-by-others', 5))).toEqual([known('/a', 'proved', 5)])
  })

  it('are known no better than told after nobody answered there, but for those that were named', () => {
    const addresses = [known('/a', 'named'), known('/b', 'proved')]
    expect(withoutProof(withoutProof(addresses, '/a'), '/b')).toEqual([
      known('/a', 'named'),
      known('/b', 'told-by-itself'),
    ])
  })
})

describe('the book of addresses', () => {
  const place = (index: number, change: Partial<BookPlace> = {}): BookPlace => ({
    peer: `peer-${index}` as Did,
    isTrusted: false,
    tellerBlock: `teller-${index}`,
    block: `block-${index}`,
    at: at(index),
    ...change,
  })
  const many = (count: number, change: (index: number) => Partial<BookPlace>): BookPlace[] =>
    Array.from({ length: count }, (_, index) => place(index, change(index)))

  it('has room for what is told, and then a teller displaces what it told before', () => {
    const told = many(BOOK_TOLD_PER_TELLER_MAX, () => ({ tellerBlock: 'liar' }))
    expect(whoGivesWay(told, place(99))).toBeUndefined()
    expect(whoGivesWay(told, place(99, { tellerBlock: 'liar' }))).toBe('peer-0')
  })

  it('limits what is told of one block, whoever tells it', () => {
    const told = many(32, () => ({ block: 'trap' }))
    expect(whoGivesWay(told, place(99, { block: 'trap' }))).toBe('peer-0')
  })

  it('gives the place of the loudest teller to a new one, and never that of a node that was reached', () => {
    const proved = many(BOOK_PEERS_MAX - BOOK_TOLD_MAX, () => ({ isTrusted: true })).map((each, index) => ({
      ...each,
      peer: `proved-${index}` as Did,
    }))
    const told = many(BOOK_TOLD_MAX, (index) => ({
      tellerBlock: index % 31 === 5 ? 'loud' : `teller-${index % 1_000}`,
    }))
    expect(whoGivesWay([...proved, ...told], place(9_999))).toBe('peer-5')
  })

  it('takes a node that was reached for one that is only told of', () => {
    const all = [...many(BOOK_PEERS_MAX - 1, () => ({ isTrusted: true })), place(9_000)]
    expect(whoGivesWay(all, place(9_999, { isTrusted: true }))).toBe('peer-9000')
    expect(
      whoGivesWay(
        many(BOOK_PEERS_MAX, () => ({ isTrusted: true })),
        place(9_999),
      ),
    ).toBe('peer-9999')
  })
})

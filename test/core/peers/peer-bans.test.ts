import { describe, expect, it } from 'vitest'
import { timestampFromMs as at } from '../../../src/base/time.ts'
import { type Did, parseDid } from '../../../src/core/evidence/names.ts'
import { type ConductTally, explainScore, withConduct } from '../../../src/core/peers/conduct-tally.ts'
import { isInForce, PEER_BANS_MAX, type PeerBan, placeBan } from '../../../src/core/peers/peer-bans.ts'
import { CUT_POINTS, isBanned, judgeConduct, newPeerScore, pardoned } from '../../../src/core/peers/peer-score.ts'

/** A name of the right shape; which key it is of matters to nobody here. */
function didOf(number: number): Did {
  const made = parseDid(`did:key:z6Mk${number.toString(8).replaceAll('0', '8').padStart(44, '9')}`)
  if (made === undefined) throw new Error('no DID')
  return made
}

const banOf = (number: number, until?: number, since = 0): PeerBan => ({
  peer: didOf(number),
  since: at(since),
  until: until === undefined ? undefined : at(until),
  reason: 'floods',
  by: 'somebody',
})
const listOf = (bans: readonly PeerBan[]): ReadonlyMap<Did, PeerBan> => new Map(bans.map((ban) => [ban.peer, ban]))
const many = (count: number, until?: number): readonly PeerBan[] =>
  Array.from({ length: count }, (_, index) => banOf(index + 1, until))

describe('a ban', () => {
  it('is in force before its last instant, and one without an end always', () => {
    expect([0, 999, 1_000].map((ms) => isInForce(banOf(1, 1_000), at(ms)))).toEqual([true, true, false])
    expect(isInForce(banOf(1), at(Number.MAX_SAFE_INTEGER))).toBe(true)
  })

  it('has no room among as many as may be, and takes the place of one of the same peer all the same', () => {
    const full = listOf(many(PEER_BANS_MAX))
    expect(full.size).toBe(PEER_BANS_MAX)
    expect(placeBan(full, banOf(PEER_BANS_MAX + 1))).toEqual({ kind: 'full' })
    expect(placeBan(full, banOf(7, 5_000))).toEqual({ kind: 'kept', over: [] })
    expect(placeBan(listOf(many(PEER_BANS_MAX - 1)), banOf(PEER_BANS_MAX))).toEqual({ kind: 'kept', over: [] })
  })

  it('takes the room of those that are over', () => {
    const bans = [...many(PEER_BANS_MAX - 1), banOf(5_000, 100)]
    expect(placeBan(listOf(bans), banOf(6_000, undefined, 99))).toEqual({ kind: 'full' })
    expect(placeBan(listOf(bans), banOf(6_000, undefined, 100))).toEqual({ kind: 'kept', over: [didOf(5_000)] })
  })

  it('is there already where end and reason are the same, unless it is over', () => {
    const bans = listOf([banOf(1, 1_000)])
    expect(placeBan(bans, banOf(1, 1_000, 10))).toEqual({ kind: 'exists' })
    expect(placeBan(bans, { ...banOf(1, 1_000), reason: 'lies' }).kind).toBe('kept')
    expect(placeBan(bans, banOf(1, undefined)).kind).toBe('kept')
    expect(placeBan(bans, banOf(1, 1_000, 1_000)).kind).toBe('kept')
  })
})

describe('the explanation of a score', () => {
  it('is its parts, the worst first, and what time took away from them', () => {
    let score = newPeerScore(at(0))
    let tally: ConductTally = {}
    for (const [conduct, ms] of [
      ['answered', 0],
      ['frame-invalid', 0],
      ['stalled', 60_000],
    ] as const) {
      ;({ score } = judgeConduct(score, conduct, at(ms)))
      tally = withConduct(tally, conduct, at(ms))
    }
    const { parts, fadedPoints } = explainScore(score, tally)
    expect(parts).toEqual([
      { conduct: 'frame-invalid', count: 1, points: -60, lastAt: 0 },
      { conduct: 'stalled', count: 1, points: -30, lastAt: 60_000 },
      { conduct: 'answered', count: 1, points: 1, lastAt: 0 },
    ])
    expect(fadedPoints).toBe(1)
    expect(parts.reduce((sum, { points }) => sum + points, fadedPoints)).toBe(score.points)
  })

  it('says of a peer that did nothing that there is nothing', () => {
    expect(explainScore(newPeerScore(at(0)), {})).toEqual({ parts: [], fadedPoints: 0 })
  })
})

describe('a peer that is let in again by order', () => {
  const cut = judgeConduct(
    judgeConduct(newPeerScore(at(0)), 'frame-invalid', at(0)).score,
    'frame-invalid',
    at(0),
  ).score

  it('is as after a ban that has ended: it has little to lose, and the next ban is longer', () => {
    const score = pardoned(cut, at(1))
    expect([isBanned(cut, at(1)), isBanned(score, at(1))]).toEqual([true, false])
    expect([score.points, score.bans]).toEqual([CUT_POINTS / 2, 1])
    expect(judgeConduct(score, 'frame-invalid', at(1)).score.bannedUntil).toBe(1 + 2 * 600_000)
  })

  it('gains nothing where it was not cut off', () => {
    const { score } = judgeConduct(newPeerScore(at(0)), 'frame-invalid', at(0))
    expect(pardoned(score, at(0))).toEqual(score)
  })
})

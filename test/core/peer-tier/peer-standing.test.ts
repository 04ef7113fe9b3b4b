import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import {
  chanceOfRight,
  countLatency,
  countVerdict,
  fadeStanding,
  JUDGE_ACCEPTS_RIGHT,
  JUDGE_ACCEPTS_WRONG,
  type PeerStanding,
  type PeerVerdict,
  UNKNOWN_PEER,
} from '../../../src/core/peer-tier/peer-standing.ts'
import { caughtShareOf, isSpotChecked, spotCheckShare } from '../../../src/core/peer-tier/spot-check.ts'
import { PEER_SUCCESS_MIN } from '../../../src/core/peer-tier/trade-peers.ts'

const AT = timestampFromMs(1_000 * 86_400_000)
const HOUR_LATER = timestampFromMs(1_000 * 86_400_000 + 3_600_000)

function after(verdicts: readonly PeerVerdict[], standing: PeerStanding = UNKNOWN_PEER): PeerStanding {
  return verdicts.reduce((before, verdict) => countVerdict(before, { verdict, at: AT }), standing)
}

const chance = (standing: PeerStanding, newcomers = UNKNOWN_PEER, reputationPpm = 500_000): number =>
  chanceOfRight({ standing, newcomers, reputationPpm, at: AT })

const times = (count: number, verdict: PeerVerdict): readonly PeerVerdict[] => Array<PeerVerdict>(count).fill(verdict)

describe('what is known of a peer', () => {
  it('tries one of whom nothing is known, and is done with a liar after three refuted answers', () => {
    expect(chance(UNKNOWN_PEER)).toBeCloseTo(0.65)
    expect(chance(after(times(2, 'refuted')))).toBeGreaterThan(PEER_SUCCESS_MIN)
    expect(chance(after(times(3, 'refuted')))).toBeLessThan(PEER_SUCCESS_MIN)
  })

  it('counts silence like a wrong answer', () => {
    expect(chance(after(['undelivered']))).toBe(chance(after(['refuted'])))
  })

  it('is done with a peer that was good for long after three lies that are seen, not when it has forgotten the good', () => {
    let standing = after(times(500, 'confirmed'))
    let lies = 0
    for (; chance(standing) >= PEER_SUCCESS_MIN; lies += 1) standing = after(['refuted'], standing)
    expect(lies).toBe(3)
    expect(chance(after(['refuted'], after(times(500, 'confirmed'))))).toBeGreaterThan(0.9)
  })

  it.each([0.75, 0.85, 0.95])(
    'sees a peer that is right in %d of the cases turn within 15 answers in nine of ten runs, and leaves it alone by mistake in few',
    (right) => {
      const draws = createRandomStream(7)
      const accepted = (isRight: boolean): PeerVerdict =>
        draws.nextUnit() < (isRight ? JUDGE_ACCEPTS_RIGHT : JUDGE_ACCEPTS_WRONG) ? 'confirmed' : 'refuted'
      const found: number[] = []
      let [answers, left] = [0, 0]
      for (let run = 0; run < 300; run += 1) {
        let standing = UNKNOWN_PEER
        for (let at = 0; at < 60; at += 1) {
          standing = after([accepted(draws.nextUnit() < right)], standing)
          answers += 1
          left += Number(chance(standing) < PEER_SUCCESS_MIN)
        }
        let lies = 0
        for (; chance(standing) >= PEER_SUCCESS_MIN; lies += 1) standing = after([accepted(false)], standing)
        found.push(lies)
      }
      const inOrder = found.toSorted((one, other) => one - other)
      expect(inOrder[Math.floor(found.length * 0.9)]).toBeLessThanOrEqual(15)
      expect(left / answers).toBeLessThan(right > 0.8 ? 0.04 : 0.1)
    },
  )

  it('knows that a judge accepts wrong answers: one that passes as often as lies do is right never', () => {
    const lucky = Array.from({ length: 400 }, (_, at): PeerVerdict =>
      at % Math.round(1 / JUDGE_ACCEPTS_WRONG) === 0 ? 'confirmed' : 'refuted',
    )
    expect(chance(after(lucky))).toBeLessThan(0.25)
  })

  it('believes the next stranger less when strangers lied: another name is no new beginning', () => {
    const lied = after(times(8, 'refuted'))
    expect(chance(UNKNOWN_PEER, lied)).toBeLessThan(PEER_SUCCESS_MIN)
    expect(chance(after(times(20, 'confirmed')), lied)).toBeGreaterThan(0.7)
  })

  it('forgets half of it each hour, so that a bad start is not for ever', () => {
    const liar = after(times(4, 'refuted'))
    const faded = fadeStanding(liar, HOUR_LATER)
    expect(faded).toMatchObject({ bad: 2, streak: 0, counted: 4 })
    expect(
      chanceOfRight({ standing: liar, newcomers: UNKNOWN_PEER, reputationPpm: 500_000, at: HOUR_LATER }),
    ).toBeGreaterThan(PEER_SUCCESS_MIN)
    expect(fadeStanding(after(['refuted']), timestampFromMs(0))).toEqual(after(['refuted']))
  })

  it('moves with reputation and with what was seen, in one direction', () => {
    const verdicts = fc.array(fc.constantFrom<PeerVerdict>('confirmed', 'refuted', 'undelivered'), { maxLength: 60 })
    const reputation = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(verdicts, verdicts, reputation, reputation, (own, others, one, other) => {
        const [standing, pool] = [after(own), after(others)]
        const [low, high] = [Math.min(one, other), Math.max(one, other)]
        expect(chance(standing, pool, high)).toBeGreaterThanOrEqual(chance(standing, pool, low))
        expect(chance(after(['confirmed'], standing), pool, low)).toBeGreaterThanOrEqual(
          chance(standing, pool, low) - 1e-9,
        )
        expect(chance(after(['refuted'], standing), pool, low)).toBeLessThanOrEqual(chance(standing, pool, low) + 1e-9)
        expect(standing.good + standing.bad).toBeLessThanOrEqual(30 + 1e-9)
      }),
      { numRuns: 200 },
    )
  })

  it('follows the time that purchases take', () => {
    expect(countLatency(UNKNOWN_PEER, 4_000).latencyMs).toBe(4_000)
    expect(countLatency(countLatency(UNKNOWN_PEER, 4_000), 14_000).latencyMs).toBe(7_000)
  })
})

describe('spot checks', () => {
  it('judges every answer of a newcomer, and of whoever was refuted until it is trusted again', () => {
    const shareOf = (standing: PeerStanding, right = 0.95): number => spotCheckShare({ standing, right })
    expect(shareOf(UNKNOWN_PEER)).toBe(1)
    expect(shareOf(after(times(3, 'confirmed')))).toBe(1)
    expect(shareOf(after(times(4, 'confirmed')))).toBe(0.25)
    expect(shareOf(after(times(4, 'confirmed')), 0.89)).toBe(1)
    expect(shareOf(after(['refuted'], after(times(9, 'confirmed'))))).toBe(1)
    expect(caughtShareOf({ standing: UNKNOWN_PEER, right: 0.65 })).toBeCloseTo(0.75)
  })

  it('draws by the name of the task: about the share of them, the same ones each time', () => {
    const trusted = { standing: after(times(10, 'confirmed')), right: 0.95 }
    const drawn = Array.from({ length: 2_000 }, (_, at) => isSpotChecked(trusted, `task-${at}`))
    expect(drawn.filter(Boolean).length / drawn.length).toBeCloseTo(0.25, 1)
    expect(isSpotChecked(trusted, 'task-7')).toBe(drawn[7])
  })
})

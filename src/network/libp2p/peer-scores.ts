import type { Did } from '../../core/evidence/names.ts'
import { type ConductTally, explainScore, type ScoreExplanation, withConduct } from '../../core/peers/conduct-tally.ts'
import {
  type Conduct,
  isBanned,
  judgeConduct,
  newPeerScore,
  pardoned,
  type PeerScore,
  scoreAt,
} from '../../core/peers/peer-score.ts'
import type { Clock } from '../../ports/clock.ts'
import { SCORES_MAX } from './limits.ts'

/** Answers that are judged together: one alone is worth too little to be counted by itself. */
const ANSWERS_PER_POINT_GIVEN = 64

/** Conduct of the peers of this node, for as long as it runs: keys cost nothing, so a list of bad ones need not outlive it. */
export class PeerScores {
  private readonly clock: Pick<Clock, 'now'>
  private readonly onCut: (peer: Did) => void
  /** Least recently changed first. */
  private readonly scores = new Map<Did, PeerScore>()
  /** Of the peers that have a score. */
  private readonly tallies = new Map<Did, ConductTally>()
  private readonly answers = new Map<Did, number>()

  constructor(clock: Pick<Clock, 'now'>, onCut: (peer: Did) => void) {
    this.clock = clock
    this.onCut = onCut
  }

  get size(): number {
    return this.scores.size
  }

  /** Peers that did anything that counts. */
  get peers(): readonly Did[] {
    return [...this.scores.keys()]
  }

  scoreOf(peer: Did): PeerScore {
    const now = this.clock.now()
    const known = this.scores.get(peer)
    return known === undefined ? newPeerScore(now) : scoreAt(known, now)
  }

  /** Why its score is what it is. */
  explain(peer: Did): ScoreExplanation {
    return explainScore(this.scoreOf(peer), this.tallies.get(peer) ?? {})
  }

  isBanned(peer: Did): boolean {
    const known = this.scores.get(peer)
    return known !== undefined && isBanned(known, this.clock.now())
  }

  /** Judges what a peer did; cuts it off when that is enough. */
  note(peer: Did, conduct: Conduct): void {
    const now = this.clock.now()
    const { score, isCut } = judgeConduct(this.scores.get(peer) ?? newPeerScore(now), conduct, now)
    this.scores.delete(peer)
    this.scores.set(peer, score)
    this.tallies.set(peer, withConduct(this.tallies.get(peer) ?? {}, conduct, now))
    if (this.scores.size > SCORES_MAX) this.forgetOne()
    if (isCut) this.onCut(peer)
  }

  /** Lets a peer in again that was cut off. @returns Whether it was. */
  pardon(peer: Did): boolean {
    const now = this.clock.now()
    const known = this.scores.get(peer)
    if (known === undefined || !isBanned(known, now)) return false
    this.scores.set(peer, pardoned(known, now))
    return true
  }

  answered(peer: Did): void {
    const count = (this.answers.get(peer) ?? 0) + 1
    if (count < ANSWERS_PER_POINT_GIVEN) this.answers.set(peer, count)
    else {
      this.answers.delete(peer)
      this.note(peer, 'answered')
    }
  }

  /** A connection of the peer has ended. */
  left(peer: Did): void {
    this.answers.delete(peer)
  }

  /** The least recent of those that are welcome; a ban is forgotten last. */
  private forgetOne(): void {
    const now = this.clock.now()
    for (const [peer, score] of this.scores)
      if (!isBanned(score, now)) {
        this.forget(peer)
        return
      }
    const [oldest] = this.scores.keys()
    if (oldest !== undefined) this.forget(oldest)
  }

  private forget(peer: Did): void {
    this.scores.delete(peer)
    this.tallies.delete(peer)
  }
}

import type { Timestamp } from '../../base/time.ts'
import { type Conduct, CONDUCT_POINTS, type PeerScore } from './peer-score.ts'

/** How often a peer did what, and when last: why its score is what it is. */
export type ConductTally = Readonly<Partial<Record<Conduct, { readonly count: number; readonly lastAt: Timestamp }>>>

/** One kind of conduct as a part of a score. */
export type ScorePart = {
  readonly conduct: Conduct
  readonly count: number
  /** What it was worth in all, when it happened. */
  readonly points: number
  readonly lastAt: Timestamp
}

export type ScoreExplanation = {
  readonly parts: readonly ScorePart[]
  /** What time and the limits of a score have taken away from the parts, or given back: the parts and this are the score. */
  readonly fadedPoints: number
}

export function withConduct(tally: ConductTally, conduct: Conduct, at: Timestamp): ConductTally {
  return { ...tally, [conduct]: { count: (tally[conduct]?.count ?? 0) + 1, lastAt: at } }
}

/** The parts of a score, the worst first. */
export function explainScore({ points }: Pick<PeerScore, 'points'>, tally: ConductTally): ScoreExplanation {
  const parts = CONDUCTS.flatMap((conduct): readonly ScorePart[] => {
    const counted = tally[conduct]
    return counted === undefined ? [] : [{ conduct, ...counted, points: counted.count * CONDUCT_POINTS[conduct] }]
  })
  const sum = parts.reduce((total, part) => total + part.points, 0)
  return { parts: parts.toSorted((one, other) => one.points - other.points), fadedPoints: points - sum }
}

const CONDUCTS = Object.keys(CONDUCT_POINTS) as readonly Conduct[]

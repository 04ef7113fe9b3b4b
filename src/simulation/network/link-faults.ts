import type { RandomStream } from '../../base/random-stream.ts'

/** How messages from one node to another fare. Shares are 0 to 1. */
export type LinkFaults = {
  /** One way, drawn evenly between the two, so that messages overtake each other. */
  readonly latencyMsMin: number
  readonly latencyMsMax: number
  /** Messages that never arrive. */
  readonly loss: number
  /** Messages that arrive twice. */
  readonly duplication: number
}

/** A link without faults, as all are unless a scenario says otherwise: 1 to 3 ms one way, nothing lost, nothing twice. */
export const GOOD_LINK: LinkFaults = { latencyMsMin: 1, latencyMsMax: 3, loss: 0, duplication: 0 }

/** When the copies of a message arrive, in milliseconds from now: none, one or two. */
export function arrivalsOf(faults: LinkFaults, random: RandomStream): readonly number[] {
  const { latencyMsMin, latencyMsMax, loss, duplication } = faults
  // The same number of draws for each message: a fault that is taken away changes the fate of no other one.
  const [lost, twice, first, second] = [0, 0, 0, 0].map(() => random.nextUnit()) as [number, number, number, number]
  if (lost < loss) return []
  const latencyOf = (draw: number): number => latencyMsMin + draw * (latencyMsMax - latencyMsMin)
  return twice < duplication ? [latencyOf(first), latencyOf(second)] : [latencyOf(first)]
}

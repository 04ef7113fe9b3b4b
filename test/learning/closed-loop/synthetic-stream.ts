import { createRandomStream } from '../../../src/base/random-stream.ts'
import type { ModelOutcome, RoutingRow } from '../../../src/core/learning/routing-rows.ts'

export const MODELS = ['alpha', 'beta', 'gamma'] as const

/** Short questions that all can answer and sums that only gamma can; alpha is always worse than beta, and as dear. */
export function syntheticStream(count: number, seed: number): readonly RoutingRow[] {
  const random = createRandomStream(seed)
  return Array.from({ length: count }, (_, index) => {
    const isSum = random.nextUnit() < 0.5
    const prompt = isSum
      ? `Compute ${index} + ${Math.floor(1000 * random.nextUnit())} * 17 - 4 and then divide ${index} by 3.`
      : `Which animal is number ${index} in the book?\nA. a cat\nB. a dog\nC. a whale\nD. a bird`
    const outcome = (chance: number, costUsd: number): ModelOutcome => ({
      score: random.nextUnit() < chance ? 1 : 0,
      costUsd,
    })
    return {
      prompt,
      isContaminated: false,
      outcomes: new Map([
        ['alpha', outcome(isSum ? 0.1 : 0.5, 0.001)],
        ['beta', outcome(isSum ? 0.2 : 0.9, 0.001)],
        ['gamma', outcome(isSum ? 0.95 : 0.92, 0.02)],
      ]),
    }
  })
}

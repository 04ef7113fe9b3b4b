import { exp } from '../../base/deterministic-math.ts'
import type { RandomStream } from '../../base/random-stream.ts'
import type { LogNormal } from './model-profile.ts'

/** Sum of twelve even draws, less six: mean 0, variance 1, and nothing beyond six deviations. Needs no function that engines compute differently. */
export function drawNormal(random: RandomStream): number {
  let sum = -6
  for (let draw = 0; draw < 12; draw += 1) sum += random.nextUnit()
  return sum
}

export function drawLogNormal(random: RandomStream, { mean, deviation }: LogNormal): number {
  return exp(mean + deviation * drawNormal(random))
}

/** An item, each with its weight; `undefined` of no items. */
export function drawWeighted<Item>(
  random: RandomStream,
  items: readonly (readonly [item: Item, weight: number])[],
): Item | undefined {
  let left = random.nextUnit() * items.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [item, weight] of items) {
    left -= weight
    if (left < 0) return item
  }
  return items.at(-1)?.[0]
}

/** P(X <= hits) of a binomial distribution, summed in logarithms; `chance` between 0 and 1. */
export function atMost(hits: number, trials: number, chance: number): number {
  let log = trials * Math.log(1 - chance)
  let sum = 0
  for (let at = 0; at <= hits; at += 1) {
    sum += Math.exp(log)
    log += Math.log(((trials - at) / (at + 1)) * (chance / (1 - chance)))
  }
  return Math.min(1, sum)
}

/** P(X >= hits). */
export function atLeast(hits: number, trials: number, chance: number): number {
  return hits === 0 ? 1 : 1 - atMost(hits - 1, trials, chance)
}

/** From so many runs on what is promised is held as it is written; with fewer, luck has room. */
const RUNS_OF_THE_PROMISE = 1000

/** Whether a share is above the most that is promised by more than luck in so few trials. */
export function isAbove(hits: number, trials: number, most: number): boolean {
  if (hits / trials <= most) return false
  return trials >= RUNS_OF_THE_PROMISE || atLeast(hits, trials, most) < 0.01
}

/** The same below the least. */
export function isBelow(hits: number, trials: number, least: number): boolean {
  if (hits / trials >= least) return false
  return trials >= RUNS_OF_THE_PROMISE / 5 || atMost(hits, trials, least) < 0.01
}

/**
 * Whether a coverage that was seen lies outside of a range around 95 %: the range as it is for many trials, and for few wherever luck
 * takes a true coverage of 95 % with less than this probability on either side.
 */
export function isOutside(
  share: number,
  trials: number,
  { range, luck }: { readonly range: readonly [number, number]; readonly luck: number },
): boolean {
  const hits = Math.round(share * trials)
  if (share < range[0]) return atMost(hits, trials, 0.95) < luck
  return share > range[1] && atLeast(hits, trials, 0.95) < luck
}

/**
 * A test of "the mean of this difference is at most zero" that may be looked at after every observation. One dollar is bet on the
 * contrary; while the claim is true nobody can expect to win, and by Ville's inequality (1939) the chance that the wealth ever reaches
 * 1 / alpha is at most alpha, however often and at whatever moment one looks.
 *
 * The wealth after difference D is multiplied by 1 + bet * D (Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by
 * betting, section 4), averaged over three sizes of the bet: a large one wins fast against a gross fault, a small one slowly against a slight
 * one. A part of the dollar is held back and put in later, 1 / (k (k - 1)) of it before the k-th observation, so that what went well for
 * long and then goes wrong is noticed too (a mixture over starting times as in Shin, Ramdas and Rinaldo 2024, E-detectors, section 3): all
 * that is put in together stays one dollar, and so does the guarantee.
 */
export type Bet = {
  /** Differences bet on so far. */
  readonly count: number
  /** By size of the bet, `BET_SIZES`; 0 or more each. */
  readonly wealths: readonly [number, number, number]
}

/** Sizes, as shares of the largest with which the wealth cannot become negative; and how the dollar is divided among them. */
const BET_SIZES = [0.85, 0.5, 0.15] as const
const BET_SHARES = [0.7, 0.25, 0.05] as const

/** What is put in before the first difference; the rest follows little by little. */
const FIRST_STAKE = 0.9

export const NEW_BET: Bet = { count: 0, wealths: [0, 0, 0] }

/**
 * Bets on one more difference.
 *
 * @param difference  At least `-lowest`; its mean is at most 0 while all is well.
 * @param lowest  More than 0. May differ from one difference to the next, but may not depend on them.
 */
export function betOn(bet: Bet, difference: number, lowest: number): Bet {
  const count = bet.count + 1
  const stake = count === 1 ? FIRST_STAKE : (1 - FIRST_STAKE) / (count * (count - 1))
  const grow = (index: 0 | 1 | 2): number =>
    Math.max(0, (bet.wealths[index] + stake) * (1 + (BET_SIZES[index] / lowest) * difference))
  return { count, wealths: [grow(0), grow(1), grow(2)] }
}

/** What the dollar has become; 1 / wealth is an upper bound for the chance of so much while all is well. */
export function wealthOf({ wealths }: Bet): number {
  return BET_SHARES[0] * wealths[0] + BET_SHARES[1] * wealths[1] + BET_SHARES[2] * wealths[2]
}

/** Money in one place of a world: what an account holds, or what is on its way. Whole units of one currency. */
export type MoneyHeld = { readonly where: string; readonly amount: number | bigint }

/**
 * Money is neither made nor lost: what everybody has and what is on its way come to what there was, and nobody has less than nothing.
 *
 * @returns What is wrong; `undefined`: nothing.
 */
export function moneyConserved(expected: number | bigint, held: readonly MoneyHeld[]): string | undefined {
  let total = 0n
  for (const { where, amount } of held) {
    if (amount < 0) return `${where} has ${amount}`
    total += BigInt(amount)
  }
  return total === BigInt(expected) ? undefined : `${total} is there of ${expected}`
}

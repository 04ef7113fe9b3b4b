/** Rounds to 3 or 6 decimals. A number that lies exactly between two goes to the even one, so that other programs get the same digits. */
export function roundHalfEven(value: number, decimals: 3 | 6): number {
  // Only fractions of a power of two lie exactly between: halves of the last decimal are odd multiples of 2^-(decimals + 1).
  const halves = value * (decimals === 3 ? 16 : 128)
  const isTie = Number.isInteger(halves) && halves % 2 !== 0
  if (!isTie) return Math.abs(value) < 1e21 ? withoutMinus(Number(value.toFixed(decimals))) : value
  const twice = BigInt(halves) * (decimals === 3 ? 125n : 15_625n)
  const below = (twice - (twice < 0n ? -1n : 1n)) / 2n
  const even = below % 2n === 0n ? below : below + (twice < 0n ? -1n : 1n)
  return withoutMinus(Number(even) / (decimals === 3 ? 1000 : 1_000_000))
}

/** JSON has a minus zero, and nobody wants to read one. */
function withoutMinus(value: number): number {
  return value === 0 ? 0 : value
}

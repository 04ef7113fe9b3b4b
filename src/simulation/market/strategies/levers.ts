/** What a dishonest seller may do other than an honest one, each by a share of the occasions in millionths. */
export type SellerLevers = {
  /** What it asks, of what it would ask honestly. */
  readonly pricePerMillion: number
  /** Delivers a result that is made up. */
  readonly junkPerMillion: number
  /** Starts, and never delivers. */
  readonly idlePerMillion: number
  /** Bids in sealed auctions, and keeps the bid to itself. */
  readonly hidePerMillion: number
  /** Works honestly on so many contracts before it begins with any of that. */
  readonly honestFirst: number
  /** Only does so where the price is at least this share of its highest offer. */
  readonly largePerMillion: number
}

export const HONEST_LEVERS: SellerLevers = {
  pricePerMillion: 1_000_000,
  junkPerMillion: 0,
  idlePerMillion: 0,
  hidePerMillion: 0,
  honestFirst: 0,
  largePerMillion: 0,
}

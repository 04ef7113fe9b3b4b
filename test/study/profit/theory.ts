/** What theory says about one task, all in nano-credits. */
export type AuctionTruth = {
  /** True costs of the sellers who may do it. */
  readonly costs: readonly { readonly name: string; readonly cost: number }[]
  /** What its buyer pays at most. */
  readonly reserve: number
}

/** What an honest seller adds to its cost where it is paid what it asks. */
export type PriceRule = { readonly margin: number }

/**
 * The most that a cartel gains on a task against what competition would have brought: where the cheapest two are in it, the price rises from the second lowest cost (second
 * price), or from the lowest asking price (offers), to what the cheapest outsider would take, and never above the reserve.
 *
 * @see Graham and Marshall, Collusive Bidder Behavior at Single-Object Second-Price and English Auctions, JPE 95, 1987, section II; McAfee and McMillan 1992, section I
 */
export function cartelGain(
  { costs, reserve }: AuctionTruth,
  { members, isAuction, margin }: { readonly members: ReadonlySet<string>; readonly isAuction: boolean } & PriceRule,
): number {
  const asked = costs
    .map(({ name, cost }) => ({ name, price: isAuction ? cost : cost * (1 + margin) }))
    .toSorted((left, right) => left.price - right.price)
  const [first, second] = asked
  if (first === undefined || !members.has(first.name) || first.price > reserve) return 0
  const competitive = Math.min(reserve, isAuction ? (second?.price ?? reserve) : first.price)
  const outsider = asked.find(({ name }) => !members.has(name))?.price ?? reserve
  return Math.max(0, Math.min(reserve, outsider) - competitive)
}

export type ShillGain = {
  readonly gain: number
  /** The shill has bid lowest, and lost its deposit. */
  readonly isLost: boolean
  /** The most that any shill could have gained. */
  readonly bound: number
}

/**
 * What a buyer gains by a bid of its own in a sealed second-price auction: the second lowest cost less the shill's bid, where that lies between the lowest two; its deposit is
 * lost where the bid is the lowest. The second lowest standing price is the reserve.
 *
 * @see Rothkopf and Harstad, Two Models of Bid-Taker Cheating in Vickrey Auctions, Journal of Business 68, 1995, section II
 */
export function shillGain(
  { costs }: AuctionTruth,
  { bidShare, deposit, margin }: { readonly bidShare: number; readonly deposit: number } & PriceRule,
): ShillGain {
  const [first, second] = costs.map(({ cost }) => cost).toSorted((left, right) => left - right)
  if (first === undefined || second === undefined) return { gain: 0, isLost: false, bound: 0 }
  const bid = second * (1 + margin) * bidShare
  const bound = second - first
  if (bid < first) return { gain: -deposit, isLost: true, bound }
  return { gain: Math.max(0, second - bid), isLost: false, bound }
}

/**
 * From which share of deliveries that are seen through it does not pay to make results up: the price less the work saved is lost where it is seen, `q p + penalty > c`.
 *
 * @see Becker 1968; Sarmenta 2001, section 2.4, for spot-checks with penalty
 */
export function checksNeeded({
  price,
  cost,
  penalty,
}: {
  readonly price: number
  readonly cost: number
  readonly penalty: number
}): number {
  return Math.min(1, cost / (price + penalty))
}

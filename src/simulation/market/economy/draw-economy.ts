import type { RandomStream } from '../../../base/random-stream.ts'
import type { AuctionKind } from '../../../core/auction/auction-call.ts'

/** Work that anybody can look at: the number of words, and the number of letters, which takes four times as much. */
export const SKILL_COSTS = { 'text.words': 1, 'text.letters': 4 } as const
export type EconomySkill = keyof typeof SKILL_COSTS
export const ECONOMY_SKILLS = Object.keys(SKILL_COSTS) as readonly EconomySkill[]

export type EconomyDraw = {
  readonly sellers: number
  readonly buyers: number
  /** Purchases of each buyer. */
  readonly purchases: number
  /** Purchases begin within this time. */
  readonly untilMs: number
  /** Of the purchases, in millionths: an auction chooses the seller, and a predicate sees whether the result is right. */
  readonly auctionsPerMillion: number
  readonly checkedPerMillion: number
  readonly auction: AuctionKind
}

/** What a seller is truly like. Nano-units of the currency. */
export type SellerProfile = {
  readonly name: string
  readonly costNanos: Readonly<Record<EconomySkill, bigint>>
  /** What it asks in its standing offers. */
  readonly priceNanos: Readonly<Record<EconomySkill, bigint>>
  /** Tasks of a skill at one time. */
  readonly capacity: number
}

/** Something that a buyer truly wants. */
export type PlannedPurchase = {
  readonly key: string
  readonly skill: EconomySkill
  /** What the right result is worth to it; the most that it pays. */
  readonly valueNanos: bigint
  readonly atMs: number
  readonly text: string
  readonly auction: AuctionKind | undefined
  /** Whether a predicate tells a right result from a wrong one; otherwise it sees the shape alone. */
  readonly isChecked: boolean
}

export type BuyerProfile = { readonly name: string; readonly purchases: readonly PlannedPurchase[] }

export type Economy = { readonly sellers: readonly SellerProfile[]; readonly buyers: readonly BuyerProfile[] }

/** The least cost of a task, in nano-units: a twentieth of a credit. */
const COST_NANOS = 50_000_000n
const MILLION = 1_000_000n

/**
 * Who is there and what they want. Costs lie within a factor of two, margins are 10 to 40 %, and values 1.5 to 4 times the least cost of a task, so that not everything that
 * somebody wants is worth doing by everybody.
 */
export function drawEconomy(random: RandomStream, draw: EconomyDraw): Economy {
  const sellers = Array.from({ length: draw.sellers }, (_, at) => drawSeller(random, `seller-${at}`))
  const buyers = Array.from({ length: draw.buyers }, (_, at) => ({
    name: `buyer-${at}`,
    purchases: Array.from({ length: draw.purchases }, (_unused, purchase) => drawPurchase(random, draw, purchase)),
  }))
  return { sellers, buyers }
}

function drawSeller(random: RandomStream, name: string): SellerProfile {
  const factor = MILLION + BigInt(random.nextBelow(1_000_000))
  const margin = 1_100_000n + BigInt(random.nextBelow(300_000))
  const costs = ECONOMY_SKILLS.map((skill) => [skill, (COST_NANOS * BigInt(SKILL_COSTS[skill]) * factor) / MILLION])
  const costNanos = Object.fromEntries(costs) as SellerProfile['costNanos']
  const prices = ECONOMY_SKILLS.map((skill) => [skill, (costNanos[skill] * margin) / MILLION])
  return { name, costNanos, priceNanos: Object.fromEntries(prices) as SellerProfile['priceNanos'], capacity: 4 }
}

/** The same draws for each, whatever the options are. */
function drawPurchase(random: RandomStream, draw: EconomyDraw, at: number): PlannedPurchase {
  const skill = ECONOMY_SKILLS[random.nextBelow(ECONOMY_SKILLS.length)] ?? 'text.words'
  const valueNanos = (COST_NANOS * BigInt(SKILL_COSTS[skill]) * (1_500_000n + BigInt(random.nextBelow(2_500_000)))) / MILLION
  const atMs = Math.floor(((at + random.nextUnit()) / draw.purchases) * draw.untilMs)
  const words = Array.from({ length: 3 + random.nextBelow(9) }, () => random.nextBelow(1_000_000).toString(36))
  const isAuction = random.nextBelow(1_000_000) < draw.auctionsPerMillion
  const isChecked = random.nextBelow(1_000_000) < draw.checkedPerMillion
  const auction = isAuction ? draw.auction : undefined
  return { key: `purchase-${at}`, skill, valueNanos, atMs, text: words.join(' '), auction, isChecked }
}

/** The right result of a task. */
export function rightCount(skill: EconomySkill, text: string): number {
  if (skill === 'text.words') return text.split(' ').length
  return text.replaceAll(' ', '').length
}

import type { Amount } from '../../../base/money.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { AcceptanceResult } from '../../../core/acceptance/evaluate-predicate.ts'
import type { AuctionCall } from '../../../core/auction/auction-call.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { BuyRequest } from '../../../market/parties/buying/buy-order.ts'
import type { MarketFrame } from '../../../wire/v1/market-frames.ts'
import type { RunningParty } from '../party-machine.ts'

/**
 * How an agent of the marketplace decides what the product leaves to its owner. The product does the rest: whatever a strategy says, contracts, holds, rulings and
 * reputation are those of the real services. A strategy makes one play for each agent, which lives as long as the agent: processes die, their owner does not.
 */
export type Strategy = {
  readonly name: string
  /** How a seller of it plays; absent: honestly. */
  readonly seller?: (agent: AgentSelf) => Partial<SellerPlay>
  /** How a buyer of it plays; absent: honestly. */
  readonly buyer?: (agent: AgentSelf) => Partial<BuyerPlay>
}

/** Numbers of a strategy, by name; sweeps and searches change them. */
export type StrategyParameters = Readonly<Record<string, number>>

/** What a strategy sees of its agent, and what it can do besides its play. */
export type AgentSelf = {
  readonly name: string
  readonly side: 'seller' | 'buyer'
  /** Draws of this agent's strategy alone. */
  readonly random: RandomStream
  readonly parameters: StrategyParameters
  /** Agents of the same side and strategy, itself included: a cartel, a ring. */
  readonly ring: readonly AgentSelf[]
  /** Keys that it has had so far, those it has left included; the one that it works under comes last. */
  readonly identities: readonly AgentIdentity[]
  /** Virtual milliseconds since the world began. */
  nowMs(): number
  /** Leaves its name for a fresh one, which has what the owner pays in: as much as it is told, out of nothing. What is left on the old one still counts as the agent's. */
  changeIdentity(fundsNanos: Amount): Promise<AgentIdentity>
  /** Another name beside its own, on a side of its own: a shill, a sybil. Its play is given; what it leaves out is honest. */
  addIdentity(init: {
    readonly side: 'seller' | 'buyer'
    readonly fundsNanos: Amount
    readonly seller?: Partial<SellerPlay>
    readonly buyer?: Partial<BuyerPlay>
  }): Promise<AgentIdentity>
  /** A purchase besides the tasks that the scenario gives to buyers, for instance of one identity from another. */
  buy(identity: AgentIdentity, task: Omit<BuyerTask, 'key'> & { readonly key: string }): Promise<void>
  /** Counts what the strategy tried to get away with, and where it did. */
  count(what: 'attempt' | 'success'): void
}

export type AgentIdentity = {
  readonly name: string
  readonly did: Did
  readonly side: 'seller' | 'buyer'
  /** Its party, while its process runs. */
  readonly running: RunningParty | undefined
}

/** A kind of work that the market knows, as one seller sees it. */
export type SkillView = {
  readonly skill: string
  /** What one task of it truly costs this seller. */
  readonly costNanos: Amount
  /** What buyers pay for it at most, as far as anybody can know. */
  readonly usualNanos: Amount
}

/** One task that a seller has under contract. */
export type WorkTask = {
  readonly contract: ContractId
  readonly payer: Did | undefined
  readonly skill: string
  readonly costNanos: Amount
  readonly priceNanos: Amount | undefined
  /** Whether the predicate of the contract tells right from wrong by itself. */
  readonly isChecked: boolean
}

/** What a seller makes of a task. Right work costs its true cost; wrong work what is said; `never` is not delivered. */
export type WorkPlan =
  | { readonly kind: 'right'; readonly spanMs: number }
  | { readonly kind: 'wrong'; readonly spanMs: number; readonly costNanos: Amount }
  | { readonly kind: 'never' }

export type SellerPlay = {
  /** What it asks of everybody for a skill; `undefined`: it does not offer it. Asked at each start, and again where `offersEveryMs` of the scenario has passed. */
  ask(skill: SkillView): Amount | undefined
  /** What it bids on a call for a skill that it offers; `undefined`: nothing. */
  bid(call: AuctionCall, skill: SkillView): Amount | undefined
  work(task: WorkTask): WorkPlan
  /** Whether it takes notice of a question; what it does not is answered by nobody: a call, a list of commitments that wants its reveal, a contract, an input. */
  hears(frame: MarketFrame, from: Did): boolean
  /** A contract of it has ended. */
  onEnd(ended: EndedContract): Promise<void> | void
}

/** One task of a buyer. */
export type BuyerTask = {
  /** Names the purchase. */
  readonly key: string
  readonly skill: string
  /** What a right result is worth to it. */
  readonly valueNanos: Amount
  /** Whether a predicate tells right from wrong; else somebody has to look. */
  readonly isChecked: boolean
}

export type Delivery = {
  readonly contract: ContractId
  readonly terms: EscrowTerms
  readonly task: BuyerTask
  /** What the predicate says; `undefined` where nothing, or other bytes, came. */
  readonly judged: AcceptanceResult | undefined
}

export type BuyerPlay = {
  /** Changes of the purchase that an honest buyer would make; `undefined`: it does not buy. */
  request(task: BuyerTask): Partial<BuyRequest> | undefined
  /** Whether it looks at a result itself, at the scenario's cost, where the predicate leaves it open. */
  inspects(delivery: Delivery): boolean
  /** What it says to a delivery. `isRight` where it has looked, or the predicate says it. `silent`: nothing, until T_accept accepts. */
  decide(delivery: Delivery, isRight: boolean | undefined): 'accept' | 'reject' | 'silent'
  hears(frame: MarketFrame, from: Did): boolean
  onEnd(ended: EndedContract): Promise<void> | void
}

export type EndedContract = {
  readonly contract: ContractId
  readonly role: 'payer' | 'worker'
  readonly other: Did
  /** `FINAL`, `VOIDED`, ... or `LAPSED`. */
  readonly ended: string
  readonly priceNanos: Amount
  /** Of a seller: whether its work was right. */
  readonly wasRight: boolean | undefined
}

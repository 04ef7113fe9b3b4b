import { canonicalJson } from '../../base/canonical-json.ts'
import { amountFromNanos, type Amount } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { CivilDate } from '../../core/models/civil-date.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import { refuseLeaving, type LeavingTask } from '../../core/peer-tier/may-leave.ts'
import {
  AUCTION_VALUE_MIN,
  costOfOffer,
  OFFER_REFUSALS,
  type OfferNeed,
  type PeerOffer,
  refuseOffer,
} from '../../core/peer-tier/peer-offer.ts'
import { expectedCost } from '../../core/policy/expected-outcome.ts'
import { PEER_SUCCESS_MIN } from '../../core/peer-tier/trade-peers.ts'
import { caughtShareOf, isSpotChecked, type KnownPeer, spotCheckShare } from '../../core/peer-tier/spot-check.ts'
import type { Verdict } from '../../core/verification/verdict.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { OverheadCall } from '../../core/routing/task-outcome.ts'
import type { PeerRule } from '../../core/routing/decision-record.ts'
import type { LanguageModel, ModelAnswer, ModelRequest } from '../../ports/language-model.ts'
import { highestPrice, PeerModel, type PeerModelComponents, type QuotedOffers } from './peer-model.ts'
import type { PeerTierInit } from './peer-tier-init.ts'
import { encodePeerTask } from './peer-task.ts'
import { entryOfOffers, latencyOf } from './quote-entry.ts'

export type PeerTierComponents = PeerModelComponents & {
  /** The model that judges answers. */
  readonly findJudge: () => ModelEntry | undefined
  /** What stands between this node and each seller, such as what keeps secrets here. Absent: nothing. */
  readonly guard?: (model: LanguageModel) => LanguageModel
}

export type PeerQuestion = Omit<LeavingTask, 'isPlain'> & {
  readonly request: ModelRequest
  readonly needsMore: boolean
  readonly tokensIn: number
  readonly tokensOut: number
  readonly today: CivilDate
  /** What the task would cost elsewhere at least; `undefined` where that is unknown. */
  readonly elsewhereNanos: Amount | undefined
}

/** What peers ask for a task. */
export type PeerQuote = {
  readonly entries: readonly ModelEntry[]
  readonly excluded: readonly { readonly entry: ModelEntry; readonly because: string }[]
  readonly rule: PeerRule
  /** Name of the offers that were considered. */
  readonly version: string
}

/** What a judge reads beside question and answer, and what it writes. */
const JUDGE_TOKENS = { in: 200, out: 60 }
/** Offers that one decision looks at; the best ones by what a right answer costs. */
const OFFERS_QUOTED_MAX = 16
/** Candidates that a plan may still name. */
const QUOTED_MAX = 4_096
/** Nobody bids whose offer is so many times as dear as the best: it would raise what is set aside, and hardly win. */
const BID_SPREAD = 2n
/** Sellers that are asked to bid for one task at most. */
const BIDDERS_MAX = 8

/** Peers as candidates of the router: what they ask, what is known of them, and the model behind each. */
export class PeerTier {
  private readonly components: PeerTierComponents
  private readonly init: PeerTierInit
  private readonly quoted = new Map<string, QuotedOffers>()
  private readonly underWay = new Map<Hash, number>()

  constructor(components: PeerTierComponents, init: PeerTierInit) {
    this.components = components
    this.init = init
  }

  get rule(): PeerRule {
    return { riskMax: this.init.data.riskMax, latencyMsMax: this.init.latencyMsMax }
  }

  /** Who judges what is bought; `undefined`: nobody, and then nothing is. */
  get judge(): ModelEntry | undefined {
    return this.components.findJudge()
  }

  /** Answers at once; `undefined` where nobody offers anything. */
  quote(question: PeerQuestion): PeerQuote | undefined {
    const listed = this.listedOffers()
    if (listed.length === 0) return undefined
    const entryOf = (offers: QuotedOffers['offers'], isAuction = false): ModelEntry =>
      this.remember({ entry: this.entryOf(offers, { question, isAuction }), offers, isAuction })
    const whole = refuseLeaving(this.init.data, { ...question, isPlain: !question.needsMore })
    const inputBytes = encodePeerTask(question.request).byteLength
    const open: PeerOffer[] = []
    const excluded: PeerQuote['excluded'][number][] = []
    for (const offer of listed) {
      const because = whole ?? this.refuse(offer, inputBytes)
      if (because === undefined) open.push(offer)
      else excluded.push({ entry: entryOf([offer]), because })
    }
    const entries = this.entriesOf(open, question, entryOf)
    return { entries, excluded, rule: this.rule, version: versionOf(listed) }
  }

  /** The candidate of this name that was quoted last. */
  find(modelId: string): ModelEntry | undefined {
    return this.quoted.get(modelId)?.entry
  }

  /** Throws `TypeError` for an entry that was never quoted. */
  open({ id }: ModelEntry): LanguageModel {
    const quoted = this.quoted.get(id)
    if (quoted === undefined) throw new TypeError(`${id} was never quoted`)
    const { components, init } = this
    const model = new PeerModel(components, { init, quoted, onBegun: ({ id: offer }) => this.begin(offer) })
    return components.guard?.(model) ?? model
  }

  /** Whether a judge looks at this answer whatever the other checks say. */
  isChecked({ purchase }: ModelAnswer, taskId: string): boolean {
    if (purchase === undefined) return false
    const { offers } = this.components.market
    const reputationPpm = offers.find(({ seller }) => seller === purchase.seller)?.reputationPpm ?? 0
    return isSpotChecked(this.known(purchase.seller as Did, reputationPpm), taskId)
  }

  /** Learns what the checks found. Without evidence nothing is learned. */
  learn({ purchase }: ModelAnswer, { valid, checks }: Verdict, judgement?: OverheadCall): void {
    if (judgement?.costNanos !== undefined) this.components.book.countJudgement(judgement.costNanos)
    if (purchase === undefined) return
    const seller = purchase.seller as Did
    const judged = checks.find(({ name }) => name === 'judge' || name === 'exact-answer')
    const isInconclusive = judged?.detail.includes('inconclusive') === true
    if (!valid) this.components.book.count(seller, 'refuted')
    else if (judged !== undefined && !isInconclusive)
      this.components.book.count(seller, judged.passed ? 'confirmed' : 'refuted')
  }

  private known(seller: Did, reputationPpm: number): KnownPeer {
    const { book } = this.components
    return { standing: book.standingOf(seller), right: book.chanceOf(seller, reputationPpm) }
  }

  /** The cheapest by a right answer. Whoever nobody would buy from comes behind all others, however little it asks: names cost nothing, and must not shut out those that are worth it. */
  private listedOffers(): readonly PeerOffer[] {
    const { skills, sellers } = this.init
    const { market, book } = this.components
    const offers = market.offers.filter(
      ({ skill, seller }) => skills.includes(skill) && sellers?.includes(seller) !== false,
    )
    const weighed = offers.map((offer) => {
      const right = book.chanceOf(offer.seller, offer.reputationPpm)
      return { offer, isUsable: right >= PEER_SUCCESS_MIN, price: Number(offer.priceNanos) / right }
    })
    return weighed
      .toSorted((one, other) => Number(other.isUsable) - Number(one.isUsable) || one.price - other.price)
      .slice(0, OFFERS_QUOTED_MAX)
      .map(({ offer }) => offer)
  }

  private refuse(offer: PeerOffer, inputBytes: number): string | undefined {
    const { currency, priceNanosMax, latencyMsMax, reputationPpmMin } = this.init
    const at = this.components.clock.now()
    const need: OfferNeed = {
      skill: offer.skill,
      currency,
      inputBytes,
      latencyMsMax,
      priceNanosMax,
      reputationPpmMin,
      at,
    }
    const refusal = refuseOffer(offer, need, this.underWay.get(offer.id) ?? 0)
    return refusal === undefined ? undefined : OFFER_REFUSALS[refusal]
  }

  /** Each offer by itself; of dear tasks all that bid together, as one. */
  private entriesOf(
    open: readonly PeerOffer[],
    { elsewhereNanos = amountFromNanos(0n) }: PeerQuestion,
    entryOf: (offers: QuotedOffers['offers'], isAuction?: boolean) => ModelEntry,
  ): readonly ModelEntry[] {
    const single = (): readonly ModelEntry[] => open.map((offer) => entryOf([offer]))
    if (elsewhereNanos < AUCTION_VALUE_MIN) return single()
    // A known liar would win every auction, and speak for all who bid.
    const trusted = open.filter(
      ({ seller, reputationPpm }) => this.known(seller, reputationPpm).right >= PEER_SUCCESS_MIN,
    )
    const [first, ...rest] = trusted.slice(0, BIDDERS_MAX)
    const others = rest.filter(
      ({ skill, priceNanos }) => skill === first?.skill && priceNanos <= BID_SPREAD * first.priceNanos,
    )
    return first === undefined || others.length === 0 ? single() : [entryOf([first, ...others], true)]
  }

  private entryOf(
    offers: QuotedOffers['offers'],
    { question, isAuction }: { readonly question: PeerQuestion; readonly isAuction: boolean },
  ): ModelEntry {
    const known = offers.map(({ seller, reputationPpm }) => this.known(seller, reputationPpm))
    const { custody, usdNanosPerCredit, latencyMsMax } = this.init
    const { bondPerMillion } = this.components.market
    const rules = { custody, usdNanosPerCredit, bondPerMillion, lockedMs: 2 * latencyMsMax }
    // Of those that bid the dearest may win, and the one that is right the least often.
    const { paidNanos, lockedNanos } = costOfOffer({ priceNanos: highestPrice(offers) }, rules)
    const checkShare = Math.max(...known.map(spotCheckShare))
    const judgeNanos = (this.judgeNanos(question) * BigInt(Math.ceil(checkShare * 1_000))) / 1_000n
    return entryOfOffers(offers, {
      isAuction,
      paidNanos,
      today: question.today,
      right: Math.min(...known.map(({ right }) => right)),
      latencyMs: Math.max(...offers.map((offer, at) => latencyOf(offer, known[at]?.standing.latencyMs))),
      peer: {
        overheadNanos: lockedNanos + judgeNanos,
        caughtShare: Math.min(...known.map(caughtShareOf)),
        source: offers[0].source,
      },
    })
  }

  /** What one judgement costs: as it was seen, else by the length of question and answer. */
  private judgeNanos({ tokensIn, tokensOut, today }: PeerQuestion): bigint {
    const seen = this.components.book.judgeNanos
    if (seen !== undefined) return seen
    const judge = this.components.findJudge()
    const asked = { tokensIn: tokensIn + tokensOut + JUDGE_TOKENS.in, tokensOut: JUDGE_TOKENS.out, today }
    return (judge && expectedCost(judge, asked)) ?? 0n
  }

  private remember(quoted: QuotedOffers): ModelEntry {
    const { id } = quoted.entry
    this.quoted.delete(id)
    this.quoted.set(id, quoted)
    const [oldest] = this.quoted.keys()
    if (oldest !== undefined && this.quoted.size > QUOTED_MAX) this.quoted.delete(oldest)
    return quoted.entry
  }

  private begin(offer: Hash): () => void {
    this.underWay.set(offer, (this.underWay.get(offer) ?? 0) + 1)
    return () => {
      const left = (this.underWay.get(offer) ?? 1) - 1
      if (left > 0) this.underWay.set(offer, left)
      else this.underWay.delete(offer)
    }
  }
}

function versionOf(offers: readonly PeerOffer[]): string {
  return sha256Hex(canonicalJson(offers.map(({ id }) => id))).slice(0, 16)
}

import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { type Amount, amountFromNanos, ZERO_AMOUNT } from 'kernell-os/core'
import {
  AUCTION_KINDS,
  callForBids,
  durationFromMs,
  parseCurrency,
  parseDid,
  parseHash,
  type AuctionKind,
  type CallForBids,
  type Currency,
  type Did,
  type DurationMs,
  type EnglishRule,
  type Hash,
  type Party,
} from 'kernell-os/market'
import { fromPromise } from 'xstate'
import { objectOf } from '../agent-input.ts'
import { readAmount, readText } from '../read-fields.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import {
  invalid,
  type CancelRequest,
  type DeskLimits,
  type JobInput,
  type JobOutput,
} from '../request-desk/protocol.ts'

/**
 * What an auctioneer is spawned with: the rules are those of every auction that it holds, while an `auction` event
 * says what is wanted and at what price. Open auctions use neither `revealMs` nor `depositNanos`.
 */
export type AuctioneerInput = DeskLimits & {
  /** Whose key signs calls, receipts and transcripts. */
  readonly party: Party
  /**
   * Windows, whom to ask, who may bid and what is known of them, the deposit of sealed auctions and who gets lost ones, the notary set that keeps deposits and gives the
   * beacon, and where journals of auctions are.
   */
  readonly rules: Pick<
    CallForBids,
    | 'bidMs'
    | 'revealMs'
    | 'settleMs'
    | 'latencyMsMax'
    | 'peers'
    | 'standingOf'
    | 'openAuctionLog'
    | 'depositNanos'
    | 'forfeitTo'
    | 'notarySet'
    | 'filter'
  >
}

/**
 * One auction, answered with `Closed`, or with `RequestFailed`: `REQUEST_INVALID` where a field has not its form.
 * `cancel` ends one that is waiting or under way.
 */
export type AuctioneerEvent =
  | {
      readonly type: 'auction'
      readonly id?: string
      readonly skill: string
      /** Salted hash of the task. */
      readonly task: Hash
      readonly currency: Currency
      readonly reserveNanos: Amount
      /** Default `second`; `english` goes openly down by a hundredth of the reserve price at least. */
      readonly kind?: AuctionKind
      /** Who pays, where that is not the auctioneer. */
      readonly buyer?: Did
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/** Answer to `auction` when it is over, also where nobody bid or it was called off. */
export type Closed = {
  readonly type: 'closed'
  readonly id: string
  /** `null` where nobody is awarded. */
  readonly winner: Did | null
  readonly clearingNanos: Amount | null
  /** Hash of the public transcript, which anybody recomputes; `null` where the auction was called off. */
  readonly transcript: Hash | null
  /** Sealed bids that were revealed, or open ones. */
  readonly bids: number
}

type Wanted = Pick<CallForBids, 'skill' | 'task' | 'currency' | 'kind' | 'reservePriceNanos'> & {
  readonly buyer: Did | undefined
}
type Job = JobInput<AuctioneerInput, Wanted>

const BIDS_MAX = 64
const NO_TIME = durationFromMs(0)

const job = fromPromise(async ({ input }: { readonly input: Job }): Promise<JobOutput<Omit<Closed, 'id'>>> => {
  const { party, rules } = input.resources
  const { buyer, ...request } = input.request
  const isOpen = request.kind === 'english'
  const { transcript, transcriptHash, awarded } = await callForBids(party, {
    ...rules,
    ...request,
    buyer: buyer ?? party.did,
    bidsMax: BIDS_MAX,
    inputBytes: 0,
    weights: { price: 1, latency: 0, reputation: 0 },
    ...(isOpen && { revealMs: NO_TIME, depositNanos: ZERO_AMOUNT }),
    english: isOpen ? englishRule(request.reservePriceNanos, rules.bidMs) : undefined,
  })
  const revealed = transcript?.entries.filter(({ reveal }) => reveal !== undefined).length ?? 0
  const bids = revealed + (transcript?.bids.length ?? 0)
  const outcome = { winner: awarded?.winner ?? null, clearingNanos: awarded?.clearingNanos ?? null }
  return { kind: 'done', reply: { type: 'closed', ...outcome, transcript: transcriptHash ?? null, bids } }
})

/** A bid in the last quarter moves the end by as much, twenty times at most. */
function englishRule(reserveNanos: Amount, bidMs: DurationMs): EnglishRule {
  const quarterMs = durationFromMs(Math.floor(bidMs / 4))
  const step = reserveNanos / 100n
  const minimumDecrementNanos = amountFromNanos(step === 0n ? 1n : step)
  return { minimumDecrementNanos, extensionWindowMs: quarterMs, extensionMs: quarterMs, extensionsMax: 20 }
}

/** Holds auctions, sealed or open: asks sellers, takes their deposits and bids, and publishes a transcript that anybody recomputes. */
export const auctioneer: AgentDefinition = defineAgent({
  name: 'auctioneer',
  logic: createRequestDesk<AuctioneerInput>({ name: 'auctioneer', verb: 'auction', read: readCall, checkInput, job }),
})

function checkInput(input: AuctioneerInput): void {
  const { party, rules } = objectOf(input)
  objectOf(party, 'party')
  objectOf(rules, 'rules')
}

function readCall(event: DeskEvent): Wanted {
  const reservePriceNanos = readAmount(event, 'reserveNanos')
  const currency = parseCurrency(readText(event, 'currency', 80))
  const task = parseHash(readText(event, 'task', 64))
  if (reservePriceNanos === undefined || currency === undefined || task === undefined)
    throw invalid('reserveNanos, currency and task are a price, a currency and a hash')
  const kind = AUCTION_KINDS.find((known) => known === event['kind']) ?? 'second'
  const buyer = event['buyer'] === undefined ? undefined : parseDid(readText(event, 'buyer', 80))
  if (event['buyer'] !== undefined && buyer === undefined) throw invalid('buyer is a did:key')
  return { skill: readText(event, 'skill', 64), task, currency, kind, reservePriceNanos, buyer }
}

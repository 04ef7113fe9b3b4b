import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import type { Amount } from 'kernell-os/core'
import {
  callForBids,
  parseCurrency,
  parseHash,
  type CallForBids,
  type Currency,
  type Did,
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

export type AuctioneerInput = DeskLimits & {
  /** Whose key signs calls, receipts and transcripts. */
  readonly party: Party
  /** Windows, whom to ask, what is known of bidders, and where journals of auctions are. */
  readonly rules: Pick<
    CallForBids,
    'bidMs' | 'revealMs' | 'settleMs' | 'latencyMsMax' | 'peers' | 'standingOf' | 'openAuctionLog'
  >
}

export type AuctioneerEvent =
  | {
      readonly type: 'auction'
      readonly id?: string
      readonly skill: string
      /** Salted hash of the task. */
      readonly task: Hash
      readonly currency: Currency
      readonly reserveNanos: Amount
      /** Default `second`. */
      readonly kind?: 'first' | 'second'
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

export type Closed = {
  readonly type: 'closed'
  readonly id: string
  /** `null` where nobody is awarded. */
  readonly winner: Did | null
  readonly clearingNanos: Amount | null
  /** Hash of the public transcript, which anybody recomputes; `null` where the auction was called off. */
  readonly transcript: Hash | null
  /** Sealed bids that were revealed. */
  readonly bids: number
}

type Wanted = Pick<CallForBids, 'skill' | 'task' | 'currency' | 'kind' | 'reservePriceNanos'>
type Job = JobInput<AuctioneerInput, Wanted>

const BIDS_MAX = 64

const job = fromPromise(async ({ input }: { readonly input: Job }): Promise<JobOutput<Omit<Closed, 'id'>>> => {
  const { party, rules } = input.resources
  const { request } = input
  const { transcript, transcriptHash, awarded } = await callForBids(party, {
    ...rules,
    ...request,
    buyer: party.did,
    forfeitTo: party.did,
    bidsMax: BIDS_MAX,
    inputBytes: 0,
    filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: request.reservePriceNanos },
    weights: { price: 1, latency: 0, reputation: 0 },
  })
  const bids = transcript?.entries.filter(({ reveal }) => reveal !== undefined).length ?? 0
  const outcome = { winner: awarded?.winner ?? null, clearingNanos: awarded?.clearingNanos ?? null }
  return { kind: 'done', reply: { type: 'closed', ...outcome, transcript: transcriptHash ?? null, bids } }
})

/** Holds sealed auctions: asks sellers, takes commitments and reveals, and publishes a transcript that anybody recomputes. */
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
  const kind = event['kind'] === 'first' ? 'first' : 'second'
  return { skill: readText(event, 'skill', 64), task, currency, kind, reservePriceNanos }
}

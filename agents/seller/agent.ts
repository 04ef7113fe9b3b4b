import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import type { Amount } from 'kernell-os/core'
import { parseCurrency, type Currency, type OfferTerms, type Seller } from 'kernell-os/market'
import type { Clock } from 'kernell-os/ports'
import { fromPromise } from 'xstate'
import { checkMethods, objectOf } from '../agent-input.ts'
import { readAmount, readText, readWhole } from '../read-fields.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import {
  invalid,
  type CancelRequest,
  type DeskLimits,
  type JobInput,
  type JobOutput,
} from '../request-desk/protocol.ts'

/**
 * What a seller actor is spawned with; the clock says when offers begin. Without the methods of a `Seller` and a
 * clock in it `spawn` throws `ACTOR_START_FAILED`.
 */
export type SellerAgentInput = DeskLimits & {
  /** A seller that has started; contracts on what it offers are its own business. */
  readonly seller: Pick<Seller, 'offer'>
  readonly clock: Pick<Clock, 'now'>
}

/**
 * One offer to everybody, from now on: inputs of at most 900,000 bytes, 8 tasks at a time. Answered with `Offered`,
 * or with `RequestFailed`; the same again later is another offer.
 */
export type SellerAgentEvent =
  | {
      readonly type: 'offer'
      readonly id?: string
      readonly skill: string
      readonly priceNanos: Amount
      readonly currency: Currency
      /** How long it takes, and how long it is offered: milliseconds. Default 60 s and one day. */
      readonly latencyMs?: number
      readonly forMs?: number
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/** Answer to `offer` once it stands; `expiresAt` is in milliseconds since 1970. */
export type Offered = {
  readonly type: 'offered'
  readonly id: string
  /** Name of the offer: the hash of the signed message. */
  readonly offer: string
  readonly expiresAt: number
}

type Wanted = Pick<OfferTerms, 'skill' | 'currency' | 'priceNanos' | 'latencyMs'> & { readonly forMs: number }
type Job = JobInput<SellerAgentInput, Wanted>

const INPUT_BYTES_MAX = 900_000
const CAPACITY = 8
const LONGEST_MS = 2_592_000_000

const job = fromPromise(async ({ input }: { readonly input: Job }): Promise<JobOutput<Omit<Offered, 'id'>>> => {
  const { seller: given, clock } = input.resources
  const { forMs, ...wanted } = input.request
  const validFrom = clock.now()
  const validUntil = (validFrom + forMs) as typeof validFrom
  const limits = { inputBytesMax: INPUT_BYTES_MAX, capacity: CAPACITY, capabilities: [] }
  const act = `${wanted.skill}/${wanted.currency}/${wanted.priceNanos}/${validFrom}`
  const offer = await given.offer({ ...wanted, ...limits, validFrom, validUntil }, act)
  return { kind: 'done', reply: { type: 'offered', offer, expiresAt: validUntil } }
})

/** Offers work to everybody; the seller behind it signs contracts, works, and is paid. */
export const seller: AgentDefinition = defineAgent({
  name: 'seller',
  logic: createRequestDesk<SellerAgentInput>({ name: 'seller', verb: 'offer', read: readOffer, checkInput, job }),
})

function checkInput(input: SellerAgentInput): void {
  const { seller: given, clock } = objectOf(input)
  checkMethods(given, 'seller', { names: ['offer'], hint: 'give the agent a `Seller` of `kernell-os/market`' })
  checkMethods(clock, 'clock', { names: ['now'], hint: 'give the agent the clock of its system' })
}

function readOffer(event: DeskEvent): Wanted {
  const priceNanos = readAmount(event, 'priceNanos')
  const currency = parseCurrency(readText(event, 'currency', 80))
  if (priceNanos === undefined || currency === undefined) throw invalid('priceNanos and currency are a price')
  return {
    skill: readText(event, 'skill', 64),
    currency,
    priceNanos,
    latencyMs: readWhole(event, 'latencyMs', { min: 0, max: LONGEST_MS, absent: 60_000 }) as Wanted['latencyMs'],
    forMs: readWhole(event, 'forMs', { min: 1, max: LONGEST_MS, absent: 86_400_000 }),
  }
}

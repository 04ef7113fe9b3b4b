import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import type { Amount } from 'kernell-os/core'
import { parseCurrency, type Buyer, type BuyRequest, type Currency } from 'kernell-os/market'
import { fromPromise } from 'xstate'
import { checkMethods, objectOf } from '../agent-input.ts'
import { readAmount, readText } from '../read-fields.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import {
  invalid,
  type CancelRequest,
  type DeskLimits,
  type JobInput,
  type JobOutput,
} from '../request-desk/protocol.ts'

/** What a buyer actor is spawned with. Without the methods of a `Buyer` in it `spawn` throws `ACTOR_START_FAILED`. */
export type BuyerAgentInput = DeskLimits & {
  /** A buyer that has started; it keeps every purchase in its journal, also when this agent ends. */
  readonly buyer: Pick<Buyer, 'buy' | 'ended'> & { readonly party: Pick<Buyer['party'], 'journal'> }
}

/**
 * One purchase, in custody `C2` unless `more` says otherwise; answered with `Bought`, or with `RequestFailed`.
 * `cancel` ends the request, and not what was ordered for it.
 */
export type BuyerAgentEvent =
  | {
      readonly type: 'buy'
      readonly id?: string
      /** The same key with the same request is the same purchase. */
      readonly idempotencyKey: string
      readonly skill: string
      readonly text: string
      readonly maxNanos: Amount
      readonly currency: Currency
      /** Sealed auction; absent: the best standing offer. */
      readonly auction?: 'first' | 'second'
      /** What the result must be, and more of a purchase. */
      readonly more?: Partial<BuyRequest>
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/** Answer to `buy` when nothing goes on any more with the purchase, whether or not it came to a contract. */
export type Bought = {
  readonly type: 'bought'
  readonly id: string
  /** Name of the contract; `null` where the purchase came to none. */
  readonly contract: string | null
  /** How the contract ended, such as `FINAL`, or why there is none, such as `BUY_NO_OFFER`. */
  readonly outcome: string
  /** The result as text; `null` where there is none. */
  readonly result: string | null
}

type Job = JobInput<BuyerAgentInput, BuyRequest>

const job = fromPromise(async ({ input }: { readonly input: Job }): Promise<JobOutput<Omit<Bought, 'id'>>> => {
  const { resources, request, report } = input
  const { buyer } = resources
  await buyer.buy(request)
  report('ordered')
  const order = await buyer.ended(request.idempotencyKey)
  const { journal } = buyer.party
  // A note of the buyer.
  const note = journal.note('contract', order.contract ?? '') as
    | { readonly ended?: string; readonly result?: string }
    | undefined
  const bytes = note?.result === undefined ? undefined : await journal.file(note.result as never)
  const outcome = order.failed?.code ?? note?.ended ?? 'UNFINISHED'
  const result = bytes === undefined ? null : new TextDecoder().decode(bytes)
  return { kind: 'done', reply: { type: 'bought', contract: order.contract ?? null, outcome, result } }
})

/** Buys work for whoever asks: each request is one purchase, answered when its contract has ended. */
export const buyer: AgentDefinition = defineAgent({
  name: 'buyer',
  logic: createRequestDesk<BuyerAgentInput>({ name: 'buyer', verb: 'buy', read: readPurchase, checkInput, job }),
})

function checkInput(input: BuyerAgentInput): void {
  const { buyer: given } = objectOf(input)
  checkMethods(given, 'buyer', { names: ['buy', 'ended'], hint: 'give the agent a `Buyer` of `kernell-os/market`' })
}

function readPurchase(event: DeskEvent): BuyRequest {
  const maxNanos = readAmount(event, 'maxNanos')
  const currency = parseCurrency(readText(event, 'currency', 80))
  if (maxNanos === undefined || currency === undefined) throw invalid('maxNanos and currency are a price')
  const { auction, more } = event
  const isSealed = auction === 'first' || auction === 'second'
  return {
    custody: 'C2',
    // Read by the buyer, which refuses what it does not know.
    ...(more as Partial<BuyRequest> | undefined),
    idempotencyKey: readText(event, 'idempotencyKey', 128),
    skill: readText(event, 'skill', 64),
    input: new TextEncoder().encode(readText(event, 'text', 900_000)),
    maxNanos,
    currency,
    ...(isSealed && { auction }),
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { Artifact } from '@a2a-js/sdk'
import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import type { Amount } from '../../../base/money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { AcceptancePredicate } from '../../../core/acceptance/acceptance-predicate.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type { AgentPayer, AgentPayment, AskedPayment } from '../../../ports/agent-peers.ts'
import type { ControlRequest } from '../../control/control-request.ts'
import type { NodeMarket } from '../../market/market-init.ts'
import { textOf, textPart } from '../filed-task.ts'
import { PAYMENT_EXTENSION, PAYMENT_PARAMS, PAYMENT_REQUEST, type PaymentRequest } from './payment-documents.ts'
import { decodePaidOutput, encodePaidInput, encodePaidOutput, nameOfInput, type PaidInput } from './task-documents.ts'
import { deliveredBytes } from './delivered-bytes.ts'

export type MarketPayerInit = {
  readonly market: NodeMarket
  /** The most that one task may cost, credits. */
  readonly maxNanos: Amount
  /** `CODE@DID`, or a code that one issuer alone has; absent: the only currency that there is. */
  readonly currency?: string
  /** Largest result that is taken, bytes. */
  readonly answerBytesMax: number
  /** Told what is about to be paid to whom, before anything is signed. */
  readonly onQuote: (quote: PaymentQuote) => void
}

/** What is paid for a task, and to whom. */
export type PaymentQuote = {
  readonly peer: string
  readonly skill: string
  readonly account: string
  readonly node: string
  readonly notarySet: string
  readonly priceNanos: string
  readonly currency: string
  readonly custody: string
}

/** Of one answer about a purchase. */
const LOOK_MS = 10_000
const PAUSE_MS = 100
/** Longest that whoever cancels waits for seller and notary set. */
const GIVE_UP_MS = 10_000
/** From these on the price is held. */
const HELD: readonly string[] = [
  'HELD',
  'WORKING',
  'DELIVERED',
  'CAPTURING',
  'SETTLED',
  'FINAL',
  'DISPUTED',
  'FROZEN',
  'REFUNDED',
]
const PAID_END: readonly string[] = ['FINAL', 'REFUNDED']
const UNPAID_END: readonly string[] = ['ABORTED', 'VOIDED', 'EXPIRED']

type Purchase = {
  readonly contract: string | null
  readonly ended: string | null
  readonly failed: { readonly code: string; readonly message: string; readonly remedy: string } | null
  readonly view: {
    readonly state: string
    readonly transitions: readonly unknown[]
    readonly resultHash: string | null
  } | null
}

type Bought = { readonly key: string; readonly request: PaymentRequest; readonly input: PaidInput }

/** Pays a task of a peer by a contract of this node's part in the market. One for each call. */
export class MarketPayer implements AgentPayer {
  readonly extension = PAYMENT_EXTENSION
  readonly #init: MarketPayerInit
  #bought: Bought | undefined

  constructor(init: MarketPayerInit) {
    this.#init = init
  }

  async pay(
    { peer, declared, asked, taskId, skill, text }: AskedPayment,
    { signal }: AbortOptions,
  ): Promise<JsonValue> {
    const read = PAYMENT_REQUEST.safeParse(asked)
    if (!read.success)
      throw new CodedError('A2A_PAYMENT_INVALID', {
        message: `${peer} asks for a payment in no form that is read here`,
      })
    const request = read.data
    const input = { taskId, skill: request.skill, parts: [textPart(text)] }
    await this.#requireFair(request, { declared, input, skill, peer })
    const { onQuote } = this.#init
    const { account, node, notarySet, priceNanos, currency, custody } = request
    onQuote({ peer, skill: request.skill, account, node, notarySet, priceNanos, currency, custody })
    this.#learnWay(request)
    const key = `a2a/${sha256Hex(`${account}/${taskId}`)}`
    this.#bought = { key, request, input }
    await this.#ask({
      op: 'buy',
      key,
      skill: request.sells,
      input: Buffer.from(encodePaidInput(input)).toString('base64url'),
      nanos: priceNanos,
      currency,
      custody,
      nodes: node,
      sellers: account,
      timers: JSON.stringify({ deliverMs: request.deliverMs, refundMs: 0 }),
      accept: JSON.stringify(predicateOf(input, this.#init.answerBytesMax)),
    })
    const { contract } = await this.#until(HELD, signal)
    const { text: evidence } = (await this.#ask({ op: 'export', contract })) as { readonly text: string }
    return { v: 1, kind: 'payment', contract, evidence }
  }

  async giveUp(): Promise<void> {
    const bought = this.#bought
    if (bought === undefined) return
    const done = new AbortController()
    try {
      await Promise.race([
        this.#endBought(bought, done.signal),
        sleep(GIVE_UP_MS, undefined, { signal: done.signal }).catch(() => undefined),
      ])
    } catch (error: unknown) {
      // A contract that nobody ends goes on to its timers.
      if (!CodedError.is(error)) throw error
    } finally {
      done.abort()
    }
  }

  /** Calls the purchase off; once its contract is signed, signs its end as soon as the set takes that. */
  async #endBought({ key }: Bought, signal: AbortSignal): Promise<void> {
    const { isCalledOff } = (await this.#ask({ op: 'call-off', key })) as { readonly isCalledOff: boolean }
    while (!isCalledOff) {
      const { contract, view } = (await this.#ask({ op: 'purchase', key })) as Purchase
      if (contract === null || UNPAID_END.includes(view?.state ?? '')) return
      if (view !== null) {
        const act = { op: 'act', act: 'cancel', contract, key: `${key}/cancel` }
        const { effect, state } = (await this.#ask(act)) as { readonly effect: string; readonly state: string }
        if (effect !== 'refused' || HELD.includes(state)) return
      }
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }

  async standing(): Promise<AgentPayment> {
    const bought = this.#bought
    if (bought === undefined) throw new TypeError('Nothing was paid')
    const purchase = (await this.#ask({ op: 'purchase', key: bought.key })) as Purchase
    const { account, priceNanos, currency } = bought.request
    const state = purchase.view?.state ?? purchase.ended ?? 'UNKNOWN'
    return { contract: purchase.contract ?? '', account, priceNanos, currency, state }
  }

  async collect(
    told: JsonValue | undefined,
    { signal }: AbortOptions,
  ): Promise<{ readonly text: string; readonly paid: AgentPayment }> {
    const bought = this.#bought
    if (bought === undefined) throw new TypeError('Nothing was paid')
    const { contract, view } = await this.#until(PAID_END, signal)
    const bytes = await deliveredBytes(async (request) => await this.#ask(request), {
      contract: contract,
      hash: view.resultHash ?? '',
    })
    const output = decodePaidOutput(bytes)
    if (output === undefined) throw failed('What was delivered is no result of a task', contract)
    const { taskId, artifacts } = output
    const made = artifacts
      .map(({ parts }) => textOf(parts))
      .filter((text) => text !== '')
      .join('\n')
    const { account, priceNanos, currency } = bought.request
    const paid = { contract, account, priceNanos, currency, state: view.state }
    // What the peer says by A2A is its word; what it delivered is what the notary set has certified.
    if (told !== undefined && !isSame(told, { taskId, artifacts }, bytes))
      throw failed('The peer answers by A2A with something else than it delivered', contract)
    return { text: made, paid }
  }

  /** Throws `A2A_PAYMENT_REFUSED`, `A2A_PAYMENT_INVALID`, and `REQUEST_INVALID` for a currency that there is not. */
  async #requireFair(
    request: PaymentRequest,
    at: { readonly declared: unknown; readonly input: PaidInput; readonly skill: string; readonly peer: string },
  ): Promise<void> {
    const { declared, input, skill, peer } = at
    const { maxNanos, currency: wanted, market } = this.#init
    const card = PAYMENT_PARAMS.safeParse(declared)
    const stated = card.success ? card.data.prices.find((price) => price.skill === request.skill) : undefined
    if (
      !card.success ||
      stated === undefined ||
      card.data.account !== request.account ||
      card.data.node !== request.node
    )
      throw refused(`${peer} asks for a payment to somebody else than its card says`)
    if (
      stated.sells !== request.sells ||
      stated.priceNanos !== request.priceNanos ||
      stated.currency !== request.currency
    )
      throw refused(`${peer} asks for another price than its card says`)
    const { hash, sizeBytes } = nameOfInput(input)
    const isSameTask = request.taskId === input.taskId && request.inputHash === hash && request.inputBytes === sizeBytes
    if (!isSameTask || (skill !== '' && request.skill !== skill))
      throw refused(`${peer} asks for a payment for another task than it was given`)
    const { currency } = (await this.#ask({ op: 'currency', currency: wanted })) as { readonly currency: string }
    if (request.currency !== currency) throw refused(`${peer} wants ${request.currency}, and ${currency} was allowed`)
    if (BigInt(request.priceNanos) > maxNanos)
      throw refused(`${peer} wants ${request.priceNanos} nano-credits, and ${maxNanos} were allowed`)
    if (market.set?.id !== request.notarySet)
      throw refused(`${peer} works with the notary set ${request.notarySet}, and this node does not`)
  }

  /** Where the seller's node is, as it says; who answers there has to prove its key. Sockets of this machine are nobody's business but its own. */
  #learnWay({ node, addresses }: PaymentRequest): void {
    const { transport } = this.#init.market
    for (const address of addresses) {
      if (address.startsWith('/unix')) continue
      try {
        transport.addPeer(node, address)
      } catch {
        // An address that this node has no way to; another one may do.
      }
    }
  }

  /** Waits until the contract of the purchase is in one of these states. Throws `MARKET_REFUSED`, `A2A_PAYMENT_ENDED`, and the signal's reason. */
  async #until(
    states: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly contract: string; readonly view: NonNullable<Purchase['view']> }> {
    for (let afterSeq = -1; ;) {
      signal?.throwIfAborted()
      const purchase = (await this.#ask({
        op: 'purchase',
        key: this.#bought?.key ?? '',
        afterSeq,
        waitMs: LOOK_MS,
      })) as Purchase
      const { contract, view, failed: failure, ended } = purchase
      if (failure !== null)
        throw new CodedError('MARKET_REFUSED', {
          message: failure.message,
          details: { code: failure.code, remedy: failure.remedy },
        })
      if (contract !== null && view !== null && states.includes(view.state)) return { contract, view }
      const end = view?.state ?? ended ?? ''
      if (UNPAID_END.includes(end))
        throw new CodedError('A2A_PAYMENT_ENDED', {
          message: `The contract ended as ${end}; nothing was paid`,
          details: { contract },
        })
      afterSeq = (view?.transitions.length ?? 0) - 1
      if (view === null) await sleep(PAUSE_MS, undefined, { signal }).catch(() => signal?.throwIfAborted())
    }
  }

  async #ask(request: ControlRequest): Promise<JsonValue> {
    const answer = await this.#init.market.ask(request)
    if (answer.kind === 'json') return answer.body
    throw new TypeError('This is answered in one document')
  }
}

/** What the result has to be: the document of this task, and no larger than is taken. */
function predicateOf({ taskId }: PaidInput, answerBytesMax: number): AcceptancePredicate {
  const schema = {
    type: 'object',
    required: ['artifacts', 'taskId', 'v'],
    properties: { v: { const: 1 }, taskId: { const: taskId }, artifacts: { type: 'array', minItems: 1 } },
  }
  return {
    kind: 'all',
    of: [
      { kind: 'size-within', artifact: 'result', minBytes: 2, maxBytes: answerBytesMax },
      { kind: 'json-schema', artifact: 'result', schema },
    ],
  }
}

type Output = Parameters<typeof encodePaidOutput>[0]

/** Whether artefacts of A2A are those of the delivery, byte for byte of their canonical document. */
function isSame(told: JsonValue, { taskId }: Output, bytes: Uint8Array): boolean {
  const artifacts = (Array.isArray(told) ? told : []).map((one) => Artifact.fromJSON(one))
  const again = encodePaidOutput({
    taskId,
    artifacts: artifacts.map(({ artifactId, name, parts }) => ({ artifactId, name, parts })),
  })
  return Buffer.compare(again, bytes) === 0
}

function refused(message: string): CodedError {
  return new CodedError('A2A_PAYMENT_REFUSED', { message })
}

function failed(message: string, contract: string): CodedError {
  return new CodedError('A2A_PAID_WORK_FAILED', { message, details: { contract } })
}

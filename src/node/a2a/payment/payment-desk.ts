import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { isTerminal } from '../../../core/escrow/escrow-state.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { type VerifiedExport, verifyExport } from '../../../market/parties/contracts/contract-export.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type { A2aPaymentConfig } from '../../config/a2a-config.ts'
import type { ControlRequest } from '../../control/control-request.ts'
import type { StandingSale } from '../../market/desks/end-sale.ts'
import type { NodeMarket } from '../../market/market-init.ts'
import { PAID_AGENT } from './paid-agent.ts'
import {
  type Payment,
  PAYMENT,
  type PaymentParams,
  type PaymentReceipt,
  type PaymentRequest,
} from './payment-documents.ts'
import { decodePaidInput, nameOfInput, type PaidInput } from './task-documents.ts'
import { deliveredBytes } from './delivered-bytes.ts'

export type PaymentDeskInit = {
  readonly config: A2aPaymentConfig
  /** Longest that one task may take. */
  readonly taskTimeoutMs: number
  /** What one task may make, bytes. */
  readonly taskBytesMax: number
  /** The node's part in the market. Throws `MARKET_NOT_OPEN` where it has none. */
  readonly openMarket: () => Promise<NodeMarket>
}

/** A seller signs only what is done in time behind the work before it: its own turn, and as much again for each that waits. */
const WORKS_MAX = 3
/** Time for the hold, the start and the delivery besides the work itself. */
const MARGIN_MS = 60_000
/** Of one answer of the notary set about a contract. */
const LOOK_MS = 10_000
/** From these on the delivery is certified. */
const DELIVERED: readonly unknown[] = ['DELIVERED', 'CAPTURING', 'SETTLED', 'FINAL', 'REFUNDED', 'DISPUTED']

/** What the market of this node says of one contract. */
type Sale = {
  readonly role: string
  readonly skill: string
  readonly inputHash: string
  readonly input: string | null
  readonly state: string
  readonly transitions: number
  readonly resultHash: Hash | null
  readonly resultBytes: number | null
}

/**
 * What is asked and taken for skills that have a price: the offers, contracts and evidence are those of the node's part in the market, which does the work, delivers it and
 * is paid. This only asks it.
 */
export class PaymentDesk {
  readonly #init: PaymentDeskInit
  readonly #verify = verifySignatureWith(createNodeVerifier())

  constructor(init: PaymentDeskInit) {
    this.#init = init
  }

  get skills(): readonly string[] {
    return Object.keys(this.#init.config.prices)
  }

  /** What stands on the card; `undefined` while the node takes no part in the market, where nothing can be paid. */
  async params(): Promise<PaymentParams | undefined> {
    try {
      const { account, node, addresses, notarySet } = await this.#who()
      const currency = await this.#currency()
      const prices = Object.entries(this.#init.config.prices).map(([skill, priceNanos]) => ({
        skill,
        sells: sellsOf(skill),
        priceNanos: priceNanos.toString(),
        currency,
      }))
      return { v: 1, account, node, addresses: [...addresses], notarySet, prices }
    } catch (error) {
      if (CodedError.is(error)) return undefined
      throw error
    }
  }

  /** What has to be paid for a task, with a standing offer of the market. Throws `A2A_PAYMENT_CLOSED`. */
  async request(input: PaidInput, refused?: CodedError): Promise<PaymentRequest> {
    const priceNanos = this.#priceOf(input.skill)
    const { account, node, addresses, notarySet } = await this.#who()
    const currency = await this.#currency()
    const sells = sellsOf(input.skill)
    const { hash, sizeBytes } = nameOfInput(input)
    return {
      v: 1,
      kind: 'request',
      taskId: input.taskId,
      skill: input.skill,
      sells,
      account,
      node,
      addresses: [...addresses],
      notarySet,
      priceNanos: priceNanos.toString(),
      currency,
      custody: 'C2',
      inputHash: hash,
      inputBytes: sizeBytes,
      deliverMs: this.#init.taskTimeoutMs * WORKS_MAX + MARGIN_MS,
      offer: await this.#offer({ skill: sells, nanos: priceNanos.toString(), currency }),
      ...(refused !== undefined && { refused: { code: refused.code, message: refused.message.slice(0, 1_000) } }),
    }
  }

  /**
   * Whether what was shown pays for a task: its evidence is whole and of the notary set, the contract is this node's for exactly this task at its price, and the price is
   * held. @returns The contract. Throws `A2A_PAYMENT_INVALID`, `A2A_PAYMENT_OTHER`, `A2A_PAYMENT_USED`, `A2A_PAYMENT_ENDED`, `A2A_PAYMENT_UNHELD`.
   */
  async check(shown: unknown, input: PaidInput): Promise<ContractId> {
    const read = PAYMENT.safeParse(shown)
    if (!read.success) throw invalid('What stands in the metadata is no payment')
    const verified = await this.#verified(read.data)
    const { contract, state } = verified
    const { account } = await this.#who()
    const { terms } = state
    if (terms.worker !== account) throw other('The contract is with another worker')
    const sale = await this.#sale(contract)
    if (sale === undefined) throw other('The contract is none that this node has signed')
    await this.#requireSame(sale, input)
    if (terms.maxNanos < this.#priceOf(input.skill) || terms.currency !== (await this.#currency()))
      throw other('The contract is at less than the price, or in another currency')
    if (isUnpaidEnd(sale.state) || (isTerminal(state) && isUnpaidEnd(state.kind)))
      throw new CodedError('A2A_PAYMENT_ENDED', { message: `The contract ended as ${sale.state}` })
    if (!isHeld(state.kind) || !isHeld(sale.state))
      throw new CodedError('A2A_PAYMENT_UNHELD', {
        message: `The notary set has the contract as ${sale.state}, and the evidence ends with ${state.kind}`,
      })
    return contract
  }

  /** Waits until the work of a contract is delivered. @returns The result's bytes, and what the notary set has certified. Throws `A2A_PAYMENT_ENDED` where it ends without. */
  async delivered(
    contract: ContractId,
    { signal }: Required<AbortOptions>,
  ): Promise<{ readonly bytes: Uint8Array; readonly receipt: PaymentReceipt }> {
    for (let after = -1; ;) {
      const sale = await this.#sale(contract, after)
      signal?.throwIfAborted()
      if (sale === undefined || isUnpaidEnd(sale.state))
        throw new CodedError('A2A_PAYMENT_ENDED', { message: `The contract ended as ${sale?.state ?? 'UNKNOWN'}` })
      const { resultHash } = sale
      if (DELIVERED.includes(sale.state) && resultHash !== null)
        return await this.#resultOf(contract, { ...sale, resultHash })
      after = sale.transitions - 1
    }
  }

  /** The contracts of this node for exactly this task, whether they were shown or not, the newest first. Throws `A2A_PAYMENT_CLOSED`. */
  async contractsFor(input: PaidInput): Promise<readonly StandingSale[]> {
    const { hash } = nameOfInput(input)
    const answer = await this.#ask({ op: 'sales', skill: sellsOf(input.skill), inputHash: hash })
    return (answer as unknown as { readonly sales: readonly StandingSale[] }).sales
  }

  /** Signs the end of a contract for nothing, and has its payer asked to. Throws as the market does. */
  async giveUp(contract: ContractId): Promise<StandingSale> {
    return (await this.#ask({ op: 'end-sale', contract })) as unknown as StandingSale
  }

  async #resultOf(
    contract: ContractId,
    { resultHash, resultBytes }: Sale & { readonly resultHash: Hash },
  ): Promise<{ readonly bytes: Uint8Array; readonly receipt: PaymentReceipt }> {
    const bytes = await deliveredBytes(async (request) => await this.#ask(request), {
      contract: contract,
      hash: resultHash,
    })
    const { text } = (await this.#ask({ op: 'export', contract })) as { readonly text: string }
    const receipt = {
      v: 1,
      kind: 'receipt',
      contract,
      resultHash,
      resultBytes: resultBytes ?? bytes.byteLength,
      evidence: text,
    } as const
    return { bytes, receipt }
  }

  /** Throws `A2A_PAYMENT_USED` where the contract is for another task of here, `A2A_PAYMENT_OTHER` where it is for something else. */
  async #requireSame({ role, skill, inputHash, input }: Sale, wanted: PaidInput): Promise<void> {
    const { hash } = nameOfInput(wanted)
    if (role === 'worker' && skill === sellsOf(wanted.skill) && inputHash === hash) return
    const paidFor = input === null ? undefined : decodePaidInput(new Uint8Array(Buffer.from(input, 'base64url')))
    if (paidFor !== undefined && paidFor.taskId !== wanted.taskId)
      throw new CodedError('A2A_PAYMENT_USED', { message: 'The contract pays for another task' })
    return await Promise.reject(other('The contract is for other work than this task'))
  }

  async #verified({ contract, evidence }: Payment): Promise<Extract<VerifiedExport, { readonly kind: 'verified' }>> {
    const { set } = await this.#market()
    if (set === undefined) throw closed('this node knows no notary set yet')
    const bytes = new TextEncoder().encode(evidence)
    const verified = verifyExport(bytes, { verify: this.#verify, set })
    if (verified.kind === 'refused') throw invalid(`The evidence is not right (${verified.code})`)
    if (verified.contract !== contract) throw invalid('The evidence is of another contract than the one that is named')
    return verified
  }

  #priceOf(skill: string): bigint {
    const price = Object.hasOwn(this.#init.config.prices, skill) ? this.#init.config.prices[skill] : undefined
    if (price === undefined) throw new RangeError(`The skill ${skill} has no price`)
    return price
  }

  /** The same offer again does nothing; one that has run out is made anew. @returns Its canonical text. */
  async #offer(what: { readonly skill: string; readonly nanos: string; readonly currency: string }): Promise<string> {
    const { taskTimeoutMs, config } = this.#init
    const made = (await this.#ask({
      op: 'offer',
      ...what,
      agent: PAID_AGENT,
      custody: 'C2',
      latencyMs: taskTimeoutMs,
      limit: config.parallelMax,
    })) as { readonly offer: string }
    const { text } = (await this.#ask({ op: 'offer-text', offer: made.offer })) as { readonly text: string }
    return text
  }

  async #currency(): Promise<Currency> {
    const { currency } = (await this.#ask({ op: 'currency', currency: this.#init.config.currency })) as {
      readonly currency: Currency
    }
    return currency
  }

  async #sale(contract: ContractId, afterSeq?: number): Promise<Sale | undefined> {
    const waiting = afterSeq === undefined || afterSeq < 0 ? {} : { afterSeq, waitMs: LOOK_MS }
    try {
      return (await this.#ask({ op: 'sale', contract, ...waiting })) as Sale
    } catch (error) {
      if (CodedError.is(error, 'MARKET_OBJECT_UNKNOWN')) return undefined
      throw error
    }
  }

  async #who(): Promise<Pick<PaymentParams, 'account' | 'node' | 'addresses' | 'notarySet'>> {
    const { did, account, addresses, set } = await this.#market()
    if (account === undefined) throw closed('this node has no escrow key')
    if (set === undefined) throw closed('this node knows no notary set yet')
    return { account, node: did, addresses: [...addresses], notarySet: set.id }
  }

  async #market(): Promise<NodeMarket> {
    try {
      return await this.#init.openMarket()
    } catch (error) {
      if (!CodedError.is(error, 'MARKET_NOT_OPEN')) throw error
      throw closed('this node takes no part in the market now')
    }
  }

  async #ask(request: ControlRequest): Promise<JsonValue> {
    const answer = await (await this.#market()).ask(request)
    if (answer.kind === 'json') return answer.body
    throw new TypeError('This is answered in one document')
  }
}

/** What the market calls the work of a skill. */
export function sellsOf(skill: string): string {
  return `${PAID_AGENT}/${skill}`
}

function isHeld(state: string): boolean {
  return state !== 'OFFERED' && state !== 'AGREED' && state !== 'DRAFT'
}

function isUnpaidEnd(state: string): boolean {
  return state === 'ABORTED' || state === 'VOIDED' || state === 'EXPIRED' || state === 'UNKNOWN'
}

function invalid(message: string): CodedError {
  return new CodedError('A2A_PAYMENT_INVALID', { message })
}

function other(message: string): CodedError {
  return new CodedError('A2A_PAYMENT_OTHER', { message })
}

function closed(why: string): CodedError {
  return new CodedError('A2A_PAYMENT_CLOSED', { message: `Nothing can be paid here: ${why}` })
}

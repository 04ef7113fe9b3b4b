import { CodedError } from '../../../base/errors.ts'
import type { Amount } from '../../../base/money.ts'
import { addDuration } from '../../../base/time.ts'
import { canonicalJson } from '../../../base/canonical-json.ts'
import type { AcceptanceResult } from '../../../core/acceptance/evaluate-predicate.ts'
import { ATTEMPTS_MAX, type DeliveredState, type EscrowState, isTerminal } from '../../../core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import { voucherHash } from '../../../wire/v1/escrow-events.ts'
import type { MarketFrameOf } from '../../../wire/v1/market-frames.ts'
import type { BuyerPolicy } from './buy-order.ts'
import { pause } from '../contracts/contract-follower.ts'
import { isInPieces } from '../../../wire/v1/piece-list.ts'
import { CreditAccounts } from '../accounts/credit-accounts.ts'
import { deliveredName, isArtifactHere, showArtifact } from '../artifacts/artifact-files.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { rememberDecline } from './decliners.ts'
import { fetchDelivered, SideLook } from './fetch-result.ts'
import { CLOCK_SKEW_MS, declined, type MarketAnswer, TAKEN } from '../market-door.ts'
import type { Party } from '../party.ts'
import { hearMeter } from '../selling/read-meter.ts'
import { failedParts, hashOfBytes, inputNameOf, judgeResult, readPredicate } from '../contracts/task-package.ts'

export type BuyerWorkInit = {
  readonly contract: ContractId
  readonly terms: EscrowTerms
  /** The worker's signature on the contract. */
  readonly cosignature: string
  readonly policy: BuyerPolicy
  /** Whether it accepts and rejects by the predicate alone; otherwise people decide, and silence accepts. Default true. */
  readonly acceptsAlone?: boolean
  /** Called when the money is held, also again after a restart. */
  readonly onHeld?: () => void
}

const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()
/** How often a result that has not come yet is looked for. */
const LOOK_MS = 500
/** So long before the end of T_accept a result that never came is rejected, whatever is being asked for then. */
const MARGIN_PER_MILLION = 250_000

/** States in which nothing is held, nor was. */
const NOT_HELD: ReadonlySet<EscrowState['kind']> = new Set(['DRAFT', 'OFFERED', 'AGREED', 'ABORTED'])

/** Held, and nothing delivered by the worker's fault. That it never began is nobody's evidence but the buyer's own: it has handed the input over. */
function isLetDown(state: EscrowState): boolean {
  return (state.kind === 'VOIDED' || state.kind === 'EXPIRED') && (state.fault === 'worker' || state.fault === 'both')
}

/** What a payer saw of a delivery. */
export type ResultVerdict =
  | { readonly kind: 'missing' }
  | { readonly kind: 'wrong-bytes' }
  | { readonly kind: 'judged'; readonly result: AcceptanceResult }

/** A payer's side of one contract that both have signed, to its end. Every step follows from the certified state and the journal. */
export class BuyerWork {
  private readonly party: Party
  private readonly init: BuyerWorkInit
  private readonly deciding = new AbortController()
  private current: EscrowState | undefined
  private decision: Promise<void> | undefined

  constructor(party: Party, init: BuyerWorkInit) {
    this.party = party
    this.init = init
  }

  /** As the evidence gives it; `undefined` before the offer is certified. */
  get state(): EscrowState | undefined {
    return this.current
  }

  /** @returns The code for which no money is held; `undefined` when the contract came to its end. */
  async run(): Promise<string | undefined> {
    const { party, init } = this
    const { contract, terms } = init
    const code = party.signsFor(contract, terms.payer) ? await this.open() : undefined
    // Before its signature is out nobody can have anything held; from then on nothing is over before the set says so, whatever it refused.
    const isOut = party.wallet.said(`${contract}/contract`) !== undefined
    const last = code === undefined || isOut ? await this.follow() : undefined
    const isNeverHeld = code !== undefined && (last === undefined || last === 'ABORTED')
    await this.end(isNeverHeld ? code : (last ?? 'FORGOTTEN'))
    return isNeverHeld ? code : undefined
  }

  /** Does what each state asks for. @returns The last one; `undefined` where the set knows of none, and none can begin any more. */
  private async follow(): Promise<EscrowState['kind'] | undefined> {
    const { party, init } = this
    let isHeld = false
    try {
      for await (const followed of party.follow(init.contract, addDuration(init.terms.signBy, CLOCK_SKEW_MS))) {
        const { state } = followed
        this.current = state
        if (!isHeld && !NOT_HELD.has(state.kind)) init.onHeld?.()
        isHeld ||= !NOT_HELD.has(state.kind)
        if (isTerminal(state)) await new CreditAccounts(party).settle(followed)
        if (isLetDown(state) && this.noted !== undefined) await rememberDecline(party, this.noted.peer, true)
        if (!party.signsFor(init.contract, state.terms.payer)) continue
        if (state.kind === 'DELIVERED' && this.decision === undefined) this.decide(state)
        if (state.kind !== 'DELIVERED' && this.decision !== undefined) this.deciding.abort()
      }
    } finally {
      this.deciding.abort()
      await this.decision
    }
    return this.current?.kind
  }

  /**
   * Offer, award, contract and hold, in this order, each once. The worker may have offered the same terms, and asked for the hold, before: then it goes on from there.
   *
   * @returns The code for which nothing goes on by this payer.
   */
  private async open(): Promise<string | undefined> {
    const { party, init } = this
    const { contract, terms, cosignature } = init
    const offered = await this.submit('offer')
    if (offered !== undefined && !(await this.isUnderWay())) return offered
    const awarded = await this.submit('award')
    if (awarded !== undefined) return await this.withdraw(awarded)
    const signature = await party.wallet.sign({ kind: 'contract', place: contract, hash: contract })
    const signatures = [
      { iss: terms.payer, signature },
      { iss: terms.worker, signature: cosignature },
    ]
    const capability = this.noted?.capability
    const shown = capability && { capability: { ...capability, chain: [...capability.chain] } }
    const body = { signatures, ...shown }
    const signed = await party.tellNotary(contract, { act: 'contract', type: 'escrow-contract', body })
    if (signed.effect === 'refused') return await this.withdraw(signed.code)
    const held = await party.tellNotary(contract, { act: 'hold', type: 'escrow-hold-request', body: {} })
    return held.effect === 'refused' ? await this.withdraw(held.code) : undefined
  }

  /** Says what was written down before. @returns The code of a refusal. */
  private async submit(act: 'offer' | 'award'): Promise<string | undefined> {
    const { party, init } = this
    const kept = party.wallet.said(`${init.contract}/${act}`)
    if (kept === undefined)
      throw new CodedError('STORE_CORRUPTED', { message: `${act} of ${init.contract} was not said` })
    const { effect, code } = await party.outbox.submit(kept)
    return effect === 'refused' ? (code ?? 'ESCROW_STATE_WRONG') : undefined
  }

  private async isUnderWay(): Promise<boolean> {
    const { components, signal } = this.party
    const view = await components.notary.contract(this.init.contract, { signal })
    return view !== undefined && view.state !== 'ABORTED'
  }

  /** Nobody waits for what does not come. What is held by then is refused this, and followed. */
  private async withdraw(code = 'ESCROW_STATE_WRONG'): Promise<string> {
    const body = { reason: 'not-held' }
    await this.party.tellNotary(this.init.contract, { act: 'withdraw', type: 'escrow-withdraw', body })
    return code
  }

  private async end(how: string): Promise<void> {
    const note = this.noted
    if (note !== undefined) await this.party.keep(CONTRACTS, this.init.contract, { ...note, ended: how })
  }

  private get noted(): ContractNote | undefined {
    return this.party.noteOf<ContractNote>(CONTRACTS, this.init.contract)
  }

  /** A voucher counts toward what is paid in any case, so no more is vouched for than the policy says, and only what the contract names. */
  async signVoucher(from: Did, { statement }: MarketFrameOf<'voucher'>): Promise<MarketAnswer> {
    const { party, init, current } = this
    const { terms, policy, contract } = init
    if (this.noted?.peer !== from) return declined('MARKET_CONTRACT_UNKNOWN')
    const { number, amountNanos, currency } = statement
    const most = (terms.maxNanos * BigInt(policy.vouchPerMillionMax)) / 1_000_000n
    const isDue =
      currency === terms.currency && terms.milestonesNanos[number - 1] === amountNanos && amountNanos <= most
    const isOpen = current === undefined || current.kind === 'HELD' || current.kind === 'WORKING'
    if (!isDue || !isOpen) return declined('MARKET_STATEMENT_DECLINED')
    try {
      const hash = voucherHash(statement)
      const signature = await party.wallet.sign({ kind: 'voucher', place: `${contract}/${number}`, hash })
      return { frame: { type: 'cosigned', signature } }
    } catch (error: unknown) {
      if (CodedError.is(error, 'EVIDENCE_PLACE_TAKEN')) return declined('MARKET_STATEMENT_DECLINED')
      throw error
    }
  }

  /** The bytes of a result, or the list of its pieces. Bytes that come before the delivery is certified are kept by their hash; whether they are those of the delivery is seen then. */
  async takeResult(from: Did, bytes: Uint8Array, meter?: string): Promise<MarketAnswer> {
    const { party, init } = this
    if (this.noted === undefined) return declined('MARKET_CONTRACT_UNKNOWN')
    const delivered = this.current?.kind === 'DELIVERED' ? this.current.delivery.result : undefined
    const isDelivered = delivered !== undefined && hashOfBytes(bytes) === delivered
    // What was delivered is itself, whoever brings it.
    if (this.noted.peer !== from && !isDelivered) return declined('MARKET_CONTRACT_UNKNOWN')
    if (delivered !== undefined && !isDelivered) return declined('MARKET_TASK_WRONG')
    // Input, receipts and one result; somebody who sends another one each time fills nothing.
    if (delivered === undefined && this.noted.result !== undefined && this.noted.result !== hashOfBytes(bytes))
      return declined('MARKET_BUSY')
    const result = await party.journal.keepFile(init.contract, bytes)
    const note = this.noted
    await party.keep(CONTRACTS, init.contract, { ...note, result })
    if (meter !== undefined) await hearMeter(party, init, meter)
    return TAKEN
  }

  /** What the delivery is worth: the bytes, their hash, the predicate on them. What has failed by name and size alone is not waited for. */
  async judge({ delivery, terms }: DeliveredState): Promise<ResultVerdict> {
    const { party } = this
    const note = this.noted
    const file = await party.journal.file(delivery.result)
    if (file === undefined) return note?.result === undefined ? { kind: 'missing' } : { kind: 'wrong-bytes' }
    const predicate = note === undefined ? undefined : readPredicate(note.predicate, terms.predicateHash)
    const name = deliveredName(file, delivery)
    if (note === undefined || predicate === undefined || name === undefined) return { kind: 'wrong-bytes' }
    if (name.sizeBytes > party.journal.limits.artifactBytesMax) return { kind: 'wrong-bytes' }
    if (isInPieces(name.sizeBytes) && note.resultBytes === undefined)
      await party.keep(CONTRACTS, this.init.contract, { ...note, result: name.hash, resultBytes: name.sizeBytes })
    const inputName = inputNameOf(note.task)
    // Of an input in pieces nothing is looked into, wherever they are.
    const isSplit = isInPieces(inputName.sizeBytes)
    const input = isSplit ? inputName : await showArtifact(party.journal, this.init.contract, inputName)
    if (input === undefined) return { kind: 'wrong-bytes' }
    const result = judgeResult(predicate, {
      input,
      result: isInPieces(name.sizeBytes) ? name : { ...name, bytes: file },
    })
    const isHere = await isArtifactHere(party.journal, this.init.contract, name)
    return isHere || result.outcome === 'failed' ? { kind: 'judged', result } : { kind: 'missing' }
  }

  private async fetchResult({ terms, delivery }: DeliveredState, signal: AbortSignal): Promise<boolean> {
    const { party, init, noted: note } = this
    const { contract } = init
    const take = async (from: Did, bytes: Uint8Array): Promise<MarketAnswer> => await this.takeResult(from, bytes)
    return await fetchDelivered(party, { contract, worker: terms.worker, delivery, note, take }, { signal })
  }

  private decide(state: DeliveredState): void {
    if (this.init.acceptsAlone === false) return
    const done = this.decideUntil(state)
    this.decision = done.catch(() => undefined)
    this.party.begin(async () => await done)
  }

  private async decideUntil(state: DeliveredState): Promise<void> {
    const { party } = this
    const { clock, timers } = party.components
    const signal = AbortSignal.any([party.signal, this.deciding.signal])
    const now = clock.now()
    const marginMs = Math.floor((state.terms.timers.acceptMs * MARGIN_PER_MILLION) / 1_000_000)
    // Whoever comes late, after a crash, looks for a quarter of what is left.
    const latest = Math.max(state.acceptBy - marginMs, now + Math.floor((state.acceptBy - now) / 4))
    const looks = new SideLook(party, async () => await this.fetchResult(state, signal))
    for (;;) {
      const verdict = await this.judge(state)
      if (verdict.kind === 'judged') {
        if (verdict.result.outcome === 'failed') await this.reject(state, { reason: 'predicate-failed', verdict })
        else await this.accept(state)
        return
      }
      if (clock.now() >= latest) {
        const reason = verdict.kind === 'missing' ? 'result-missing' : 'result-wrong'
        await this.reject(state, { reason, verdict })
        return
      }
      if (verdict.kind === 'missing') looks.begin()
      await looks.pause(timers, Math.min(LOOK_MS, Math.max(1, latest - clock.now())), signal)
      if (signal.aborted) return
    }
  }

  /** Pays what is claimed. */
  async accept({ delivery, terms }: DeliveredState, amountNanos: Amount = delivery.claimNanos): Promise<void> {
    const { currency } = terms
    const body = { amountNanos, currency }
    await this.party.tellNotary(this.init.contract, { act: 'accept', type: 'escrow-accept', body })
  }

  /** Names what failed. The record of it is a file whose hash is the evidence. */
  async reject(
    { voucher, terms, acceptBy }: DeliveredState,
    { reason, verdict }: { readonly reason: string; readonly verdict: ResultVerdict },
  ): Promise<void> {
    const { party, init } = this
    const parts = verdict.kind === 'judged' ? failedParts(verdict.result) : []
    const record = ENCODER.encode(canonicalJson({ kind: verdict.kind, parts, reason }))
    const evidence = await party.journal.keepFile(init.contract, record)
    const body = { reason, evidence, concededNanos: voucher.amountNanos, currency: terms.currency }
    let pauseMs = LOOK_MS
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const act = `reject/${attempt}`
      const isNew = party.wallet.said(`${init.contract}/${act}`) === undefined
      const { effect } = await party.tellNotary(init.contract, { act, type: 'escrow-reject', body })
      const leftMs = acceptBy - party.components.clock.now()
      if (effect !== 'refused' || this.current === undefined || isTerminal(this.current) || leftMs <= 0) return
      if (!isNew) continue
      // The dispute bond may come in until T_accept: soon again at first, and then as often as the set takes it.
      const evenMs = Math.floor(leftMs / (ATTEMPTS_MAX - attempt + 2))
      const waitMs = Math.max(LOOK_MS, Math.min(pauseMs, evenMs))
      pauseMs *= 2
      await pause(party.components.timers, waitMs, AbortSignal.any([party.signal, this.deciding.signal]))
      if (this.deciding.signal.aborted || party.isStopped) return
    }
  }
}

import { type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import { CodedError } from '../../base/errors.ts'
import type { AcceptanceResult } from '../../core/acceptance/evaluate-predicate.ts'
import type { DisputedState, EscrowState } from '../../core/escrow/escrow-state.ts'
import { evidenceRootOf } from '../../core/escrow/evidence-root.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import { rulingHash } from '../../wire/v1/escrow-events.ts'
import type { MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { pause } from './contract-follower.ts'
import { declined, type MarketAnswer, type MarketQuestion } from './market-door.ts'
import type { Party } from './party.ts'
import { hashOfBytes, judgeResult, readPredicate, taskHashOf } from './task-package.ts'

/** What an arbiter has seen of a dispute. */
export type DisputeCase = {
  readonly state: DisputedState
  /** What the predicate says of input and result; `undefined` where nobody showed what was delivered. */
  readonly result: AcceptanceResult | undefined
}

export type ArbiterComponents = {
  readonly party: Party
  /** The node at which a party or an arbiter is; absent: its key is the node's. */
  readonly peerOf?: (did: Did) => Did
  /** What the worker gets where the predicate decides nothing; absent: no ruling, and the contract's fallback counts. */
  readonly judge?: (dispute: DisputeCase) => Promise<Amount | undefined>
}

/** Pause before parties and other arbiters are asked again. */
const AGAIN_MS = 1_000

/**
 * Rules on disputes: waits until the record is closed, gets input and result from whoever shows them, runs the acceptance predicate itself, and signs what follows. The
 * signatures of k arbiters on one statement are a ruling; whoever has them sends it. A statement is signed once for each root of the record.
 */
export class Arbiter {
  private readonly components: ArbiterComponents
  private readonly party: Party
  private readonly cases = new Set<ContractId>()
  private close: (() => void) | undefined

  constructor(components: ArbiterComponents) {
    this.components = components
    this.party = components.party
  }

  /** Answers other arbiters from now on. */
  start(): void {
    this.close ??= this.party.components.door.serve({ ruling: async (question) => await this.cosign(question) })
  }

  stop(): void {
    this.close?.()
    this.close = undefined
  }

  /** Takes a contract on: from now on its disputes are ruled on. Bounded by the contracts that the party keeps. */
  take(contract: ContractId): void {
    if (this.cases.has(contract)) return
    this.cases.add(contract)
    this.party.begin(async () => {
      try {
        for await (const { state } of this.party.follow(contract)) this.see(state)
      } finally {
        this.cases.delete(contract)
      }
    })
  }

  private see(state: EscrowState): void {
    const isMine = this.meIn(state) !== undefined
    // The record is closed once T_evidence has fired.
    if (!isMine || state.kind !== 'DISPUTED' || state.evidenceBy !== undefined) return
    this.party.begin(async () => await this.rule(state))
  }

  /** The split: what is claimed where the predicate passes, what is conceded where it fails or nobody shows the result. */
  private async decide(state: DisputedState): Promise<Amount | undefined> {
    const result = await this.inspect(state)
    if (result === undefined || result.outcome === 'failed') return state.rejection.concededNanos
    if (result.outcome === 'passed') return state.delivery.claimNanos
    return await this.components.judge?.({ state, result })
  }

  private async rule(state: DisputedState): Promise<void> {
    const { party } = this
    const workerNanos = await this.decide(state)
    if (workerNanos === undefined) return
    const statement = this.statementOf(state, workerNanos)
    const me = this.meIn(state) ?? party.did
    const signature = await this.signStatement(statement, me)
    const { k, members } = state.terms.arbiters
    const signatures = new Map<Did, string>([[me, signature]])
    await this.sayPart(state, workerNanos)
    for (;;) {
      const missing = members.filter((member) => !signatures.has(member)).slice(0, k)
      for (const member of missing) {
        if (signatures.size >= k) break
        const other = await this.askOther(member, { type: 'ruling', statement, signature })
        if (other !== undefined) signatures.set(member, other)
      }
      const now = party.states.get(state.contract)
      if (now?.kind !== 'DISPUTED' || party.isStopped) return
      if (signatures.size >= k) break
      await pause(party.components.timers, AGAIN_MS, party.signal)
    }
    const listed = [...signatures].slice(0, k).map(([iss, signed]) => ({ iss, signature: signed }))
    await party.tellNotary(state.contract, {
      act: `ruling/${statement.evidenceRoot}`,
      type: 'escrow-ruling',
      body: { statement, signatures: listed },
    })
  }

  private statementOf(state: DisputedState, workerNanos: Amount): MarketFrameOf<'ruling'>['statement'] {
    const { contract, terms, evidence } = state
    return { contract, evidenceRoot: evidenceRootOf(contract, evidence), workerNanos, currency: terms.currency }
  }

  /** The key that the contract names as an arbiter's: one that was rotated since still rules on it. */
  private meIn({ terms }: EscrowState): Did | undefined {
    return this.party.ownAmong(terms.arbiters.members)
  }

  private async signStatement(statement: MarketFrameOf<'ruling'>['statement'], me: Did): Promise<string> {
    const { contract, evidenceRoot } = statement
    const place = `${contract}/${evidenceRoot}`
    return await this.party.wallet.sign({ kind: 'ruling', place, hash: rulingHash(statement), as: me })
  }

  /** The arbiter's own word, for whoever asks later how it came to the ruling. */
  private async sayPart(state: DisputedState, workerNanos: Amount): Promise<void> {
    const { contract, terms, evidence } = state
    const evidenceRoot = evidenceRootOf(contract, evidence)
    await this.party.wallet.say({
      act: `${contract}/ruling-part/${evidenceRoot}`,
      type: 'dispute-ruling-part',
      body: {
        contract,
        basis: 'predicate',
        evidenceRoot,
        currency: terms.currency,
        workerNanos,
        payerNanos: subtractAmounts(terms.maxNanos, workerNanos) ?? ZERO_AMOUNT,
      },
      aud: '*',
      subject: contract,
    })
  }

  private async askOther(member: Did, frame: MarketFrameOf<'ruling'>): Promise<string | undefined> {
    const { door } = this.party.components
    try {
      const answer = await door.ask(this.peerOf(member), { frame }, { signal: this.party.signal })
      return answer.frame.type === 'cosigned' ? answer.frame.signature : undefined
    } catch (error: unknown) {
      if (!CodedError.is(error)) throw error
      return undefined
    }
  }

  /** Another arbiter's ruling is signed where this one comes to the same by itself. */
  private async cosign({ frame: { statement } }: MarketQuestion<'ruling'>): Promise<MarketAnswer> {
    const { contract } = statement
    this.take(contract)
    const state = this.party.states.get(contract)
    if (state?.kind !== 'DISPUTED' || state.evidenceBy !== undefined) return declined('MARKET_CONTRACT_UNKNOWN')
    const me = this.meIn(state)
    if (me === undefined) return declined('MARKET_CONTRACT_UNKNOWN')
    const workerNanos = await this.decide(state)
    const own = workerNanos === undefined ? undefined : this.statementOf(state, workerNanos)
    if (own === undefined || rulingHash(own) !== rulingHash(statement)) return declined('MARKET_STATEMENT_DECLINED')
    return { frame: { type: 'cosigned', signature: await this.signStatement(own, me) } }
  }

  /** Runs the predicate on what the worker or the payer shows, if its hashes are those of contract and delivery. */
  private async inspect({ contract, terms, delivery }: DisputedState): Promise<AcceptanceResult | undefined> {
    for (const did of [terms.worker, terms.payer]) {
      const shown = await this.askCase(this.peerOf(did), contract)
      if (shown === undefined) continue
      const { frame, bytes } = shown
      const input = bytes.subarray(0, frame.inputBytes)
      const result = bytes.subarray(frame.inputBytes)
      const predicate = readPredicate(frame.predicate, terms.predicateHash)
      const isRight =
        taskHashOf(frame.task) === terms.taskHash &&
        hashOfBytes(input) === frame.task.inputHash &&
        hashOfBytes(result) === delivery.result
      if (isRight && predicate !== undefined) return judgeResult(predicate, { input, result })
    }
    return undefined
  }

  private async askCase(
    peer: Did,
    contract: ContractId,
  ): Promise<{ readonly frame: MarketFrameOf<'case'>; readonly bytes: Uint8Array } | undefined> {
    try {
      const question = { frame: { type: 'case-wanted', contract } as const }
      const { frame, bytes } = await this.party.components.door.ask(peer, question, { signal: this.party.signal })
      return frame.type === 'case' ? { frame, bytes } : undefined
    } catch (error: unknown) {
      if (!CodedError.is(error)) throw error
      return undefined
    }
  }

  private peerOf(did: Did): Did {
    return this.components.peerOf?.(did) ?? did
  }
}

import { type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import { CodedError } from '../../base/errors.ts'
import type { AcceptanceResult } from '../../core/acceptance/evaluate-predicate.ts'
import type { DisputedState, EscrowState } from '../../core/escrow/escrow-state.ts'
import { evidenceRootOf } from '../../core/escrow/evidence-root.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import { rulingHash } from '../../wire/v1/escrow-events.ts'
import type { MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { judgeDispute } from '../disputes/judge-dispute.ts'
import type { ReplicationOutcome, ReplicationPolicy } from '../disputes/replicate.ts'
import { pause } from './contract-follower.ts'
import { declined, type MarketAnswer, type MarketQuestion } from './market-door.ts'
import type { Party } from './party.ts'

/** What an arbiter has seen of a dispute. */
export type DisputeCase = {
  readonly state: DisputedState
  /** What the predicate says of input and result; `undefined` where nobody showed what was delivered. */
  readonly result: AcceptanceResult | undefined
  /** What replicas said, where they were asked. */
  readonly replication: ReplicationOutcome | undefined
}

type Decision = { readonly workerNanos: Amount; readonly basis: 'predicate' | 'replication' | 'arbiters' }

export type ArbiterComponents = {
  readonly party: Party
  /** The node at which a party or an arbiter is; absent: its key is the node's. */
  readonly peerOf?: (did: Did) => Did
  /** Nodes at which sellers may be that run a task again, for predicates that ask for it; absent: nobody is asked. */
  readonly replicas?: {
    readonly peers: () => readonly Did[]
    readonly policy?: ReplicationPolicy
    /** As in `ReplicationQuestion`. */
    readonly isKnown?: (seller: Did) => boolean
  }
  /** What the worker gets where neither predicate nor replicas decide; absent: no ruling, and the contract's fallback counts. */
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
  private readonly deciding = new Map<string, Promise<Decision | undefined>>()
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

  /** The split: what is claimed where the predicate passes, what is conceded where it fails or nobody shows the result. One record is looked into once. */
  private async decide(state: DisputedState): Promise<Decision | undefined> {
    const key = `${state.contract}/${evidenceRootOf(state.contract, state.evidence)}`
    const deciding = this.deciding.get(key) ?? this.lookInto(state)
    this.deciding.set(key, deciding)
    try {
      return await deciding
    } finally {
      this.deciding.delete(key)
    }
  }

  private async lookInto(state: DisputedState): Promise<Decision | undefined> {
    const { terms } = state
    const { replicas, judge } = this.components
    const { result, replication } = await judgeDispute(this.party, state, {
      nodes: [this.peerOf(terms.worker), this.peerOf(terms.payer)],
      ...(replicas && { replicas: { ...replicas, peers: replicas.peers() } }),
    })
    const basis = replication?.result === undefined ? 'predicate' : 'replication'
    if (result === undefined || result.outcome === 'failed')
      return { workerNanos: state.rejection.concededNanos, basis }
    if (result.outcome === 'passed') return { workerNanos: state.delivery.claimNanos, basis }
    const workerNanos = await judge?.({ state, result, replication })
    return workerNanos === undefined ? undefined : { workerNanos, basis: 'arbiters' }
  }

  private async rule(state: DisputedState): Promise<void> {
    const { party } = this
    const decision = await this.decide(state)
    if (decision === undefined) return
    const { workerNanos } = decision
    const statement = this.statementOf(state, workerNanos)
    const me = this.meIn(state) ?? party.did
    const signature = await this.signStatement(statement, me)
    const { k, members } = state.terms.arbiters
    const signatures = new Map<Did, string>([[me, signature]])
    await this.sayPart(state, decision)
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
  private async sayPart(state: DisputedState, { workerNanos, basis }: Decision): Promise<void> {
    const { contract, terms, evidence } = state
    const evidenceRoot = evidenceRootOf(contract, evidence)
    await this.party.wallet.say({
      act: `${contract}/ruling-part/${evidenceRoot}`,
      type: 'dispute-ruling-part',
      body: {
        contract,
        basis,
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
    const decision = await this.decide(state)
    const own = decision === undefined ? undefined : this.statementOf(state, decision.workerNanos)
    if (own === undefined || rulingHash(own) !== rulingHash(statement)) return declined('MARKET_STATEMENT_DECLINED')
    return { frame: { type: 'cosigned', signature: await this.signStatement(own, me) } }
  }

  private peerOf(did: Did): Did {
    return this.components.peerOf?.(did) ?? did
  }
}

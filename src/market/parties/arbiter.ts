import { type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import type { AcceptanceResult } from '../../core/acceptance/evaluate-predicate.ts'
import type { DisputedState, EscrowState, FrozenState } from '../../core/escrow/escrow-state.ts'
import { evidenceRootOf } from '../../core/escrow/evidence-root.ts'
import { frozenSplit } from '../../core/escrow/settlement.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { rulingHash } from '../../wire/v1/escrow-events.ts'
import type { MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { judgeDispute } from '../disputes/judge-dispute.ts'
import type { ReplicationOutcome, ReplicationPolicy } from '../disputes/replicate.ts'
import { pause } from './contracts/contract-follower.ts'
import { declined, type MarketAnswer, type MarketQuestion } from './market-door.ts'
import type { Party } from './party.ts'
import { mayRule, showPart, signPart } from './ruling-parts.ts'
import { showCases } from './show-case.ts'

/** What an arbiter has seen of a dispute. */
export type DisputeCase = {
  readonly state: DisputedState
  /** What the predicate says of input and result; `undefined` where nobody showed what was delivered. */
  readonly result: AcceptanceResult | undefined
  /** What replicas said, where they were asked. */
  readonly replication: ReplicationOutcome | undefined
}

type Decision = { readonly workerNanos: Amount; readonly basis: 'predicate' | 'replication' | 'arbiters' }

/** Whom an arbiter rules as, where it asks for what was delivered, and who decides what machines leave open. */
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

/** What arbiters rule on. */
type RuledState = DisputedState | FrozenState

/** Pause before parties and other arbiters are asked again; parties that show nothing are asked with pauses that double up to the second one. */
const AGAIN_MS = 1_000
const AGAIN_MS_MAX = 60_000
/** Of T_rule, this part is left for whoever cannot be reached; then it is ruled on what is there. */
const PATIENCE = 2
/** Longest that another arbiter waits for an answer; it asks again. */
const COSIGN_WAIT_MS = 2_000

/**
 * Rules on disputes: waits until the record is closed, gets input and result from whoever shows them, runs the acceptance predicate itself, and signs what follows. The
 * signatures of k arbiters on one statement are a ruling; whoever has them sends it. A statement is signed once for each root of the record. Who cannot be reached is asked
 * again until half of T_rule has passed. A frozen contract is given the same time, for a delivery or for another proof, and then the split that it names itself.
 */
export class Arbiter {
  private readonly components: ArbiterComponents
  private readonly party: Party
  private readonly cases = new Set<ContractId>()
  /** By contract and root of the record. */
  private readonly decisions = new Map<string, Promise<Decision | undefined>>()
  private close: (() => void) | undefined

  constructor(components: ArbiterComponents) {
    this.components = components
    this.party = components.party
  }

  /** Answers other arbiters from now on. */
  start(): void {
    // Whoever runs a task again has the pieces of its input from here.
    this.party.serveOnce('cases', showCases(this.party))
    this.close ??= this.party.components.door.serve({
      ruling: async (question) => await this.cosign(question),
      'ruling-wanted': async (question) => await showPart(this.party, question),
    })
  }

  stop(): void {
    this.close?.()
    this.close = undefined
  }

  /**
   * Takes a contract on: from now on its disputes are ruled on, if it names this party an arbiter.
   *
   * @param lapsesAt  Absent: one that the notary set does not know yet is waited for.
   */
  take(contract: ContractId, lapsesAt?: Timestamp): void {
    if (this.cases.has(contract)) return
    this.cases.add(contract)
    this.party.begin(async () => {
      try {
        for await (const { state } of this.party.follow(contract, lapsesAt)) {
          if (this.meIn(state) === undefined) break
          this.see(state)
        }
      } finally {
        this.cases.delete(contract)
        for (const key of this.decisions.keys()) if (key.startsWith(contract)) this.decisions.delete(key)
      }
    })
  }

  private see(state: EscrowState): void {
    if (!isRuled(state) || !mayRule(this.party, state, rootOf(state))) return
    this.party.begin(async () => await this.rule(state))
  }

  /** The split: what is claimed where the predicate passes, what is conceded where it fails or nobody shows the result in time. One record is looked into once. */
  private async decide(state: RuledState): Promise<Decision | undefined> {
    const key = `${state.contract}/${rootOf(state)}`
    const known = this.decisions.get(key)
    if (known !== undefined) return await known
    const deciding = state.kind === 'FROZEN' ? this.endFrozen(state) : this.askUntilShown(state)
    this.decisions.set(key, deciding)
    // What failed is looked into again.
    deciding.catch(() => this.decisions.delete(key))
    return await deciding
  }

  private async endFrozen(state: FrozenState): Promise<Decision | undefined> {
    const { timers, clock } = this.party.components
    await pause(timers, Math.max(0, patienceEnd(state) - clock.now()), this.party.signal)
    const { equivocators, claimNanos, voucher } = state
    const workerNanos = frozenSplit({ equivocators, claimNanos, voucherNanos: voucher.amountNanos })
    return { workerNanos, basis: 'arbiters' }
  }

  private async askUntilShown(state: DisputedState): Promise<Decision | undefined> {
    const { timers, clock } = this.party.components
    for (let pauseMs = AGAIN_MS; ; pauseMs = Math.min(2 * pauseMs, AGAIN_MS_MAX)) {
      const found = await this.lookInto(state)
      if (found !== 'nothing-shown') return found
      if (clock.now() >= patienceEnd(state)) return { workerNanos: state.rejection.concededNanos, basis: 'predicate' }
      await pause(timers, pauseMs, this.party.signal)
      if (!this.isCurrent(state)) return undefined
    }
  }

  /** Whether the contract still stands with this very record, as far as is known here. */
  private isCurrent(state: RuledState): boolean {
    const now = this.party.states.get(state.contract)
    return now !== undefined && isRuled(now) && rootOf(now) === rootOf(state)
  }

  private async lookInto(state: DisputedState): Promise<Decision | 'nothing-shown' | undefined> {
    const { terms } = state
    const { replicas, judge } = this.components
    const { result, replication } = await judgeDispute(this.party, state, {
      nodes: [this.peerOf(terms.worker), this.peerOf(terms.payer)],
      ...(replicas && { replicas: { ...replicas, peers: replicas.peers() } }),
    })
    const basis = replication?.result === undefined ? 'predicate' : 'replication'
    if (result === undefined) return 'nothing-shown'
    if (result.outcome === 'failed') return { workerNanos: state.rejection.concededNanos, basis }
    if (result.outcome === 'passed') return { workerNanos: state.delivery.claimNanos, basis }
    const workerNanos = await judge?.({ state, result, replication })
    return workerNanos === undefined ? undefined : { workerNanos, basis: 'arbiters' }
  }

  private async rule(state: RuledState): Promise<void> {
    const { party } = this
    const decision = await this.decide(state)
    if (decision === undefined || !this.isCurrent(state)) return
    const { workerNanos } = decision
    const statement = this.statementOf(state, workerNanos)
    const me = this.meIn(state) ?? party.did
    const { k, members } = state.terms.arbiters
    const signature = await signPart(party, statement, { me, members })
    const signatures = new Map<Did, string>([[me, signature]])
    await this.sayPart(state, decision)
    for (;;) {
      const missing = members.filter((member) => !signatures.has(member)).slice(0, k)
      for (const member of missing) {
        if (signatures.size >= k) break
        const other = await this.askOther(member, { type: 'ruling', statement, signature })
        if (other !== undefined) signatures.set(member, other)
      }
      if (!this.isCurrent(state) || party.isStopped) return
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

  private statementOf(state: RuledState, workerNanos: Amount): MarketFrameOf<'ruling'>['statement'] {
    const { contract, terms } = state
    return { contract, evidenceRoot: rootOf(state), workerNanos, currency: terms.currency }
  }

  /** The key that the contract names as an arbiter's: one that was rotated since still rules on it. */
  private meIn({ terms }: EscrowState): Did | undefined {
    return this.party.ownAmong(terms.arbiters.members)
  }

  /** The arbiter's own word, for whoever asks later how it came to the ruling. */
  private async sayPart(state: RuledState, { workerNanos, basis }: Decision): Promise<void> {
    const { contract, terms } = state
    const evidenceRoot = rootOf(state)
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
    // Anybody asks: what the set does not know now is nobody's case.
    this.take(contract, this.party.components.clock.now())
    const state = this.party.states.get(contract)
    if (state === undefined || !isRuled(state)) return declined('MARKET_CONTRACT_UNKNOWN')
    const me = this.meIn(state)
    if (me === undefined) return declined('MARKET_CONTRACT_UNKNOWN')
    if (!mayRule(this.party, state, rootOf(state))) return declined('MARKET_RESTORED')
    const { timers } = this.party.components
    const answered = new AbortController()
    const late = pause(timers, COSIGN_WAIT_MS, answered.signal).catch(() => undefined)
    const decision = await Promise.race([this.decide(state), late])
    answered.abort()
    const own = decision === undefined ? undefined : this.statementOf(state, decision.workerNanos)
    if (own === undefined || rulingHash(own) !== rulingHash(statement)) return declined('MARKET_STATEMENT_DECLINED')
    const { members } = state.terms.arbiters
    return { frame: { type: 'cosigned', signature: await signPart(this.party, own, { me, members }) } }
  }

  private peerOf(did: Did): Did {
    return this.components.peerOf?.(did) ?? did
  }
}

/** Whether arbiters are to rule: a record is closed once T_evidence has fired. */
function isRuled(state: EscrowState): state is RuledState {
  return state.kind === 'FROZEN' || (state.kind === 'DISPUTED' && state.evidenceBy === undefined)
}

/** What a ruling names. */
function rootOf(state: RuledState): Hash {
  return state.kind === 'FROZEN' ? state.evidenceRoot : evidenceRootOf(state.contract, state.evidence)
}

function patienceEnd({ ruleBy, terms }: RuledState): number {
  return ruleBy - terms.timers.ruleMs / PATIENCE
}

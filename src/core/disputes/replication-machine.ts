import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { Machine, Step } from '../machine.ts'
import { commitmentOf } from './commitment.ts'
import { findCredibleResult, REPLICAS_MAX, TRUST_MAX, WEIGHT_MAX } from './credibility.ts'
import type { DisputeRefusalCode } from './dispute-refusals.ts'

export type ReplicationTerms = {
  readonly contract: ContractId
  /** Which run of the task; commitments of one do not open in another. */
  readonly round: number
  /** Who runs the task again, each once, 1 to 32, with the weights of `replicaWeight`, 1 to 1,000,000. */
  readonly replicas: readonly { readonly did: Did; readonly weight: bigint }[]
  /** The threshold is `1 - 1 / trust`; 1 to 10^9. */
  readonly trust: bigint
  /** Replicas that must agree at least, 1 to their number. */
  readonly quorum: number
  /** Deadlines: commitments count before the first, reveals before the second. */
  readonly commitBy: Timestamp
  readonly revealBy: Timestamp
}

type Commitments = ReadonlyMap<Did, Hash>
type Reveals = ReadonlyMap<Did, Hash>

type ReplicationHead = { readonly terms: ReplicationTerms; readonly at: Timestamp; readonly commitments: Commitments }

export type ReplicationState =
  | (ReplicationHead & { readonly kind: 'committing' })
  | (ReplicationHead & { readonly kind: 'revealing'; readonly reveals: Reveals })
  | (ReplicationHead & {
      readonly kind: 'ended'
      readonly reveals: Reveals
      /** `undefined`: no result is credible enough. */
      readonly result: Hash | undefined
    })

export type ReplicationEvent =
  | (Evidence & { readonly type: 'result-committed'; readonly commitment: Hash })
  | (Evidence & { readonly type: 'result-revealed'; readonly result: Hash; readonly salt: string })
  | { readonly type: 'timer-fired'; readonly name: 'commit' | 'reveal'; readonly at: Timestamp }

export type ReplicationEffect =
  | { readonly type: 'start-timer'; readonly name: 'commit' | 'reveal'; readonly firesAt: Timestamp }
  | {
      readonly type: 'replication-ended'
      readonly contract: ContractId
      readonly result: Hash | undefined
      /** By DID: who said the result, who said another, who committed to nothing or did not reveal. */
      readonly agreed: readonly Did[]
      readonly dissented: readonly Did[]
      readonly silent: readonly Did[]
    }
  | { readonly type: 'event-refused'; readonly code: DisputeRefusalCode }

export type ReplicationInput = { readonly terms: ReplicationTerms; readonly at: Timestamp }

/**
 * A deterministic task run again by several who do not see each other's results: all commit, then all reveal. A copycat can copy a commitment, which names its
 * author and so opens for nobody else, or wait for the reveals, when commitments are no longer taken.
 *
 * ```text
 * committing --all committed, or T_commit--> revealing --all revealed, or T_reveal--> ended
 * ```
 */
export const REPLICATION_MACHINE: Machine<ReplicationState, ReplicationEvent, ReplicationEffect, ReplicationInput> = {
  name: 'replication',
  initial: ({ terms, at }) => ({ kind: 'committing', terms, at, commitments: new Map() }),
  transition,
  violations,
}

/** Whether terms can be run; check before `initial`. */
export function areReplicationTermsSound({ replicas, trust, quorum, commitBy, revealBy }: ReplicationTerms): boolean {
  return (
    replicas.length >= 1 &&
    replicas.length <= REPLICAS_MAX &&
    new Set(replicas.map(({ did }) => did)).size === replicas.length &&
    replicas.every(({ weight }) => weight >= 1n && weight <= WEIGHT_MAX) &&
    trust >= 1n &&
    trust <= TRUST_MAX &&
    Number.isSafeInteger(quorum) &&
    quorum >= 1 &&
    quorum <= replicas.length &&
    Number.isSafeInteger(revealBy) &&
    commitBy < revealBy
  )
}

function transition(state: ReplicationState, event: ReplicationEvent): Step<ReplicationState, ReplicationEffect> {
  if (!areReplicationTermsSound(state.terms)) return refused(state, 'DISPUTE_TERMS_BAD')
  if (!Number.isSafeInteger(event.at) || event.at < state.at) return refused(state, 'DISPUTE_TIME_BACK')
  if (event.type !== 'timer-fired' && !state.terms.replicas.some(({ did }) => did === event.iss))
    return refused(state, 'DISPUTE_SIGNER_WRONG')
  switch (event.type) {
    case 'result-committed':
      return commit(state, event)
    case 'result-revealed':
      return reveal(state, event)
    case 'timer-fired':
      return fire(state, event)
    default:
      return assertNever(event)
  }
}

function commit(
  state: ReplicationState,
  { iss, commitment, at }: Extract<ReplicationEvent, { type: 'result-committed' }>,
): Step<ReplicationState, ReplicationEffect> {
  if (state.kind !== 'committing') return refused(state, 'DISPUTE_STATE_WRONG')
  if (at >= state.terms.commitBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
  if (state.commitments.has(iss)) return refused(state, 'DISPUTE_COMMITMENT_EXISTS')
  const commitments = new Map(state.commitments).set(iss, commitment)
  const next: ReplicationState = { ...state, at, commitments }
  return commitments.size === state.terms.replicas.length ? openReveals(next) : { state: next, effects: [] }
}

function openReveals({ terms, at, commitments }: ReplicationHead): Step<ReplicationState, ReplicationEffect> {
  return {
    state: { kind: 'revealing', terms, at, commitments, reveals: new Map() },
    effects: [{ type: 'start-timer', name: 'reveal', firesAt: terms.revealBy }],
  }
}

function reveal(
  state: ReplicationState,
  { iss, result, salt, at }: Extract<ReplicationEvent, { type: 'result-revealed' }>,
): Step<ReplicationState, ReplicationEffect> {
  if (state.kind !== 'revealing') return refused(state, 'DISPUTE_STATE_WRONG')
  const { contract, round, revealBy } = state.terms
  if (at >= revealBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
  const commitment = state.commitments.get(iss)
  if (commitment === undefined) return refused(state, 'DISPUTE_COMMITMENT_MISSING')
  if (commitmentOf({ domain: 'replica', contract, round, iss, salt, value: result }) !== commitment)
    return refused(state, 'DISPUTE_REVEAL_WRONG')
  const reveals = new Map(state.reveals).set(iss, result)
  const next = { ...state, at, reveals }
  return reveals.size === state.commitments.size ? end(next) : { state: next, effects: [] }
}

function fire(
  state: ReplicationState,
  { name, at }: Extract<ReplicationEvent, { type: 'timer-fired' }>,
): Step<ReplicationState, ReplicationEffect> {
  if (state.kind === 'ended') return refused(state, 'DISPUTE_STATE_WRONG')
  const deadline = state.kind === 'committing' ? state.terms.commitBy : state.terms.revealBy
  if (at < deadline || (name === 'commit') !== (state.kind === 'committing'))
    return refused(state, 'DISPUTE_TIMER_EARLY')
  const next = { ...state, at }
  if (next.kind === 'revealing') return end(next)
  return next.commitments.size === 0 ? end({ ...next, reveals: new Map() }) : openReveals(next)
}

function end(state: ReplicationHead & { readonly reveals: Reveals }): Step<ReplicationState, ReplicationEffect> {
  const { terms, at, commitments, reveals } = state
  const contributions = terms.replicas.flatMap(({ did, weight }) => {
    const result = reveals.get(did)
    return result === undefined ? [] : [{ replica: did, result, weight }]
  })
  const result = findCredibleResult(contributions, terms)
  const sides = { agreed: new Array<Did>(), dissented: new Array<Did>(), silent: new Array<Did>() }
  for (const { did } of terms.replicas.toSorted((left, right) => (left.did < right.did ? -1 : 1))) {
    const said = reveals.get(did)
    // Without a credible result nobody is known to be wrong.
    if (said === undefined) sides.silent.push(did)
    else if (said === result) sides.agreed.push(did)
    else if (result !== undefined) sides.dissented.push(did)
  }
  return {
    state: { kind: 'ended', terms, at, commitments, reveals, result },
    effects: [{ type: 'replication-ended', contract: terms.contract, result, ...sides }],
  }
}

function refused(state: ReplicationState, code: DisputeRefusalCode): Step<ReplicationState, ReplicationEffect> {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function violations(state: ReplicationState): readonly string[] {
  const broken = new Set<string>()
  const replicas = new Set(state.terms.replicas.map(({ did }) => did))
  for (const did of state.commitments.keys()) if (!replicas.has(did)) broken.add('only replicas commit')
  if (state.kind === 'committing') return [...broken]
  for (const did of state.reveals.keys())
    if (!state.commitments.has(did)) broken.add('only committed results are revealed')
  if (state.kind === 'ended' && state.result !== undefined) {
    const agreed = [...state.reveals.values()].filter((result) => result === state.result).length
    if (agreed < state.terms.quorum) broken.add('a result has its quorum')
  }
  return [...broken]
}

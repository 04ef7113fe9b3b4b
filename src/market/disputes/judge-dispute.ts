import type { AcceptanceResult } from '../../core/acceptance/evaluate-predicate.ts'
import type { DisputedState } from '../../core/escrow/escrow-state.ts'
import { evidenceRootOf } from '../../core/escrow/evidence-root.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Party } from '../parties/party.ts'
import { judgeResult, reRunsOf } from '../parties/contracts/task-package.ts'
import { caseSubject, fetchCase, type ShownCase } from './fetch-case.ts'
import { replicate, type ReplicationOutcome, type ReplicationPolicy, type ReplicationQuestion } from './replicate.ts'

/** What machines say of a dispute. */
export type DisputeFindings = {
  /** `undefined` where nobody shows what was delivered. */
  readonly result: AcceptanceResult | undefined
  /** Of the replicas; absent where the predicate decided without them, or names no run. */
  readonly replication: ReplicationOutcome | undefined
}

/** Where input and result of a dispute may be shown, and where its task may be run again. */
export type DisputeSources = {
  /** Nodes of the parties, or at which they may be. */
  readonly nodes: readonly Did[]
  /** Where sellers may be that run the task again; absent: nobody is asked. */
  readonly replicas?:
    | (Pick<ReplicationQuestion, 'peers' | 'isKnown'> & { readonly policy?: ReplicationPolicy | undefined })
    | undefined
}

/**
 * The acceptance predicate first, on what a party shows; where it is undecided and asks for another run of the task, replicas next, whose credible result is that run.
 * What is undecided after that is left to arbiters.
 */
export async function judgeDispute(
  party: Party,
  state: DisputedState,
  { nodes, replicas }: DisputeSources,
): Promise<DisputeFindings> {
  const shown = await fetchCase(party, state, nodes)
  // What has come of a case that is not shown whole stays, for when it is asked for again.
  if (shown === undefined) return { result: undefined, replication: undefined }
  try {
    return await judgeShown(party, state, { shown, replicas })
  } finally {
    await party.journal.dropFiles(caseSubject(state.contract))
  }
}

async function judgeShown(
  party: Party,
  state: DisputedState,
  { shown, replicas }: Pick<DisputeSources, 'replicas'> & { readonly shown: ShownCase },
): Promise<DisputeFindings> {
  const { predicate, input, result, task } = shown
  const first = judgeResult(predicate, { input, result })
  if (first.outcome !== 'undecided' || replicas === undefined || reRunsOf(predicate).length === 0)
    return { result: first, replication: undefined }
  const { contract, terms, evidence } = state
  const root = evidenceRootOf(contract, evidence)
  const { peers, policy, isKnown } = replicas
  const replication = await replicate(party, { contract, terms, root, task, input, peers, isKnown }, policy)
  if (replication.bytes === undefined) return { result: first, replication }
  return { result: judgeResult(predicate, { input, result, again: replication.bytes }), replication }
}

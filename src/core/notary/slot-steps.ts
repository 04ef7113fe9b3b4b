import { assert } from '../../base/assert.ts'
import type { Sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import { type Block, hashOfBlock } from './block.ts'
import type { Decision } from './certificate.ts'
import type { Execution, NotaryEffect } from './notary-event.ts'
import { leaderOf, quorumOf } from './notary-set.ts'
import { andThen, CHECKPOINT_EVERY, IDLE, isLeader, KEPT_SLOTS, refused, unchanged } from './notary-state.ts'
import type { NotaryState, NotaryStep, Work } from './notary-state.ts'
import { comparePositions } from './position.ts'
import type { VotePhase, VoteQuorum } from './statement.ts'

/** Starts the next block, where this replica leads an open view and nothing is under way. */
export function pump(state: NotaryState, now: Timestamp): NotaryStep {
  const { input, head, pending, floor } = state
  const isFree = state.kind === 'following' && isLeader(state) && state.work.kind === 'idle' && floor === undefined
  if (!isFree || pending.length === 0) return unchanged(state)
  const entries = pending.slice(0, input.batchMax)
  const at = now > head.at ? now : head.at
  const ticket = state.tickets + 1
  const work: Work = { kind: 'drafting', ticket, at, entries }
  return {
    state: { ...state, tickets: ticket, work },
    effects: [{ type: 'execute', ticket, slot: head.slot + 1, at, entries }],
  }
}

/** Lets the application run a block that somebody proposed. */
export function check(
  state: NotaryState,
  proposed: { block: Block; hash: Block['previous']; isMine: boolean },
): NotaryStep {
  const ticket = state.tickets + 1
  const { block } = proposed
  const entries = block.entries.map(({ message, contract }) => ({ message, contract }))
  return {
    state: { ...state, tickets: ticket, work: { kind: 'checking', ticket, ...proposed } },
    effects: [{ type: 'execute', ticket, slot: block.slot, at: block.at, entries }],
  }
}

/** The application's answer: the draft becomes a proposal, the proposal of another gets a vote or none. */
export function takeExecution(
  state: NotaryState,
  { ticket, ...execution }: Execution & { readonly ticket: number },
  digest: Sha256Hex,
): NotaryStep {
  const { work, head } = state
  if ((work.kind !== 'drafting' && work.kind !== 'checking') || work.ticket !== ticket) {
    return refused(state, 'NOTARY_EXECUTION_STALE')
  }
  const proposed = work.kind === 'drafting' ? work.entries : work.block.entries
  assert(execution.results.length === proposed.length, 'the application answers every entry')
  const block: Block = {
    slot: head.slot + 1,
    previous: head.block,
    at: work.kind === 'drafting' ? work.at : work.block.at,
    entries: proposed.map(({ message, contract }, index) => {
      const result = execution.results[index]
      assert(result !== undefined, 'the application answers every entry')
      return { message, contract, seq: result.seq, transition: result.transition }
    }),
    state: execution.state,
  }
  const hash = hashOfBlock(block, digest)
  if (work.kind === 'checking' && work.hash !== hash) {
    const rejected: Work = { kind: 'rejected', block: work.block, hash: work.hash }
    return {
      state: { ...state, work: rejected },
      effects: [{ type: 'event-refused', code: 'NOTARY_EXECUTION_DIVERGED', reason: `slot ${block.slot}` }],
    }
  }
  const isMine = work.kind === 'drafting' || work.isMine
  return castFirst({ ...state, work: { kind: 'voting', block, hash, isMine } })
}

/** The first vote for the block under way. A set of one needs no round before the certificate. */
function castFirst(state: NotaryState): NotaryStep {
  const { input, work, view, opening } = state
  assert(work.kind === 'voting', 'a block is voted for')
  const isAlone = input.set.members.length === 1
  const proposal = work.isMine && !isAlone ? { view, block: work.block, changes: opening } : undefined
  return andThen(cast(state, isAlone ? 'commit' : 'prepare', proposal), tally)
}

function cast(
  state: NotaryState,
  phase: VotePhase,
  proposal?: Extract<NotaryEffect, { type: 'cast-vote' }>['proposal'],
): NotaryStep {
  const { work, view } = state
  assert(work.kind === 'voting', 'a vote follows an execution of the same block')
  const place = { phase, view, slot: work.block.slot }
  assert(state.cast === undefined || comparePositions(place, state.cast) > 0, 'no place is voted for twice')
  assert(state.floor === undefined, 'nothing is signed below the floor')
  const statement = { ...place, block: work.hash }
  return { state: { ...state, cast: statement }, effects: [{ type: 'cast-vote', statement, proposal }] }
}

/** Looks whether the votes make the block under way prepared or certified. */
export function tally(state: NotaryState): NotaryStep {
  const { work, prepared, view } = state
  if (work.kind === 'idle' || work.kind === 'drafting') return unchanged(state)
  const commits = quorumIn(state, 'commit')
  if (commits !== undefined) return decide(state, { block: work.block, quorum: commits })
  if (work.kind !== 'voting' || prepared?.quorum.view === view) return unchanged(state)
  const prepares = quorumIn(state, 'prepare')
  if (prepares === undefined) return unchanged(state)
  return andThen(cast({ ...state, prepared: { block: work.block, quorum: prepares } }, 'commit'), tally)
}

function quorumIn({ input, work, votes, view }: NotaryState, phase: VotePhase): VoteQuorum | undefined {
  if (work.kind === 'idle' || work.kind === 'drafting') return undefined
  const { block, hash } = work
  const equal = votes.filter((vote) => vote.phase === phase && vote.block === hash)
  if (equal.length < quorumOf(input.set)) return undefined
  const signatures = equal
    .map(({ member, signature }) => ({ member, signature }))
    .toSorted((left, right) => left.member - right.member)
  return { phase, view, slot: block.slot, block: hash, signatures: signatures.slice(0, quorumOf(input.set)) }
}

/** The slot behind the head is certified: it becomes the head. */
export function decide(state: NotaryState, decision: Decision): NotaryStep {
  const { block } = decision
  const done = new Set(block.entries.map(({ message }) => message))
  const effects: NotaryEffect[] = [{ type: 'apply-block', decision }]
  if (block.slot % CHECKPOINT_EVERY === 0) {
    const truncateBefore = Math.max(0, block.slot - KEPT_SLOTS)
    effects.push({ type: 'take-checkpoint', quorum: decision.quorum, truncateBefore })
  }
  const pending = state.pending.filter(({ message }) => !done.has(message))
  return { state: passFloor(headMoved({ ...state, pending }, decision)), effects }
}

/** The head moves to a certified block; what was under way behind the old one is over. */
export function headMoved(state: NotaryState, { block, quorum }: Decision): NotaryState {
  const head = { slot: block.slot, block: quorum.block, at: block.at, quorum }
  return { ...state, head, work: IDLE, prepared: undefined, votes: [], attempts: 0 }
}

/** Behind the last slot that may have been signed, signing is safe again, in views no lower than the last one. */
export function passFloor(state: NotaryState): NotaryState {
  const { floor } = state
  if (floor === undefined || state.head.slot < floor.slot) return state
  const view = Math.max(state.view, floor.view)
  // A leader that does not know what opened its view, or what it proposed there, leaves it to the next.
  const isLost = view > state.view || leaderOf(state.input.set, view) === state.input.me
  if (state.kind === 'stopped' || !isLost || state.input.set.members.length === 1)
    return { ...state, view, floor: undefined }
  return { ...state, kind: 'changing', view, floor: undefined, work: IDLE, votes: [], opening: [] }
}

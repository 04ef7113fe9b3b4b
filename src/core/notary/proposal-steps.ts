import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../evidence/names.ts'
import { type Block, hashOfBlock } from './block.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'
import type { Proposal } from './notary-event.ts'
import { leaderOf } from './notary-set.ts'
import { andThen, IDLE, refused } from './notary-state.ts'
import type { NotaryState, NotaryStep } from './notary-state.ts'
import { check } from './slot-steps.ts'
import type { Vote } from './statement.ts'
import { openingOf } from './view-change.ts'
import { slotElsewhere, takeVote } from './vote-steps.ts'

/** A proposal of a leader. The first sound one of a view also brings this replica into the view. */
export function takeProposal(state: NotaryState, proposal: Proposal, now: Timestamp): NotaryStep {
  const { input, view, head } = state
  const { block } = proposal
  const { member } = proposal.signature
  if (input.set.members[member] === undefined) return refused(state, 'NOTARY_MEMBER_UNKNOWN')
  if (leaderOf(input.set, proposal.view) !== member) return refused(state, 'NOTARY_LEADER_WRONG')
  if (block.slot !== head.slot + 1) return slotElsewhere(state, member, block.slot)
  const vote: Vote = {
    phase: 'prepare',
    view: proposal.view,
    slot: block.slot,
    block: hashOfBlock(block),
    ...proposal.signature,
  }
  if (member === input.me) return takeVote(state, vote)
  if (proposal.view < view) return refused(state, 'NOTARY_VIEW_STALE')
  if (state.floor !== undefined) return refused(state, 'NOTARY_STATE_BEHIND')
  const isEntered = proposal.view === view && state.kind === 'following'
  if (isEntered && state.work.kind !== 'idle') return takeVote(state, vote)
  const known = isEntered ? state.votes.find((one) => one.member === member && one.phase === 'prepare') : undefined
  if (known !== undefined && known.block !== vote.block) return takeVote(state, vote)
  const code = refuseBlock(state, { proposal, hash: vote.block, now })
  if (code !== undefined) return refused(state, code)
  const entered: NotaryState = isEntered
    ? state
    : {
        ...state,
        kind: 'following',
        view: proposal.view,
        work: IDLE,
        votes: [],
        opening: [],
        changes: state.changes.filter((change) => change.view > proposal.view),
      }
  const votes = known === undefined ? [...entered.votes, vote] : entered.votes
  return andThen({ state: { ...entered, votes }, effects: [] }, (next) =>
    check(next, { block, hash: vote.block, isMine: false }),
  )
}

type Proposed = { readonly proposal: Proposal; readonly hash: Hash; readonly now: Timestamp }

/** Why a proposal gets no vote here, before it is run. */
function refuseBlock(state: NotaryState, { proposal, hash, now }: Proposed): NotaryRefusalCode | undefined {
  const { input, head } = state
  const { block, view, changes } = proposal
  const opening = view === 0 ? { start: 1, required: undefined } : openingOf(input.set, view, changes)
  if (opening === undefined || (view === 0 && changes.length > 0)) return 'NOTARY_OPENING_WRONG'
  if (block.slot < opening.start) return 'NOTARY_OPENING_WRONG'
  const required = block.slot === opening.start ? opening.required : undefined
  if (required !== undefined && required.hash !== hash) return 'NOTARY_OPENING_WRONG'
  if (!isBlockSound(state, block)) return 'NOTARY_BLOCK_WRONG'
  if (block.at < head.at) return 'NOTARY_STAMP_BACKWARD'
  // 2f + 1 members compared the stamp of a prepared block with their clocks when it was new.
  const distance = block.at > now ? block.at - now : now - block.at
  if (required === undefined && distance > input.epsilonMs) return 'NOTARY_STAMP_FAR'
  return undefined
}

function isBlockSound({ head, input }: NotaryState, { previous, entries, at }: Block): boolean {
  const messages = new Set(entries.map(({ message }) => message))
  const isSized = entries.length >= 1 && entries.length <= input.batchMax
  return previous === head.block && isSized && messages.size === entries.length && Number.isSafeInteger(at)
}

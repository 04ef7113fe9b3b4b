import { GENESIS, hashOfBlock } from './block.ts'
import { BATCH_MAX, type NotaryState, PENDING_MAX } from './notary-state.ts'
import { isQuorumOf } from './view-change.ts'

/** What must hold in every state of a replica, by name. */
export function notaryViolations(state: NotaryState): readonly string[] {
  const { input, head, votes, changes, pending, prepared, work, view, cast } = state
  const { set } = input
  const broken: string[] = []
  const holds = (condition: boolean, name: string): void => {
    if (!condition) broken.push(name)
  }
  const isProven =
    head.quorum === undefined
      ? head.slot === 0 && head.block === GENESIS
      : isQuorumOf(set, head.quorum, { phase: 'commit', slot: head.slot, block: head.block })
  holds(isProven, 'the head is certified')
  holds(
    new Set(votes.map(({ member, phase }) => `${phase} ${member}`)).size === votes.length,
    'one vote for each member and phase',
  )
  holds(
    votes.every((vote) => vote.view === view && vote.slot === head.slot + 1),
    'votes are of the present place',
  )
  holds(new Set(changes.map(({ member }) => member)).size === changes.length, 'one change for each member')
  holds(pending.length <= PENDING_MAX && input.batchMax <= BATCH_MAX, 'buffers are within their limits')
  if (prepared !== undefined) {
    const { block, quorum } = prepared
    const isPrepared = isQuorumOf(set, quorum, { phase: 'prepare', slot: block.slot, block: hashOfBlock(block) })
    holds(isPrepared && block.slot === head.slot + 1 && quorum.view <= view, 'what is prepared is proven')
  }
  if (work.kind === 'checking' || work.kind === 'voting') {
    holds(work.block.slot === head.slot + 1 && work.block.previous === head.block, 'work follows the head')
    holds(work.block.at >= head.at, 'stamps never decrease')
  }
  holds(cast === undefined || cast.view <= view, 'nothing is signed in a view that was not entered')
  return broken
}

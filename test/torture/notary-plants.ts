import { hashOfBlock } from '../../src/core/notary/block.ts'
import { NOTARY_MACHINE } from '../../src/core/notary/notary-machine.ts'
import type { NotaryEffect, NotaryEvent } from '../../src/core/notary/notary-event.ts'
import type { NotaryInput, NotaryState } from '../../src/core/notary/notary-state.ts'
import type { Machine } from '../../src/core/machine.ts'
import type { Timestamp } from '../../src/base/time.ts'

export type NotaryMachine = Machine<NotaryState, NotaryEvent, NotaryEffect, NotaryInput>

export type NotaryPlant = {
  readonly what: string
  readonly machine?: NotaryMachine
  /** Members whose signatures make a certificate, where that is not `2f + 1`. */
  readonly quorum?: number
  /** A replica that starts from an older copy of its directory does not ask what it signed since. */
  readonly isFloorForgotten?: boolean
  /** The books behind the replicas forget which envelopes they have seen. */
  readonly isNonceReused?: boolean
}

/** The machine, with its state or its event changed before each step. */
function withBefore(
  change: (state: NotaryState, event: NotaryEvent) => readonly [NotaryState, NotaryEvent],
): NotaryMachine {
  return {
    ...NOTARY_MACHINE,
    transition: (state, event) => NOTARY_MACHINE.transition(...change(state, event)),
  }
}

function forgetVotes(state: NotaryState): NotaryState {
  return { ...state, work: { kind: 'idle' }, votes: [], cast: undefined }
}

/** Known defects of a replica; a run with one of them must fail. */
export const NOTARY_PLANTS: Readonly<Record<string, NotaryPlant>> = {
  'vote-twice': {
    what: 'a replica votes for every proposal of a view and slot',
    machine: withBefore((state, event) => {
      const isOther =
        event.type === 'proposal-received' &&
        event.proposal.view === state.view &&
        state.work.kind === 'voting' &&
        state.work.hash !== hashOfBlock(event.proposal.block)
      return [isOther ? forgetVotes(state) : state, event]
    }),
  },
  'quorum-2f': { what: 'a certificate needs 2f signatures', quorum: 2 },
  'change-forgets-prepared': {
    what: 'a view change does not carry what was prepared',
    machine: withBefore((state, event) => [
      event.type === 'timer-fired' || event.type === 'change-received' ? { ...state, prepared: undefined } : state,
      event,
    ]),
  },
  'opening-unchecked': {
    what: 'the leader of a new view proposes what it likes',
    machine: withBefore((state, event) => {
      if (event.type !== 'proposal-received') return [state, event]
      const changes = event.proposal.changes.map((change) => ({ ...change, prepared: undefined }))
      return [state, { ...event, proposal: { ...event.proposal, changes } }]
    }),
  },
  'stale-leader': {
    what: 'a replica follows the leader of a view that it has left',
    machine: withBefore((state, event) => {
      const isOld = event.type === 'proposal-received' && event.proposal.view < state.view && state.kind !== 'stopped'
      return [isOld ? { ...forgetVotes(state), kind: 'following', view: event.proposal.view } : state, event]
    }),
  },
  'stamp-backward': {
    what: 'stamps may go backward',
    machine: withBefore((state, event) => [
      event.type === 'proposal-received' ? { ...state, head: { ...state.head, at: 0 as Timestamp } } : state,
      event,
    ]),
  },
  'stamp-far': {
    what: 'a stamp far from the clock is taken',
    machine: withBefore((state, event) => [
      event.type === 'proposal-received'
        ? { ...state, input: { ...state.input, epsilonMs: 1e9 as typeof state.input.epsilonMs } }
        : state,
      event,
    ]),
  },
  'execution-unchecked': {
    what: 'a replica votes without comparing transition hashes',
    machine: withBefore((state, event) => {
      if (event.type !== 'block-executed' || state.work.kind !== 'checking') return [state, event]
      const { entries, state: after } = state.work.block
      return [state, { ...event, results: entries, state: after }]
    }),
  },
  'votes-uncounted': {
    what: 'the votes of others are not heard, so that nothing is ever decided',
    machine: {
      ...NOTARY_MACHINE,
      transition: (state, event) =>
        event.type === 'vote-received' && event.vote.member !== state.input.me
          ? { state, effects: [] }
          : NOTARY_MACHINE.transition(state, event),
    },
  },
  'old-copy-signs': {
    what: 'a replica started from an older copy of its directory signs at once',
    isFloorForgotten: true,
  },
  'reused-nonce': {
    what: 'an envelope that is ordered a second time is taken as a new one',
    isNonceReused: true,
  },
}

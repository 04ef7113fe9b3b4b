import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../evidence/names.ts'
import type { Machine, Step } from '../machine.ts'
import type { CallCode } from './call-codes.ts'

/** Calls that are open at once; behind its T_bid a call is nothing any more. */
export const CALLS_MAX = 1_024
/** Of these, calls of which neighbours of one block of addresses have told: keys cost nothing, blocks do. */
export const CALLS_OF_TELLER_MAX = 256

export type CallPlace = {
  /** Block of addresses of the neighbour that told of it. */
  readonly teller: string
  readonly until: Timestamp
}

export type CallDirectoryState = { readonly calls: ReadonlyMap<Hash, CallPlace>; readonly at: Timestamp }

export type CallDirectoryEvent = {
  readonly type: 'call-heard'
  readonly auction: Hash
  readonly teller: string
  /** End of its T_bid. */
  readonly until: Timestamp
  readonly at: Timestamp
}

export type CallDirectoryEffect =
  | { readonly type: 'call-taken'; readonly auction: Hash }
  | { readonly type: 'event-refused'; readonly code: CallCode }

/**
 * Which calls for proposals are open, so that each is passed on and looked at once. Keys cost nothing and calls little, so that no block of neighbours fills it alone; whoever finds no
 * room loses a call, and nobody else's.
 */
export const CALL_DIRECTORY_MACHINE: Machine<
  CallDirectoryState,
  CallDirectoryEvent,
  CallDirectoryEffect,
  { readonly at: Timestamp }
> = {
  name: 'call-directory',
  initial: ({ at }) => ({ calls: new Map(), at }),
  transition: hear,
  violations: ({ calls }) => (calls.size > CALLS_MAX ? ['more calls are kept than may be'] : []),
}

/** Whether a call is one that is open already. */
export function isKnownCall({ calls }: CallDirectoryState, auction: Hash, at: Timestamp): boolean {
  const known = calls.get(auction)
  return known !== undefined && at < known.until
}

function hear(
  before: CallDirectoryState,
  { auction, teller, until, at }: CallDirectoryEvent,
): Step<CallDirectoryState, CallDirectoryEffect> {
  const calls = new Map([...before.calls].filter(([, place]) => at < place.until))
  const state = { calls, at }
  if (calls.has(auction)) return refused(state, 'CALL_KNOWN')
  const told = [...calls.values()].filter((place) => place.teller === teller).length
  if (calls.size >= CALLS_MAX || told >= CALLS_OF_TELLER_MAX) return refused(state, 'CALL_NO_ROOM')
  calls.set(auction, { teller, until })
  return { state, effects: [{ type: 'call-taken', auction }] }
}

function refused(state: CallDirectoryState, code: CallCode): Step<CallDirectoryState, CallDirectoryEffect> {
  return { state, effects: [{ type: 'event-refused', code }] }
}

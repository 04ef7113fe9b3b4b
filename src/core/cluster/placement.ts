/**
 * An actor that one node, its home, has placed on another one. The home alone decides where it is, one place after the other, each with a higher epoch
 * than any before; it ends with its home.
 */
import type { RestartKind } from '../supervision/restart-plan.ts'
import { createRestartIntensity, recordRestart } from '../supervision/restart-intensity.ts'
import type { RestartIntensity, RestartIntensityLimit } from '../supervision/restart-intensity.ts'

export type PlacedActor = {
  readonly kind: RestartKind
  /** Of the latest command to have it somewhere; 0: none yet. */
  readonly epoch: number
  /** Where it is, or was last. */
  readonly node: string | undefined
  readonly session: string | undefined
  readonly phase: 'waiting' | 'placed' | 'ended'
  /** How often it lost its node. */
  readonly losses: RestartIntensity
}

export type PlacementEvent =
  /** `isClear`: nothing of it can act at its last place; see `Peering.clearAtMs`. */
  | {
      readonly type: 'chosen'
      readonly node: string
      readonly session: string
      readonly epoch: number
      readonly isClear: boolean
    }
  | { readonly type: 'session-ended'; readonly session: string; readonly atMs: number }
  /** It has ended where it was, or could not start there. */
  | { readonly type: 'ended'; readonly epoch: number }
  | { readonly type: 'given-up' }

export type PlacementEffect =
  | { readonly type: 'place'; readonly node: string; readonly session: string; readonly epoch: number }
  /** It waits for another place: messages for it are kept. */
  | { readonly type: 'hold' }
  /** It ends with its node. `isTooOften`: it lost its node more often than is allowed. */
  | { readonly type: 'end'; readonly isTooOften: boolean }
  | { readonly type: 'event-refused'; readonly code: 'PLACEMENT_OUT_OF_DATE' }

export type PlacementStep = { readonly state: PlacedActor; readonly effects: readonly PlacementEffect[] }

export function createPlacedActor(kind: RestartKind, limit: RestartIntensityLimit): PlacedActor {
  const losses = createRestartIntensity(limit)
  return { kind, epoch: 0, node: undefined, session: undefined, phase: 'waiting', losses }
}

export function stepPlacement(state: PlacedActor, event: PlacementEvent): PlacementStep {
  switch (event.type) {
    case 'chosen': {
      const { node, session, epoch, isClear } = event
      if (state.phase !== 'waiting' || epoch <= state.epoch || !isClear) return refuse(state)
      const effect = { type: 'place', node, session, epoch } as const
      return { state: { ...state, phase: 'placed', node, session, epoch }, effects: [effect] }
    }
    case 'session-ended': {
      if (state.phase !== 'placed' || state.session !== event.session) return refuse(state)
      const { state: losses, isExceeded } = recordRestart(state.losses, event.atMs)
      if (isExceeded || state.kind === 'temporary') {
        return { state: { ...state, phase: 'ended', losses }, effects: [{ type: 'end', isTooOften: isExceeded }] }
      }
      return { state: { ...state, phase: 'waiting', session: undefined, losses }, effects: [{ type: 'hold' }] }
    }
    case 'ended':
      if (state.phase !== 'placed' || state.epoch !== event.epoch) return refuse(state)
      return { state: { ...state, phase: 'ended' }, effects: [] }
    case 'given-up':
      return { state: { ...state, phase: 'ended' }, effects: [] }
  }
}

function refuse(state: PlacedActor): PlacementStep {
  return { state, effects: [{ type: 'event-refused', code: 'PLACEMENT_OUT_OF_DATE' }] }
}

/** What a host remembers of the commands of one session: enough to refuse one that comes late or twice. */
export type HostedEpochs = { readonly session: string; readonly lastEpoch: number }

/** `undefined`: the command is of another session, or not newer than one that was heard. */
export function acceptPlacement(
  hosted: HostedEpochs,
  { session, epoch }: { readonly session: string; readonly epoch: number },
): HostedEpochs | undefined {
  return session === hosted.session && epoch > hosted.lastEpoch ? { session, lastEpoch: epoch } : undefined
}

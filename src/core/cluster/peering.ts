/**
 * What one node knows of another one of its cluster, and what it may do there. Two nodes that have proved to each other that they know the secret have
 * a session. Either may place actors on the other under it; whoever holds them acts under a lease that each answered heartbeat renews.
 *
 * ```text
 * joining --session--> up <---> suspect          a session lives here
 *    ^                  |           |
 *    |                  +---- lost -+--> down --session--> up
 *    +---- never seen                left (it said so)
 * ```
 *
 * A session ends when the lease under it is over, when the other node is silent for too long, when the other one does not know it, or when another
 * session takes its place. With it ends, at once, what the other node has placed here. What this node has placed there may act for a while longer: until
 * `clearAtMs`. That is what makes at most one of each actor: nothing is placed anew before.
 */
import type { ClusterTiming } from './cluster-timing.ts'
import { createHealth, heard, phiOf, type Health } from './health.ts'

export type PeerPhase = 'joining' | 'up' | 'suspect' | 'down' | 'left'

export type PeerSession = {
  /** Known to the two nodes only; never used twice. */
  readonly id: string
  /** The process at the other end. */
  readonly run: string
  /** When this node last answered a heartbeat: the other one may act for this node until so long after. */
  readonly grantedAtMs: number
  /** Until when this node may act for the other one. */
  readonly heldUntilMs: number
}

export type Peering = {
  readonly timing: ClusterTiming
  readonly phase: PeerPhase
  readonly session: PeerSession | undefined
  readonly health: Health
  /** From when on nothing that this node placed there under earlier sessions can act. */
  readonly clearAtMs: number
  /** The process at the other end of the last session. */
  readonly lastRun: string | undefined
}

export type PeeringEvent =
  /**
   * Both have proved that they know the secret, and each has ended what the other had placed there before. `heldSinceMs`: when this node asked for it;
   * `grantedAtMs`: when it answered what the other one asked.
   */
  | {
      readonly type: 'session-began'
      readonly session: string
      readonly run: string
      readonly heldSinceMs: number
      readonly grantedAtMs: number
      readonly atMs: number
    }
  /** A heartbeat of the other node came, under this session. */
  | { readonly type: 'beat-came'; readonly session: string; readonly atMs: number }
  /** The other node answered the heartbeat that was sent at `sentAtMs`. */
  | { readonly type: 'beat-answered'; readonly session: string; readonly sentAtMs: number; readonly atMs: number }
  /** The other node knows no such session. */
  | { readonly type: 'session-refused'; readonly session: string; readonly atMs: number }
  /** This node gives the session up: it asks for another one, or cannot go on with it. */
  | { readonly type: 'session-dropped'; readonly atMs: number }
  /** The other node has ended what was placed there, and goes. */
  | { readonly type: 'peer-left'; readonly session: string; readonly atMs: number }
  | { readonly type: 'tick'; readonly atMs: number }

export type PeeringEffect =
  /** What the other node placed here ends now; messages under way to it are lost. */
  | { readonly type: 'end-session'; readonly session: string; readonly reason: SessionEnd }
  | { readonly type: 'begin-session'; readonly session: string }
  | { readonly type: 'phase-changed'; readonly phase: PeerPhase }
  | { readonly type: 'event-refused'; readonly code: 'SESSION_UNKNOWN' }

export type SessionEnd = 'lease-over' | 'silent' | 'unknown' | 'replaced' | 'dropped' | 'left'

export type PeeringStep = { readonly state: Peering; readonly effects: readonly PeeringEffect[] }

/** @param atMs  When this node started: what an earlier process of it placed there may act for a while yet. */
export function createPeering(timing: ClusterTiming, atMs: number): Peering {
  const clearAtMs = atMs + timing.clearMs
  return {
    timing,
    phase: 'joining',
    session: undefined,
    health: createHealth(atMs, timing),
    clearAtMs,
    lastRun: undefined,
  }
}

/** Whether this node may act for the other one now, under that session. */
export function mayAct({ session }: Peering, id: string, nowMs: number): boolean {
  return session !== undefined && session.id === id && nowMs < session.heldUntilMs
}

/** Whether something may be placed on the other node now. */
export function mayPlace({ phase, session }: Peering): boolean {
  return phase === 'up' && session !== undefined
}

/** Whether nothing that was placed there under earlier sessions can act. */
export function isClear({ clearAtMs }: Peering, nowMs: number): boolean {
  return nowMs >= clearAtMs
}

export function stepPeering(state: Peering, event: PeeringEvent): PeeringStep {
  switch (event.type) {
    case 'session-began':
      return begin(state, event)
    case 'beat-came':
      return ofSession(state, event, (session) => {
        const granted = { ...session, grantedAtMs: Math.max(session.grantedAtMs, event.atMs) }
        return hear({ ...state, session: granted }, event.atMs)
      })
    case 'beat-answered':
      return ofSession(state, event, (session) => {
        const untilMs = event.sentAtMs + state.timing.leaseMs
        // A lease that was over is over: what acted under it has ended, or is about to.
        if (event.atMs >= session.heldUntilMs) return endSession(state, 'lease-over', event.atMs)
        const held = { ...session, heldUntilMs: Math.max(session.heldUntilMs, untilMs) }
        return hear({ ...state, session: held }, event.atMs)
      })
    case 'session-refused':
      return ofSession(state, event, () => endSession(state, 'unknown', event.atMs))
    case 'session-dropped':
      return state.session === undefined ? { state, effects: [] } : endSession(state, 'dropped', event.atMs)
    case 'peer-left':
      return ofSession(state, event, () => {
        const ended = endSession(state, 'left', event.atMs)
        // Nothing of what was there is left, says the node itself.
        return { ...ended, state: { ...ended.state, clearAtMs: event.atMs } }
      })
    case 'tick':
      return tick(state, event.atMs)
  }
}

/** Names of broken invariants. */
export function peeringViolations({ phase, session }: Peering): readonly string[] {
  const isLive = phase === 'up' || phase === 'suspect'
  return isLive === (session !== undefined) ? [] : ['a session lives exactly while the other node is up or suspect']
}

function begin(state: Peering, event: Extract<PeeringEvent, { type: 'session-began' }>): PeeringStep {
  const { timing, lastRun } = state
  const ended = state.session === undefined ? { state, effects: [] } : endSession(state, 'replaced', event.atMs)
  const session: PeerSession = {
    id: event.session,
    run: event.run,
    grantedAtMs: event.grantedAtMs,
    heldUntilMs: event.heldSinceMs + timing.leaseMs,
  }
  // The same process has ended what was there. Another one says nothing of the one before: that may be stopped, and wake up.
  const isSameProcess = lastRun === undefined || lastRun === event.run
  const next: Peering = {
    ...ended.state,
    phase: 'up',
    session,
    lastRun: event.run,
    health: createHealth(event.atMs, timing),
    clearAtMs: isSameProcess ? Math.min(ended.state.clearAtMs, event.atMs) : ended.state.clearAtMs,
  }
  const began = { type: 'begin-session', session: event.session } as const
  return { state: next, effects: [...ended.effects, began, { type: 'phase-changed', phase: 'up' }] }
}

function tick(state: Peering, atMs: number): PeeringStep {
  const { session, timing, phase, health } = state
  if (session === undefined) return { state, effects: [] }
  if (atMs >= session.heldUntilMs) return endSession(state, 'lease-over', atMs)
  const phi = phiOf(health, atMs)
  if (phi >= timing.downPhi) return endSession(state, 'silent', atMs)
  if (phi >= timing.suspectPhi && phase === 'up') return changePhase(state, 'suspect')
  return { state, effects: [] }
}

function hear(state: Peering, atMs: number): PeeringStep {
  const next = { ...state, health: heard(state.health, atMs, state.timing) }
  return next.phase === 'suspect' ? changePhase(next, 'up') : { state: next, effects: [] }
}

function changePhase(state: Peering, phase: PeerPhase): PeeringStep {
  return { state: { ...state, phase }, effects: [{ type: 'phase-changed', phase }] }
}

function endSession(state: Peering, reason: SessionEnd, atMs: number): PeeringStep {
  const { session, timing } = state
  if (session === undefined) return { state, effects: [] }
  const phase = reason === 'left' ? 'left' : 'down'
  // Counted from the last answer, not from now: the other one cannot have renewed since.
  const clearAtMs = Math.max(state.clearAtMs, Math.min(session.grantedAtMs, atMs) + timing.clearMs)
  return {
    state: { ...state, phase, session: undefined, clearAtMs },
    effects: [
      { type: 'end-session', session: session.id, reason },
      { type: 'phase-changed', phase },
    ],
  }
}

function ofSession(
  state: Peering,
  { session }: { readonly session: string },
  step: (session: PeerSession) => PeeringStep,
): PeeringStep {
  if (state.session?.id === session) return step(state.session)
  return { state, effects: [{ type: 'event-refused', code: 'SESSION_UNKNOWN' }] }
}

import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import { applyDelta } from '../values/apply-delta.ts'
import type { StateDelta } from '../values/state-delta.ts'
import { sealRoot } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { decodeValue, encodeValue } from '../values/value-codec.ts'
import type { DedupeEntry, DedupeWindow } from './dedupe-window.ts'
import type { ApprovalDecision, ApprovalRequest, EffectRequest, TimerSetting } from './journal-record.ts'

export type InboxEntry = {
  /** Place in the inbox of its actor; rises, and never comes again. */
  readonly sequence: number
  readonly event: AnyEventObject
  readonly version: number
}

export type StoredTimer = TimerSetting & {
  /** Commit that set it. Tells it from an earlier timer of the same id. */
  readonly generation: number
  readonly version: number
  readonly setAt: number
}

export type StoredEffect = EffectRequest & {
  readonly requestedAt: number
  /** Sequence of the approval it waits for, or waited for. */
  readonly approval?: number
}

export type StoredApproval = ApprovalRequest & {
  readonly requestedAt: number
  readonly decided?: {
    readonly decision: ApprovalDecision
    readonly by: string
    readonly at: number
    readonly note?: string
  }
}

/**
 * A state as it is kept: `live` is the value itself, frozen, while the actor is in memory; `packed` and `parsed` are the
 * last whole state and what changed since, put together when somebody needs it.
 */
export type StoredState =
  | { readonly kind: 'live'; readonly value: unknown }
  | { readonly kind: 'packed'; readonly bytes: Uint8Array; readonly deltas: StateDelta[] }
  | { readonly kind: 'parsed'; readonly value: unknown; readonly deltas: StateDelta[] }

/**
 * All that is stored of one actor. Changed in place, and only by `applyRecord`. Maps are absent while empty: most actors
 * are idle most of the time.
 */
export type DurableActor = {
  readonly id: string
  /** Name of its definition. */
  readonly agent: string
  /** Tells it from an earlier actor of the same id; rises through the whole store. */
  readonly incarnation: number
  version: number
  /** Token of the newest activation. */
  epoch: number
  commits: number
  state: StoredState
  inbox: Map<number, InboxEntry> | undefined
  inboxNext: number
  keys: DedupeWindow | undefined
  senders: Map<string, number> | undefined
  timers: Map<string, StoredTimer> | undefined
  /** Requested and not ended. */
  effects: Map<number, StoredEffect> | undefined
  /** Open, and some of the decided ones. */
  approvals: Map<number, StoredApproval> | undefined
  /** Numbers effects and approvals. */
  sequenceNext: number
}

/**
 * Everything that all durable actors have stored: what the journal says, and nothing else. `applyRecord` is its machine.
 */
export type DurableState = {
  readonly actors: Map<string, DurableActor>
  /** Incarnation that the next actor gets. */
  incarnationNext: number
}

export function newDurableState(): DurableState {
  return { actors: new Map(), incarnationNext: 1 }
}

/** @throws `ACTOR_NOT_STORED`. */
export function findActor({ actors }: DurableState, id: string): DurableActor {
  const actor = actors.get(id)
  if (actor !== undefined) return actor
  throw new CodedError('ACTOR_NOT_STORED', { message: `There is no stored actor ${id}`, details: { id } })
}

/** The present state. The first call after loading puts it together and freezes it. */
export function stateOf(actor: DurableActor, references?: ReferenceCodec): unknown {
  const { state } = actor
  if (state.kind === 'live') return state.value
  const value = composeState(state, references)
  sealRoot(value, `state of ${actor.id}`, references)
  actor.state = { kind: 'live', value }
  return value
}

/** A copy of the present state that shares nothing with it. */
export function copyStateOf(actor: DurableActor, references?: ReferenceCodec): unknown {
  return decodeValue(packState(actor, references), references)
}

/** The present state as bytes; an actor that left memory is kept as these. */
export function packState(actor: DurableActor, references?: ReferenceCodec): Uint8Array {
  const { state } = actor
  if (state.kind === 'packed' && state.deltas.length === 0) return state.bytes
  const value = state.kind === 'live' ? state.value : composeState(state, references)
  const bytes = encodeValue(value, sealRoot(value, `state of ${actor.id}`, references), references)
  if (state.kind !== 'live') actor.state = { kind: 'packed', bytes, deltas: [] }
  return bytes
}

/** The actor leaves memory: what is kept of a state that lives are its bytes. */
export function packAway(actor: DurableActor, references?: ReferenceCodec): void {
  if (actor.state.kind !== 'live') return
  actor.state = { kind: 'packed', bytes: packState(actor, references), deltas: [] }
}

function composeState(state: Exclude<StoredState, { kind: 'live' }>, references: ReferenceCodec | undefined): unknown {
  let value = state.kind === 'parsed' ? state.value : decodeValue(state.bytes, references)
  for (const delta of state.deltas) value = applyDelta(value, delta)
  return value
}

/** Everything about an actor but its state, as a stored value. */
export type ActorImage = {
  readonly id: string
  readonly agent: string
  readonly incarnation: number
  readonly version: number
  readonly epoch: number
  readonly commits: number
  readonly inboxNext: number
  readonly sequenceNext: number
  readonly inbox?: readonly InboxEntry[]
  readonly keys?: readonly (readonly [string, DedupeEntry])[]
  readonly senders?: readonly (readonly [string, number])[]
  readonly timers?: readonly StoredTimer[]
  readonly effects?: readonly StoredEffect[]
  readonly approvals?: readonly StoredApproval[]
}

export function imageOf(actor: DurableActor): ActorImage {
  const { id, agent, incarnation, version, epoch, commits, inboxNext, sequenceNext } = actor
  return {
    id,
    agent,
    incarnation,
    version,
    epoch,
    commits,
    inboxNext,
    sequenceNext,
    ...(actor.inbox !== undefined && { inbox: [...actor.inbox.values()] }),
    ...(actor.keys !== undefined && { keys: [...actor.keys] }),
    ...(actor.senders !== undefined && { senders: [...actor.senders] }),
    ...(actor.timers !== undefined && { timers: [...actor.timers.values()] }),
    ...(actor.effects !== undefined && { effects: [...actor.effects.values()] }),
    ...(actor.approvals !== undefined && { approvals: [...actor.approvals.values()] }),
  }
}

export function actorFromImage(image: ActorImage, state: StoredState): DurableActor {
  const { id, agent, incarnation, version, epoch, commits, inboxNext, sequenceNext } = image
  return {
    id,
    agent,
    incarnation,
    version,
    epoch,
    commits,
    inboxNext,
    sequenceNext,
    state,
    inbox: toMap(image.inbox, (entry) => entry.sequence),
    keys: image.keys && new Map(image.keys),
    senders: image.senders && new Map(image.senders),
    timers: toMap(image.timers, (timer) => timer.id),
    effects: toMap(image.effects, (effect) => effect.sequence),
    approvals: toMap(image.approvals, (approval) => approval.sequence),
  }
}

function toMap<Key, Item>(items: readonly Item[] | undefined, keyOf: (item: Item) => Key): Map<Key, Item> | undefined {
  return items && new Map(items.map((item) => [keyOf(item), item]))
}

const IMAGE_NUMBERS = ['incarnation', 'version', 'epoch', 'commits', 'inboxNext', 'sequenceNext'] as const
const IMAGE_LISTS = ['inbox', 'keys', 'senders', 'timers', 'effects', 'approvals'] as const

/** The image that a stored value is; `undefined` for any other value. */
export function parseActorImage(value: unknown): ActorImage | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const members = value as Record<string, unknown>
  if (typeof members['id'] !== 'string' || typeof members['agent'] !== 'string') return undefined
  if (!IMAGE_NUMBERS.every((name) => Number.isSafeInteger(members[name]))) return undefined
  if (!IMAGE_LISTS.every((name) => members[name] === undefined || Array.isArray(members[name]))) return undefined
  // The lists were written by `imageOf`, and whoever reads them has checked a hash or a checksum.
  return value as ActorImage
}

/** Whether an effect may run: none was asked for, or it was given. */
export function isEffectAllowed(actor: DurableActor, effect: StoredEffect): boolean {
  if (effect.approval === undefined) return true
  return actor.approvals?.get(effect.approval)?.decided?.decision === 'approved'
}

/** `actor/incarnation/sequence`: the same after every restart, and of nothing else. */
export function formatKey(actor: Pick<DurableActor, 'id' | 'incarnation'>, sequence: number): string {
  return `${actor.id}/${actor.incarnation}/${sequence}`
}

/** The parts of what `formatKey` made; ids of actors may hold `/` themselves. */
export function parseKey(
  key: string,
): { readonly actor: string; readonly incarnation: number; readonly sequence: number } | undefined {
  const match = /^(.+)\/(\d{1,15})\/(\d{1,15})$/.exec(key)
  if (match === null) return undefined
  const [, actor = '', incarnation = '', sequence = ''] = match
  return { actor, incarnation: Number(incarnation), sequence: Number(sequence) }
}

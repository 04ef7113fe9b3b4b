import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import { refusalOf } from './check-record.ts'
import { rememberKey, rememberSender } from './dedupe-window.ts'
import { actorFromImage, formatKey, isEffectAllowed, parseActorImage } from './durable-actor.ts'
import type {
  DurableActor,
  DurableState,
  InboxEntry,
  StoredApproval,
  StoredEffect,
  StoredTimer,
} from './durable-actor.ts'
import type {
  ApprovalRecord,
  ApprovalRequest,
  CommitRecord,
  EffectRecord,
  FiredTimer,
  InboxRecord,
  JournalRecord,
} from './journal-record.ts'

/** Decided approvals that an actor keeps, so that whoever decides twice is told what holds. */
export const APPROVALS_KEPT_MAX = 256

/** Told what a record brought about. Not called for what is only read back. */
export interface StateObserver {
  inboxGrew(actor: DurableActor, entry: InboxEntry): void
  timerSet(actor: DurableActor, timer: StoredTimer): void
  timerGone(actor: DurableActor, timer: StoredTimer): void
  /** `effect` may run now: it was requested without need for approval, or it was approved. */
  effectAllowed(actor: DurableActor, effect: StoredEffect): void
  approvalAsked(actor: DurableActor, approval: StoredApproval): void
  /** @param asked  The same approval before the decision. */
  approvalDecided(actor: DurableActor, approval: StoredApproval, asked: StoredApproval): void
}

export type ApplyOptions = {
  readonly observer?: StateObserver
  /** The state after a commit, where it is at hand; otherwise it is put together from the records when needed. */
  readonly live?: { readonly value: unknown }
}

/**
 * Carries out one record: the machine of the store, records being its events. It works in place, because a copy of the
 * whole per turn would cost more than the turn. It has no clock and no chance: whoever applies the same records gets the
 * same state, while the actors run and when they are read back.
 *
 * @throws `STORE_CORRUPTED` when it does not follow from the records before it; nothing has changed then.
 */
export function applyRecord(state: DurableState, record: JournalRecord, options: ApplyOptions = {}): void {
  const refusal = refusalOf(state, record)
  if (refusal !== undefined) {
    throw new CodedError('STORE_CORRUPTED', { message: `A record does not follow from those before it: ${refusal}` })
  }
  applyChecked(state, record, options)
}

/** As `applyRecord`, for a record that `refusalOf` has nothing against. */
export function applyChecked(state: DurableState, record: JournalRecord, options: ApplyOptions = {}): void {
  switch (record.kind) {
    case 'open':
      return
    case 'commit':
      applyCommit(state, record, options)
      return
    case 'removal':
      removeActor(state, record.actor, options.observer)
      return
    case 'import':
      importActor(state, record.image, record.state)
      return
    default:
      break
  }
  const actor = state.actors.get(record.actor)
  if (actor === undefined) return
  if (record.kind === 'inbox') applyInbox(actor, record, options.observer)
  else if (record.kind === 'activation') actor.epoch = record.epoch
  else if (record.kind === 'effect') applyEffect(actor, record, options.observer)
  else applyApproval(actor, record, options.observer)
}

function applyCommit(state: DurableState, record: CommitRecord, { observer, live }: ApplyOptions): void {
  const actor = state.actors.get(record.actor) ?? createActor(state, record)
  actor.commits = record.number
  actor.version = record.version ?? actor.version
  applyState(actor, record, live)
  if (record.consumed !== undefined) {
    actor.inbox?.delete(record.consumed)
    if (actor.inbox?.size === 0) actor.inbox = undefined
  }
  if (record.fired !== undefined) applyFired(actor, record.fired, observer)
  for (const id of record.cancelled ?? []) dropTimer(actor, id, observer)
  for (const setting of record.timers ?? []) {
    dropTimer(actor, setting.id, observer)
    const timer = { ...setting, generation: record.number, version: actor.version, setAt: record.at }
    actor.timers ??= new Map()
    actor.timers.set(timer.id, timer)
    observer?.timerSet(actor, timer)
  }
  applyRequests(actor, record, observer)
  for (const { to, event, version } of record.messages ?? []) {
    const receiver = state.actors.get(to)
    if (receiver !== undefined) addToInbox(receiver, { event, version }, observer)
  }
}

function applyState(actor: DurableActor, record: CommitRecord, live: ApplyOptions['live']): void {
  if (live !== undefined) actor.state = { kind: 'live', value: live.value }
  else if ('state' in record) actor.state = { kind: 'parsed', value: record.state, deltas: [] }
  else if (record.delta !== undefined && actor.state.kind !== 'live') actor.state.deltas.push(record.delta)
}

function createActor(state: DurableState, record: CommitRecord): DurableActor {
  const actor = actorFromImage(
    {
      id: record.actor,
      agent: record.created?.agent ?? '',
      incarnation: record.created?.incarnation ?? 0,
      version: record.version ?? 1,
      epoch: record.epoch,
      commits: 0,
      inboxNext: 0,
      sequenceNext: 0,
    },
    { kind: 'parsed', value: undefined, deltas: [] },
  )
  state.actors.set(actor.id, actor)
  // Actors that begin within one another's first turn are stored in another order than they began.
  state.incarnationNext = Math.max(state.incarnationNext, actor.incarnation + 1)
  return actor
}

function importActor(state: DurableState, image: unknown, value: unknown): void {
  const parsed = parseActorImage(image)
  if (parsed === undefined) return
  state.actors.set(parsed.id, actorFromImage(parsed, { kind: 'parsed', value, deltas: [] }))
  state.incarnationNext = Math.max(state.incarnationNext, parsed.incarnation + 1)
}

function removeActor(state: DurableState, id: string, observer: StateObserver | undefined): void {
  const actor = state.actors.get(id)
  state.actors.delete(id)
  if (actor?.timers === undefined || observer === undefined) return
  for (const timer of actor.timers.values()) observer.timerGone(actor, timer)
}

function applyFired(actor: DurableActor, fired: FiredTimer, observer: StateObserver | undefined): void {
  const timer = actor.timers?.get(fired.id)
  dropTimer(actor, fired.id, observer)
  if (timer === undefined || fired.next === undefined) return
  const again = { ...timer, dueAt: fired.next }
  actor.timers ??= new Map()
  actor.timers.set(again.id, again)
  observer?.timerSet(actor, again)
}

function dropTimer(actor: DurableActor, id: string, observer: StateObserver | undefined): void {
  const timer = actor.timers?.get(id)
  if (timer === undefined || actor.timers === undefined) return
  actor.timers.delete(id)
  if (actor.timers.size === 0) actor.timers = undefined
  observer?.timerGone(actor, timer)
}

function applyRequests(actor: DurableActor, record: CommitRecord, observer: StateObserver | undefined): void {
  if (record.effects === undefined && record.approvals === undefined) return
  for (const request of record.effects ?? []) {
    actor.effects ??= new Map()
    actor.effects.set(request.sequence, { ...request, requestedAt: record.at })
    actor.sequenceNext = Math.max(actor.sequenceNext, request.sequence + 1)
  }
  for (const request of record.approvals ?? []) askApproval(actor, { request, at: record.at, observer })
  for (const { sequence } of record.effects ?? []) {
    const effect = actor.effects?.get(sequence)
    if (effect !== undefined && isEffectAllowed(actor, effect)) observer?.effectAllowed(actor, effect)
  }
}

type Asked = {
  readonly request: ApprovalRequest
  readonly at: number
  readonly observer: StateObserver | undefined
}

function askApproval(actor: DurableActor, { request, at, observer }: Asked): void {
  const approval: StoredApproval = { ...request, requestedAt: at }
  actor.approvals ??= new Map()
  actor.approvals.set(approval.sequence, approval)
  actor.sequenceNext = Math.max(actor.sequenceNext, approval.sequence + 1)
  const effect = request.effect === undefined ? undefined : actor.effects?.get(request.effect)
  if (effect !== undefined) actor.effects?.set(effect.sequence, { ...effect, approval: approval.sequence })
  observer?.approvalAsked(actor, approval)
}

function applyInbox(actor: DurableActor, record: InboxRecord, observer: StateObserver | undefined): void {
  const entry = addToInbox(actor, record, observer)
  if (record.key !== undefined) {
    actor.keys ??= new Map()
    const remembered = { key: record.key, at: record.at, sequence: entry.sequence }
    rememberKey(actor.keys, remembered, (sequence) => actor.inbox?.has(sequence) === true)
  }
  if (record.sender !== undefined) {
    actor.senders ??= new Map()
    rememberSender(actor.senders, record.sender, record.senderSequence ?? 0)
  }
}

function addToInbox(
  actor: DurableActor,
  { event, version }: Omit<InboxEntry, 'sequence'>,
  observer: StateObserver | undefined,
): InboxEntry {
  const entry = { sequence: actor.inboxNext, event, version }
  actor.inboxNext += 1
  actor.inbox ??= new Map()
  actor.inbox.set(entry.sequence, entry)
  observer?.inboxGrew(actor, entry)
  return entry
}

function applyEffect(actor: DurableActor, record: EffectRecord, observer: StateObserver | undefined): void {
  const effect = actor.effects?.get(record.sequence)
  if (effect === undefined) return
  const { outcome } = record
  const event: AnyEventObject = outcome.isOk
    ? { type: 'kernell.effect.done', output: outcome.output, wasDoneBefore: outcome.wasDoneBefore }
    : { type: 'kernell.effect.failed', error: outcome.error }
  endEffect(actor, { effect, event }, observer)
}

function endEffect(
  actor: DurableActor,
  { effect, event }: { readonly effect: StoredEffect; readonly event: AnyEventObject },
  observer: StateObserver | undefined,
): void {
  actor.effects?.delete(effect.sequence)
  if (actor.effects?.size === 0) actor.effects = undefined
  const { name, label } = effect
  const told = { ...event, id: formatKey(actor, effect.sequence), name, ...(label !== undefined && { label }) }
  addToInbox(actor, { event: told, version: actor.version }, observer)
}

function applyApproval(actor: DurableActor, record: ApprovalRecord, observer: StateObserver | undefined): void {
  if ('asked' in record) {
    askApproval(actor, { request: record.asked, at: record.at, observer })
    return
  }
  const asked = actor.approvals?.get(record.sequence)
  if (asked === undefined) return
  const { decision, by, note, at } = record
  const approval = { ...asked, decided: { decision, by, at, ...(note !== undefined && { note }) } }
  actor.approvals?.set(approval.sequence, approval)
  forgetDecided(actor)
  observer?.approvalDecided(actor, approval, asked)
  const effect = asked.effect === undefined ? undefined : actor.effects?.get(asked.effect)
  if (effect === undefined) {
    const { question } = asked
    const id = formatKey(actor, asked.sequence)
    const event = { type: 'kernell.approval.decided', id, question, ...approval.decided }
    addToInbox(actor, { event, version: actor.version }, observer)
  } else if (decision === 'approved') observer?.effectAllowed(actor, effect)
  else {
    const error = new CodedError('ACTOR_EFFECT_REFUSED', {
      message: `${effect.name} was ${decision === 'expired' ? 'not approved in time' : `rejected by ${by}`}`,
      details: { decision, by, ...(note !== undefined && { note }) },
    })
    endEffect(actor, { effect, event: { type: 'kernell.effect.failed', error } }, observer)
  }
}

/** The oldest decided ones go first; one that an effect still builds on stays. */
function forgetDecided(actor: DurableActor): void {
  if (actor.approvals === undefined) return
  let excess = actor.approvals.size - APPROVALS_KEPT_MAX
  for (const [sequence, approval] of actor.approvals) {
    if (excess <= 0) return
    const isBuiltOn = approval.effect !== undefined && actor.effects?.has(approval.effect) === true
    if (approval.decided === undefined || isBuiltOn) continue
    actor.approvals.delete(sequence)
    excess -= 1
  }
}

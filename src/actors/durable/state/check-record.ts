import { parseActorImage } from './durable-actor.ts'
import type { DurableActor, DurableState } from './durable-actor.ts'
import type { ApprovalRecord, CommitRecord, JournalRecord } from './journal-record.ts'

/** Why a record does not follow from the records before it; `undefined` when it does. */
export function refusalOf(state: DurableState, record: JournalRecord): string | undefined {
  if (record.kind === 'open') return undefined
  const actor = state.actors.get(record.actor)
  if (record.kind === 'import') return refusalOfImport(actor, record.image)
  if (record.kind === 'commit' && record.created !== undefined) return refusalOfCreation(state, record)
  if (actor === undefined) return `${record.actor} is not stored`
  switch (record.kind) {
    case 'commit':
      return refusalOfCommit(actor, record) ?? refusalOfMessages(state, record)
    case 'inbox':
      if (record.key !== undefined && actor.keys?.has(record.key) === true) return `key ${record.key} came twice`
      if (record.sender === undefined) return undefined
      if ((record.senderSequence ?? 0) > (actor.senders?.get(record.sender) ?? -1)) return undefined
      return `${record.sender} sent ${record.senderSequence} twice`
    case 'activation':
      return record.epoch === actor.epoch + 1 ? undefined : `epoch ${record.epoch} after ${actor.epoch}`
    case 'effect':
      return refusalOfEffect(actor, record.sequence)
    case 'approval':
      return refusalOfApproval(actor, record)
    case 'removal':
      return undefined
  }
}

function refusalOfImport(actor: DurableActor | undefined, image: unknown): string | undefined {
  if (actor !== undefined) return `${actor.id} is stored already`
  return parseActorImage(image) === undefined ? 'an import holds no actor' : undefined
}

function refusalOfCreation(state: DurableState, record: CommitRecord): string | undefined {
  if (state.actors.has(record.actor)) return `${record.actor} is created twice`
  if (!Number.isSafeInteger(record.created?.incarnation)) return `${record.actor} is created without an incarnation`
  if (record.number !== 1 || record.epoch !== 1 || record.version === undefined || !('state' in record)) {
    return `${record.actor} is created by something else than a first commit`
  }
  return refusalOfMessages(state, record)
}

function refusalOfCommit(actor: DurableActor, record: CommitRecord): string | undefined {
  if (record.epoch !== actor.epoch) return `epoch ${record.epoch} wrote for ${actor.id} during epoch ${actor.epoch}`
  if (record.number !== actor.commits + 1) return `commit ${record.number} of ${actor.id} after ${actor.commits}`
  if (record.consumed !== undefined && actor.inbox?.has(record.consumed) !== true) {
    return `message ${record.consumed} of ${actor.id} is consumed and does not wait`
  }
  const { fired } = record
  if (fired !== undefined) {
    const timer = actor.timers?.get(fired.id)
    if (timer === undefined || timer.generation !== fired.generation || timer.dueAt !== fired.dueAt) {
      return `timer ${fired.id} of ${actor.id} fired and is not set`
    }
    if (fired.next !== undefined && fired.next <= timer.dueAt) return `schedule ${fired.id} of ${actor.id} goes back`
  }
  for (const { sequence } of [...(record.effects ?? []), ...(record.approvals ?? [])]) {
    if (sequence < actor.sequenceNext) return `sequence ${sequence} of ${actor.id} comes again`
  }
  return undefined
}

function refusalOfMessages(state: DurableState, record: CommitRecord): string | undefined {
  const stray = record.messages?.find(({ to }) => !state.actors.has(to) && to !== record.actor)
  return stray === undefined ? undefined : `a message for ${stray.to}, which is not stored`
}

function refusalOfEffect(actor: DurableActor, sequence: number): string | undefined {
  const effect = actor.effects?.get(sequence)
  if (effect === undefined) return `effect ${sequence} of ${actor.id} ends and is not requested`
  if (effect.approval === undefined) return undefined
  const decision = actor.approvals?.get(effect.approval)?.decided?.decision
  return decision === 'approved' ? undefined : `effect ${sequence} of ${actor.id} ran without its approval`
}

function refusalOfApproval(actor: DurableActor, record: ApprovalRecord): string | undefined {
  if ('asked' in record) {
    const { sequence, effect } = record.asked
    if (sequence < actor.sequenceNext) return `sequence ${sequence} of ${actor.id} comes again`
    return effect === undefined || actor.effects?.has(effect) === true
      ? undefined
      : `approval for effect ${effect} of ${actor.id}, which is not requested`
  }
  const approval = actor.approvals?.get(record.sequence)
  if (approval === undefined) return `approval ${record.sequence} of ${actor.id} is decided and was not asked for`
  return approval.decided === undefined ? undefined : `approval ${record.sequence} of ${actor.id} is decided twice`
}

/** Names of broken invariants of the whole store; empty when sound. For tests and after loading. */
export function violationsOf(state: DurableState): readonly string[] {
  return [...state.actors.values()].flatMap((actor) => [
    ...(actor.incarnation < state.incarnationNext ? [] : [`${actor.id} has an incarnation from the future`]),
    ...[...(actor.inbox?.keys() ?? [])]
      .filter((sequence) => sequence >= actor.inboxNext)
      .map((sequence) => `${actor.id} holds message ${sequence} before it came`),
    ...[...(actor.timers ?? [])]
      .filter(([id, timer]) => timer.id !== id || timer.generation > actor.commits)
      .map(([id]) => `${actor.id} holds timer ${id} before it was set`),
    ...[...(actor.effects?.values() ?? [])]
      .filter(({ sequence, approval }) => sequence >= actor.sequenceNext || isLost(actor, approval))
      .map(({ sequence }) => `${actor.id} holds effect ${sequence} without its request or approval`),
    ...[...(actor.approvals?.values() ?? [])]
      .filter(({ sequence }) => sequence >= actor.sequenceNext)
      .map(({ sequence }) => `${actor.id} holds approval ${sequence} before it was asked for`),
  ])
}

function isLost(actor: DurableActor, approval: number | undefined): boolean {
  return approval !== undefined && actor.approvals?.has(approval) !== true
}

import { CodedError } from '../../../base/errors.ts'
import { formatKey, parseKey } from '../state/durable-actor.ts'
import type { DurableActor, StoredApproval, StoredEffect } from '../state/durable-actor.ts'
import type { ApprovalDecision, JournalRecord } from '../state/journal-record.ts'
import type { ApprovalInit } from '../turn/durable-turn.ts'
import { sealRoot } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'

/** Something that a person is to decide. */
export type PendingApproval = {
  readonly id: string
  readonly actor: string
  readonly question: string
  readonly details?: unknown
  /** In ms since the epoch, as `expiresAt`. */
  readonly requestedAt: number
  readonly expiresAt?: number
  /** The effect that runs once this is approved. */
  readonly effect?: { readonly id: string; readonly name: string; readonly input: unknown }
}

/** A person's answer to a pending approval, for `resolveApproval`. What is out of range is a RangeError, and nothing is decided. */
export type DecisionInit = {
  readonly decision: 'approved' | 'rejected'
  /** Who decided, 1 to 256 characters. */
  readonly by: string
  /** At most 4,096 characters. */
  readonly note?: string
}

/** The decision that holds for an approval, which is the first: a person's, or `expired` by `the runtime` where nobody decided in time. */
export type DecidedApproval = {
  readonly decision: ApprovalDecision
  readonly by: string
  /** In ms since the epoch. */
  readonly at: number
  readonly note?: string
  /** False: it was decided before, by these words; this call changed nothing. */
  readonly isNew: boolean
}

/** What is asked, once it is known that it can be stored. */
export type SealedApproval = { readonly init: ApprovalInit; readonly isTagged: boolean }

export interface DeskStore {
  readonly references: ReferenceCodec | undefined
  actor(id: string): DurableActor | undefined
  now(): number
  write(record: JournalRecord, options: { readonly isTagged: boolean }): number
  afterSync(run: () => void): void
  synced(): Promise<void>
}

const BY_LENGTH_MAX = 256
const NOTE_LENGTH_MAX = 4_096

/** Approvals that are open, and the decisions on them. What is open is shown only once its request is on stable storage. */
export class ApprovalDesk {
  readonly #store: DeskStore
  readonly #open = new Map<string, { readonly actor: DurableActor; readonly sequence: number }>()

  constructor(store: DeskStore) {
    this.#store = store
  }

  /** Oldest first. */
  pending(): readonly PendingApproval[] {
    return [...this.#open.values()].flatMap(({ actor, sequence }) => {
      const approval = actor.approvals?.get(sequence)
      return approval?.decided === undefined && approval !== undefined ? [describe(actor, approval)] : []
    })
  }

  /**
   * Decides, and resolves when the decision is on stable storage. The first decision holds: a later one, also a repeated
   * one, gets the first for an answer.
   *
   * @throws RangeError, with nothing written, for a decision, name or note that is none; `ACTOR_NOT_STORED` for an id that is
   *   not one; the failure of the store.
   */
  async decide(id: string, { decision, by, note }: DecisionInit): Promise<DecidedApproval> {
    if (decision !== 'approved' && decision !== 'rejected') {
      throw new RangeError(`A decision is 'approved' or 'rejected', not ${JSON.stringify(decision)}`)
    }
    if (note !== undefined && (typeof note !== 'string' || note.length > NOTE_LENGTH_MAX)) {
      throw new RangeError(`A note is a text of at most ${NOTE_LENGTH_MAX} characters`)
    }
    if (typeof by !== 'string' || by.length === 0 || by.length > BY_LENGTH_MAX) {
      throw new RangeError(`Who decides is named by 1 to ${BY_LENGTH_MAX} characters`)
    }
    const { actor, sequence } = this.#find(id)
    const asked = actor.approvals?.get(sequence)
    if (asked !== undefined && isExpired(asked, this.#store.now())) this.expire(actor, asked)
    const isNew = actor.approvals?.get(sequence)?.decided === undefined
    if (isNew) {
      const at = this.#store.now()
      const record = { kind: 'approval', actor: actor.id, sequence, at, decision, by } as const
      this.#store.write(note === undefined ? record : { ...record, note }, { isTagged: false })
    }
    const decided = actor.approvals?.get(sequence)?.decided
    await this.#store.synced()
    if (decided === undefined) throw unknownError(id)
    return { ...decided, isNew }
  }

  /** Nobody decided in time. */
  expire(actor: DurableActor, approval: StoredApproval): void {
    const { sequence } = approval
    if (actor.approvals?.get(sequence)?.decided !== undefined || this.#store.actor(actor.id) !== actor) return
    const record = { kind: 'approval', actor: actor.id, sequence, at: this.#store.now() } as const
    this.#store.write({ ...record, decision: 'expired', by: 'the runtime' }, { isTagged: false })
  }

  /** @throws `ACTOR_STATE_NOT_STORABLE`. */
  seal(init: ApprovalInit): SealedApproval {
    return { init, isTagged: sealRoot(init.details, 'details', this.#store.references) }
  }

  /** Asks for an effect whose handler insists on approval, and whose actor asked for none. */
  askFor(actor: DurableActor, effect: StoredEffect, { init, isTagged }: SealedApproval): void {
    const sequence = actor.sequenceNext
    const asked = { ...init, sequence, effect: effect.sequence }
    this.#store.write({ kind: 'approval', actor: actor.id, sequence, at: this.#store.now(), asked }, { isTagged })
  }

  /** An approval was asked for just now. */
  add(actor: DurableActor, { sequence }: StoredApproval): void {
    this.#store.afterSync(() => {
      const isOpen = actor.approvals?.get(sequence)?.decided === undefined
      if (isOpen && this.#store.actor(actor.id) === actor) this.show(actor, sequence)
    })
  }

  /** It is open, and on stable storage. */
  show(actor: DurableActor, sequence: number): void {
    this.#open.set(formatKey(actor, sequence), { actor, sequence })
  }

  remove(actor: DurableActor, sequence: number): void {
    this.#open.delete(formatKey(actor, sequence))
  }

  /** The actor is gone. */
  drop(actor: DurableActor): void {
    for (const sequence of actor.approvals?.keys() ?? []) this.remove(actor, sequence)
  }

  #find(id: string): { readonly actor: DurableActor; readonly sequence: number } {
    const key = parseKey(id)
    const actor = key && this.#store.actor(key.actor)
    if (key === undefined || actor?.incarnation !== key.incarnation || actor.approvals?.has(key.sequence) !== true) {
      throw unknownError(id)
    }
    return { actor, sequence: key.sequence }
  }
}

function describe(actor: DurableActor, approval: StoredApproval): PendingApproval {
  const { sequence, question, details, requestedAt, expiresAt } = approval
  const effect = approval.effect === undefined ? undefined : actor.effects?.get(approval.effect)
  return {
    id: formatKey(actor, sequence),
    actor: actor.id,
    question,
    requestedAt,
    ...(details !== undefined && { details }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(effect !== undefined && {
      effect: { id: formatKey(actor, effect.sequence), name: effect.name, input: effect.input },
    }),
  }
}

function isExpired({ decided, expiresAt }: StoredApproval, now: number): boolean {
  return decided === undefined && expiresAt !== undefined && expiresAt <= now
}

function unknownError(id: string): CodedError {
  return new CodedError('ACTOR_NOT_STORED', { message: `There is no approval ${id}`, details: { id } })
}

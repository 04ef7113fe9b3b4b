import type { ActorEnvironment } from '../../environment.ts'
import { formatKey, isEffectAllowed } from '../state/durable-actor.ts'
import type { DurableActor, InboxEntry, StoredApproval, StoredEffect, StoredTimer } from '../state/durable-actor.ts'
import type { StateObserver } from '../state/durable-state.ts'
import type { EffectOutcome } from '../state/journal-record.ts'
import type { DurableOwner } from '../turn/durable-owner.ts'
import { sealRoot } from '../values/stored-value.ts'
import { ApprovalDesk } from './approval-desk.ts'
import type { DeskStore } from './approval-desk.ts'
import type { DurableHost } from './durable-host.ts'
import { DurableTimers } from './durable-timers.ts'
import type { DueTimer } from './durable-timers.ts'
import { EffectRunner } from './effect-runner.ts'

/** An effect that a durable actor requested and that has not ended, with what it waits for. */
export type PendingEffect = {
  /** Its key. */
  readonly id: string
  readonly actor: string
  readonly name: string
  readonly input: unknown
  /** In ms since the epoch. */
  readonly requestedAt: number
  /** `running` also while it waits for its turn or its next attempt. */
  readonly waitsFor: 'approval' | 'handler' | 'running'
}

/** What consequences use of their store. */
export interface ConsequenceStore extends DeskStore {
  readonly isWritable: boolean
  ownerOf(id: string): DurableOwner | undefined
}

/**
 * What follows from what is stored: timers are armed, effects run, approvals are shown, actors with something to do are
 * woken. Begins with `start`; what is read back before has its consequences then.
 */
export class Consequences implements StateObserver {
  readonly effects: EffectRunner
  readonly approvals: ApprovalDesk
  readonly #store: ConsequenceStore
  readonly #environment: ActorEnvironment
  readonly #timers: DurableTimers
  #host: DurableHost | undefined

  constructor(store: ConsequenceStore, environment: ActorEnvironment, effectsAtOnce: number | undefined) {
    this.#store = store
    this.#environment = environment
    this.approvals = new ApprovalDesk(store)
    this.#timers = new DurableTimers({
      environment,
      onTimer: (actor, due) => this.#timerDue(actor, due),
      onExpiry: (actor, approval) => this.#guard(() => this.approvals.expire(actor, approval)),
    })
    this.effects = new EffectRunner({
      environment,
      ...(effectsAtOnce !== undefined && { concurrencyMax: effectsAtOnce }),
      isStored: (actor) => store.actor(actor.id) === actor,
      onEnd: (actor, sequence, outcome) => this.#guard(() => this.#endEffect(actor, sequence, outcome)),
      onApprovalNeeded: (actor, effect, init) => {
        const asked = this.approvals.seal(init)
        this.#guard(() => this.approvals.askFor(actor, effect, asked))
      },
    })
  }

  get host(): DurableHost | undefined {
    return this.#host
  }

  start(host: DurableHost, actors: Iterable<DurableActor>): void {
    this.#host = host
    for (const actor of actors) this.startActor(actor)
  }

  /** What was read back, or imported, begins to have consequences. */
  startActor(actor: DurableActor): void {
    if (this.#host === undefined) return
    for (const approval of actor.approvals?.values() ?? []) {
      if (approval.decided !== undefined) continue
      this.approvals.show(actor, approval.sequence)
      this.#timers.armExpiry(actor, approval)
    }
    for (const timer of actor.timers?.values() ?? []) this.#timers.arm(actor, timer, false)
    for (const effect of actor.effects?.values() ?? []) {
      if (isEffectAllowed(actor, effect)) this.effects.add(actor, effect.sequence)
    }
    if (actor.inbox !== undefined && this.#store.ownerOf(actor.id) === undefined) this.#host.wake(actor.id)
  }

  /** The activation that was told of due timers is gone, and another one takes over. */
  activated(actor: DurableActor): void {
    if (this.#host !== undefined) this.#timers.fireAgain(actor)
  }

  hasFired(actor: DurableActor): boolean {
    return this.#host !== undefined && this.#timers.hasFired(actor)
  }

  removed(actor: DurableActor): void {
    this.effects.drop(actor)
    this.approvals.drop(actor)
  }

  stop(): void {
    this.#timers.stop()
    this.effects.stop()
  }

  pendingEffectsOf(actor: DurableActor): readonly PendingEffect[] {
    return Array.from(actor.effects?.values() ?? [], (effect) => this.#describeEffect(actor, effect))
  }

  inboxGrew(actor: DurableActor, entry: InboxEntry): void {
    const owner = this.#store.ownerOf(actor.id)
    if (owner === undefined) this.#host?.wake(actor.id)
    else this.#host?.received(owner, entry)
  }

  timerSet(actor: DurableActor, timer: StoredTimer): void {
    if (this.#host !== undefined) this.#timers.arm(actor, timer, true)
  }

  timerGone(_actor: DurableActor, timer: StoredTimer): void {
    this.#timers.disarm(timer)
  }

  effectAllowed(actor: DurableActor, effect: StoredEffect): void {
    if (this.#host !== undefined) this.#store.afterSync(() => this.effects.add(actor, effect.sequence))
  }

  approvalAsked(actor: DurableActor, approval: StoredApproval): void {
    if (this.#host === undefined) return
    this.approvals.add(actor, approval)
    this.#timers.armExpiry(actor, approval)
  }

  approvalDecided(actor: DurableActor, approval: StoredApproval, asked: StoredApproval): void {
    this.approvals.remove(actor, approval.sequence)
    this.#timers.disarm(asked)
  }

  #describeEffect(actor: DurableActor, effect: StoredEffect): PendingEffect {
    const { sequence, name, input, requestedAt } = effect
    const handled = this.effects.isHandled(name) ? 'running' : 'handler'
    const waitsFor = isEffectAllowed(actor, effect) ? handled : 'approval'
    return { id: formatKey(actor, sequence), actor: actor.id, name, input, requestedAt, waitsFor }
  }

  #timerDue(actor: DurableActor, due: DueTimer): void {
    const owner = this.#store.ownerOf(actor.id)
    if (owner === undefined) this.#host?.wake(actor.id)
    else this.#host?.due(owner, due)
  }

  #endEffect(actor: DurableActor, sequence: number, outcome: EffectOutcome): void {
    const { references } = this.#store
    let stored = outcome
    let isTagged = false
    try {
      isTagged = sealRoot(outcome, 'output', references)
    } catch (error: unknown) {
      // It was done, and must not be done again because of what it answered.
      stored = { isOk: false, error }
      isTagged = sealRoot(stored, 'output', references)
    }
    const record = { kind: 'effect', actor: actor.id, sequence, at: this.#store.now(), outcome: stored } as const
    this.#store.write(record, { isTagged })
  }

  /** For what begins with a timer or a handler: the failure of a store is told to its host, not to them. */
  #guard(run: () => void): void {
    if (!this.#store.isWritable) return
    try {
      run()
    } catch (error: unknown) {
      this.#environment.reportError(error)
    }
  }
}

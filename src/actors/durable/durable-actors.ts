import { CodedError } from '../../base/errors.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import { Cell } from '../cell/cell.ts'
import { checkObject } from '../misuse.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { durableRootOf, isDurableRoot } from './cell/turn-gate.ts'
import type { DecidedApproval, DecisionInit, PendingApproval } from './consequences/approval-desk.ts'
import type { PendingEffect } from './consequences/consequences.ts'
import type { EffectHandler, EffectHandlerInit } from './consequences/effect-runner.ts'
import { durableExtensionOf, type DurableExtension } from './durable-extension.ts'
import type { DurableActions } from './turn/durable-turn.ts'

/** What is stored of an actor, in short. */
export type StoredActor = {
  readonly id: string
  readonly agent: string
  /** Of the definition that wrote its state. */
  readonly version: number
  /** Turns that were stored. */
  readonly commits: number
  /** Messages that wait for it. */
  readonly waiting: number
  readonly timers: number
  readonly effects: number
  readonly isInMemory: boolean
}

/** The durable actors of a system, from outside. All of it waits for the store to be open. */
export interface DurableActors {
  /** Names a definition, so that stored actors of it come into memory when there is something to do for them. */
  define(definition: AgentDefinition): void
  /**
   * Registers who carries out the effects of a name. Effects that wait for it run at once.
   *
   * @throws TypeError when the name has a handler already.
   */
  registerEffect(name: string, handler: EffectHandler, init?: EffectHandlerInit): void
  list(): Promise<readonly StoredActor[]>
  pendingEffects(): Promise<readonly PendingEffect[]>
  pendingApprovals(): Promise<readonly PendingApproval[]>
  /** See `ApprovalDesk.decide`: the first decision holds. @throws `ACTOR_NOT_STORED`. */
  resolveApproval(id: string, init: DecisionInit): Promise<DecidedApproval>
  /** The lines of an export. @throws `ACTOR_NOT_STORED`. */
  exportActor(id: string): Promise<readonly string[]>
  /** @returns The id. @throws `ACTOR_EXPORT_INVALID`, `ACTOR_ALREADY_STORED`. */
  importActor(lines: readonly string[]): Promise<string>
  /** Ends an actor and forgets all that is stored of it. @throws `ACTOR_NOT_STORED`. */
  remove(id: string): Promise<void>
  /** Replaces the records of the journal by what they come to. Happens by itself when they outweigh it. */
  compact(): Promise<void>
}

/** @throws `ACTOR_PLATFORM_LACKS` when the system was made without a data directory. */
export function durableActors(system: ActorSystem): DurableActors {
  checkObject(system, 'durableActors takes')
  const extension = durableExtensionOf(system)
  if (extension === undefined) {
    throw new CodedError('ACTOR_PLATFORM_LACKS', { message: 'This actor system has no data directory' })
  }
  return new OpenedActors(extension)
}

/**
 * What the logic of a durable actor may do within a step: effects, approvals, timers, schedules.
 *
 * ```ts
 * import { defineAgent, durableActions } from 'kernell-os/actors'
 * import { fromTransition } from 'xstate'
 *
 * const payer = defineAgent({
 *   name: 'payer',
 *   durable: true,
 *   logic: fromTransition((paid: number, event: { type: 'pay'; amount: number }, { self }) => {
 *     if (event.type === 'pay') durableActions(self).effect('pay', { amount: event.amount })
 *     return paid + 1
 *   }, 0),
 * })
 * console.log(payer.name)
 * ```
 *
 * @param self  What the logic is given under that name.
 * @throws TypeError when `self` is not a durable actor that is just making a step.
 */
export function durableActions(self: unknown): DurableActions {
  const cell = self instanceof Cell ? self : (self as { readonly kernellCell?: unknown } | undefined)?.kernellCell
  const root = cell instanceof Cell ? durableRootOf(cell) : undefined
  const current = root && isDurableRoot(root.behaviour) ? root.behaviour.currentTurn : undefined
  if (current?.cell === root && current !== undefined) return current.turn
  throw new TypeError('Only a durable actor may do this, and only while it makes a step')
}

class OpenedActors implements DurableActors {
  readonly #extension: DurableExtension

  constructor(extension: DurableExtension) {
    this.#extension = extension
  }

  define(definition: AgentDefinition): void {
    this.#extension.define(definition)
  }

  registerEffect(name: string, handler: EffectHandler, init?: EffectHandlerInit): void {
    this.#extension.registerEffect(name, handler, init)
  }

  async list(): Promise<readonly StoredActor[]> {
    const extension = await this.#opened()
    return Array.from(extension.store.actors(), (actor) => ({
      id: actor.id,
      agent: actor.agent,
      version: actor.version,
      commits: actor.commits,
      waiting: actor.inbox?.size ?? 0,
      timers: actor.timers?.size ?? 0,
      effects: actor.effects?.size ?? 0,
      isInMemory: extension.isInMemory(actor.id),
    }))
  }

  async pendingEffects(): Promise<readonly PendingEffect[]> {
    return (await this.#opened()).store.pendingEffects()
  }

  async pendingApprovals(): Promise<readonly PendingApproval[]> {
    return (await this.#opened()).store.pendingApprovals()
  }

  async resolveApproval(id: string, init: DecisionInit): Promise<DecidedApproval> {
    return await (await this.#opened()).store.resolveApproval(id, init)
  }

  async exportActor(id: string): Promise<readonly string[]> {
    return await (await this.#opened()).store.exportActor(id)
  }

  async importActor(lines: readonly string[]): Promise<string> {
    return await (await this.#opened()).store.importActor(lines)
  }

  async remove(id: string): Promise<void> {
    await (await this.#opened()).store.remove(id)
  }

  async compact(): Promise<void> {
    await (await this.#opened()).store.compact()
  }

  async #opened(): Promise<DurableExtension> {
    await this.#extension.ready
    return this.#extension
  }
}

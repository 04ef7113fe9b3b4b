import type { AnyEventObject } from 'xstate'
import type { DurableHost } from '../../../src/actors/durable/consequences/durable-host.ts'
import type { DueTimer } from '../../../src/actors/durable/consequences/durable-timers.ts'
import type { InboxEntry } from '../../../src/actors/durable/state/durable-actor.ts'
import { openDurableStore } from '../../../src/actors/durable/store/durable-store.ts'
import type { DurableStore, DurableStoreInit } from '../../../src/actors/durable/store/durable-store.ts'
import type { DurableDefinition } from '../../../src/actors/durable/turn/durable-definition.ts'
import type { DurableOwner } from '../../../src/actors/durable/turn/durable-owner.ts'
import type { DurableActions, DurableTurn } from '../../../src/actors/durable/turn/durable-turn.ts'
import { CodedError } from '../../../src/base/errors.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { ManualEnvironment } from './manual-environment.ts'

export type WorldActions = DurableActions & {
  /** To another actor: into its inbox when it is stored, otherwise out of the world's reach. */
  send(to: string, event: AnyEventObject): void
  /** Leaves when the turn is stored. */
  reply(text: string): void
}

export type WorldAgent = DurableDefinition & {
  readonly initial: unknown
  readonly handle: (state: never, event: AnyEventObject, actions: WorldActions) => unknown
}

type Message =
  | { readonly kind: 'inbox'; readonly entry: InboxEntry }
  | { readonly kind: 'timer'; readonly due: DueTimer }
  | { readonly kind: 'volatile'; readonly event: AnyEventObject }
type Cell = { readonly owner: DurableOwner; readonly agent: WorldAgent; state: unknown; readonly queue: Message[] }

export type WorldInit = {
  readonly agents: readonly WorldAgent[]
  readonly log?: EventLog
  readonly environment?: ManualEnvironment
  readonly store?: DurableStoreInit
  /** Given to a failing message before it is discarded. Default 0. */
  readonly redeliveries?: number
}

/** The smallest thing that runs durable actors: reducers with a queue each. What the store promises is tested with it. */
export class World implements DurableHost {
  readonly environment: ManualEnvironment
  readonly store: DurableStore
  readonly log: EventLog
  /** Everything that left the world, in order. */
  readonly replies: string[] = []
  readonly discarded: AnyEventObject[] = []
  readonly failures: unknown[] = []
  readonly heldBack = new Map<string, unknown>()
  readonly #agents: ReadonlyMap<string, WorldAgent>
  readonly #cells = new Map<string, Cell>()
  readonly #redeliveries: number
  readonly #woken = new Set<string>()
  isDead = false

  private constructor(
    store: DurableStore,
    log: EventLog,
    init: WorldInit & { readonly environment: ManualEnvironment },
  ) {
    this.store = store
    this.log = log
    this.environment = init.environment
    this.#agents = new Map(init.agents.map((agent) => [agent.name, agent]))
    this.#redeliveries = init.redeliveries ?? 0
  }

  static async open(init: WorldInit): Promise<World> {
    const log = init.log ?? createMemoryEventLog()
    const environment = init.environment ?? new ManualEnvironment()
    const store = await openDurableStore({ log, environment }, init.store)
    const world = new World(store, log, { ...init, environment })
    for (const agent of init.agents) store.define(agent)
    store.start(world)
    return world
  }

  /** The store is closed, and another one is opened on what it left; time and the wall clock may have moved. */
  async reopen(agent: WorldAgent, init: Partial<WorldInit> = {}): Promise<World> {
    this.isDead = true
    await this.store.close()
    return await World.open({ agents: [agent], log: this.log, environment: this.environment, ...init })
  }

  /** Starts an actor: the stored one of this id, or a new one. */
  spawn(name: string, id: string): Cell {
    const agent = this.#agents.get(name)
    if (agent === undefined) throw new Error(`No agent ${name}`)
    const owner = this.store.activate(id, agent)
    const state = owner.isCreated ? owner.stateForLogic(false) : agent.initial
    const cell: Cell = { owner, agent, state, queue: [] }
    this.#cells.set(id, cell)
    if (owner.isCreated) for (const entry of owner.waiting()) this.received(owner, entry)
    else owner.commit(owner.beginTurn(), { state })
    return cell
  }

  /** The stored state of an actor, whether it is in memory or not. */
  stateOf(id: string): unknown {
    return this.#cells.get(id)?.state ?? this.spawn(this.store.actor(id)?.agent ?? '', id).state
  }

  isActive(id: string): boolean {
    return this.#cells.has(id)
  }

  /** A message that nobody stores. */
  send(id: string, event: AnyEventObject): void {
    this.#push(id, { kind: 'volatile', event })
  }

  passivate(id: string): void {
    const cell = this.#cells.get(id)
    this.#cells.delete(id)
    cell?.owner.release()
  }

  async settle(): Promise<void> {
    await this.environment.settle()
  }

  received(owner: DurableOwner, entry: InboxEntry): void {
    this.#push(owner.id, { kind: 'inbox', entry })
  }

  due(owner: DurableOwner, due: DueTimer): void {
    this.#push(owner.id, { kind: 'timer', due })
  }

  wake(id: string): void {
    if (this.#woken.has(id)) return
    this.#woken.add(id)
    this.environment.soon(() => {
      this.#woken.delete(id)
      const agent = this.store.actor(id)?.agent
      if (this.isDead || agent === undefined || this.#cells.has(id) || !this.#agents.has(agent)) return
      try {
        this.spawn(agent, id)
      } catch (error: unknown) {
        if (!CodedError.is(error)) throw error
        this.heldBack.set(id, error.code)
      }
    })
  }

  fenced(owner: DurableOwner): void {
    if (this.#cells.get(owner.id)?.owner === owner) this.#cells.delete(owner.id)
  }

  failed(error: CodedError): void {
    this.failures.push(error)
    this.isDead = true
    this.#cells.clear()
  }

  #push(id: string, message: Message): void {
    const cell = this.#cells.get(id)
    if (cell === undefined) return
    cell.queue.push(message)
    if (cell.queue.length === 1) this.environment.soon(() => this.#run(cell))
  }

  #run(cell: Cell): void {
    for (let message = cell.queue[0]; message !== undefined && !this.isDead; message = cell.queue[0]) {
      this.#handle(cell, message)
      cell.queue.shift()
    }
  }

  #handle(cell: Cell, message: Message): void {
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.#step(cell, message)
        return
      } catch (error: unknown) {
        if (CodedError.is(error) && error.code !== 'ACTOR_STATE_NOT_STORABLE') return
        this.failures.push(error)
        if (attempt < this.#redeliveries) continue
        if (message.kind === 'inbox') {
          this.discarded.push(message.entry.event)
          cell.owner.discard(message.entry.sequence)
        }
        return
      }
    }
  }

  #step(cell: Cell, message: Message): void {
    const { owner, agent } = cell
    if (message.kind === 'inbox' && !owner.isWaiting(message.entry.sequence)) return
    if (message.kind === 'timer' && !owner.isDue(message.due.fired)) return
    const turn = owner.beginTurn()
    const next = agent.handle(cell.state as never, eventOf(owner, message), this.#actionsOf(owner, turn))
    owner.commit(turn, {
      state: next,
      ...(message.kind === 'inbox' && { consumed: message.entry.sequence }),
      ...(message.kind === 'timer' && { fired: message.due.fired }),
    })
    cell.state = next
  }

  #actionsOf(owner: DurableOwner, turn: DurableTurn): WorldActions {
    return {
      effect: (name, input, init) => turn.effect(name, input, init),
      requestApproval: (init) => turn.requestApproval(init),
      setTimer: (id, init) => turn.setTimer(id, init),
      setSchedule: (id, init) => turn.setSchedule(id, init),
      cancelTimer: (id) => turn.cancelTimer(id),
      send: (to, event) => {
        if (this.store.actor(to) !== undefined) turn.sendStored({ to, event, version: owner.versionFor(to) })
        else turn.holdBack(() => this.send(to, event))
      },
      reply: (text) => turn.holdBack(() => void this.replies.push(text)),
    }
  }
}

function eventOf(owner: DurableOwner, message: Message): AnyEventObject {
  if (message.kind === 'inbox') return owner.eventOf(message.entry)
  return message.kind === 'timer' ? message.due.event : message.event
}

import {
  createActor as createXStateActor,
  type Actor,
  type ActorOptions,
  type AnyActorLogic,
  type Observer,
  type Snapshot,
} from 'xstate'
import { Cell, NOT_STARTED, RELAYS, RUNNING, SCHEDULED, STOPPED, type CellPlace } from './cell/cell.ts'
import type { CellOptions } from './cell/cell-extras.ts'
import { endTree, linkChild, startCell } from './cell/life.ts'
import { defineAgent } from './define-agent.ts'
import { toObserver } from './delivery/observers.ts'
import type { XStateActor } from './hosting/adopted-behaviour.ts'
import { behaviourOf } from './hosting/behaviour-of.ts'
import type { AgentDefinition } from './agent-definition.ts'
import { ActorSystem } from './system/actor-system.ts'
import { cellCounts } from './system/cell-counts.ts'
import type { NumberSource } from './system/xstate-contract.ts'
import { createSystemEnvironment } from './system/system-environment.ts'

/**
 * XState's `createActor` over a cell of this runtime: the same options, and an actor that looks the same to its users,
 * except that chains of messages do not grow the stack, delayed events cost O(1), and children that fail leave nobody
 * behind. A `send` from outside a turn returns when all of the actor's system is quiet.
 *
 * ```ts
 * import { createActor } from 'kernell-os/actors'
 * import { createMachine } from 'xstate'
 *
 * const toggle = createMachine({ initial: 'off', states: { off: { on: { flip: 'on' } }, on: { on: { flip: 'off' } } } })
 * const actor = createActor(toggle).start()
 * actor.send({ type: 'flip' })
 * console.log(actor.getSnapshot().value) // 'on'
 * actor.stop()
 * ```
 */
export function createActor<Logic extends AnyActorLogic>(logic: Logic, options?: ActorOptions<Logic>): Actor<Logic> {
  const given = (options ?? {}) as GivenOptions
  const above = cellOf(given.parent)
  // A parent that XState hosts keeps its children in its own system.
  if (given.parent !== undefined && above === undefined) return createXStateActor(logic, options as never)
  const system = above === undefined ? createInlineSystem(given) : (above.system as ActorSystem)
  if (above === undefined && given.inspect !== undefined) system.inspect(given.inspect as never)
  const cell = createCell(system, logic, { ...given, above })
  // The object is what XState's `Actor` is to those who use it; its class is another.
  return cell as never
}

type GivenOptions = CellOptions & {
  readonly id?: string
  readonly systemId?: string
  readonly parent?: unknown
  readonly inspect?: unknown
  readonly state?: Snapshot<unknown>
}

function cellOf(actor: unknown): Cell | undefined {
  return actor instanceof Cell ? actor : (actor as Partial<XStateActor> | undefined)?.kernellCell
}

function createInlineSystem({ clock, logger }: GivenOptions): ActorSystem {
  const environment = createSystemEnvironment()
  return new ActorSystem({
    environment,
    isInline: true,
    numbers: NUMBERS,
    // Looked up at each call: suites replace the global timers while actors run.
    clock: clock ?? {
      setTimeout: (callback, timeoutMs) => setTimeout(callback, timeoutMs),
      clearTimeout: (handle) => clearTimeout(handle as never),
    },
    ...(logger !== undefined && { logger }),
  })
}

function createCell(
  system: ActorSystem,
  logic: AnyActorLogic,
  given: GivenOptions & { readonly above: Cell | undefined },
): Cell {
  const number = system.bookNumber()
  const place = { name: given.id ?? `x:${number}`, number, parent: given.above, input: given.input }
  const cell = new XStateCell(system, definitionOf(logic), place)
  const extras = cell.more()
  extras.options = given
  cellCounts().created += 1
  if (given.above === undefined) system.inlineRoot = cell
  else {
    cell.marks |= RELAYS
    linkChild(cell)
  }
  system._sendInspectionEvent({ type: '@xstate.actor', actorRef: cell })
  if (given.systemId !== undefined) {
    extras.systemId = given.systemId
    system._set(given.systemId, cell)
  }
  try {
    cell.behaviour.initialise(cell, given.snapshot ?? given.state)
  } catch (error: unknown) {
    // As in XState: the failure is told when the actor is started.
    cell.state = { status: 'error', output: undefined, error }
  }
  if (given.systemId !== undefined && cell.getSnapshot().status !== 'active') system._unregister(cell)
  return cell
}

/** Session ids are unique among all actors of `createActor` and their children, as in XState. */
const NUMBERS: NumberSource = { next: 0 }

const DEFINITIONS = new WeakMap<AnyActorLogic, AgentDefinition>()

/** XState's own actors have no bound; the largest one stands for none. */
function definitionOf(logic: AnyActorLogic): AgentDefinition {
  const known = DEFINITIONS.get(logic)
  if (known !== undefined) return known
  const definition = defineAgent({ name: 'actor', logic, restart: 'temporary', mailbox: { bound: 2 ** 24 } })
  DEFINITIONS.set(logic, definition)
  return definition
}

const OBSERVABLE: symbol | string = (Symbol as { readonly observable?: symbol }).observable ?? '@@observable'

/** The members of XState's `Actor` that only an actor of `createActor` has. */
class XStateCell extends Cell {
  constructor(system: ActorSystem, definition: AgentDefinition, place: CellPlace) {
    super(system, behaviourOf(definition), place)
    // `stop` returns the actor, and `send` is often passed on without it: neither fits the class of the lean cell.
    // They can be replaced, as XState's can: suites put spies there.
    const own = { writable: true, configurable: true }
    Object.defineProperties(this, {
      send: { ...own, value: this.send.bind(this) },
      stop: { ...own, value: () => this.stopAsXState() },
      [OBSERVABLE]: { ...own, value: () => this },
    })
  }

  start(): this {
    if (this.status === RUNNING) return this
    const system = this.system as ActorSystem
    if (this._syncSnapshot === true) this.relaySnapshots()
    if (this.systemId !== undefined) system._set(this.systemId, this)
    system.run(() => startCell(this))
    attachDevTools(this)
    return this
  }

  select<Selected>(
    selector: (snapshot: Snapshot<unknown>) => Selected,
    isEqual: (first: Selected, second: Selected) => boolean = Object.is,
  ): { get(): Selected; subscribe(observer: Observer<Selected> | ((selected: Selected) => void)): unknown } {
    return {
      get: () => selector(this.getSnapshot()),
      subscribe: (observer) => {
        const told = toObserver<Selected>(observer)
        let previous = selector(this.getSnapshot())
        return this.subscribe((snapshot) => {
          const selected = selector(snapshot)
          if (isEqual(previous, selected)) return
          previous = selected
          told.next?.(selected)
        })
      },
    }
  }

  private stopAsXState(): this {
    if (this.parent !== undefined) throw new Error('A non-root actor cannot be stopped directly.')
    this.stopNow()
    return this
  }

  /** XState stops children through this. */
  _stop(): this {
    this.stopNow()
    return this
  }

  private stopNow(): void {
    const system = this.system as ActorSystem
    if (this.status === NOT_STARTED) this.status = STOPPED
    else if (system.isBusy) system.deferred.push(() => this.end())
    else system.run(() => this.end())
  }

  /** What its children tell it while it ends comes too late, as in XState: it must not have a turn for it. */
  private end(): void {
    this.marks |= SCHEDULED
    endTree(this, 'stopped')
  }

  /** A child made with `syncSnapshot` tells its parent of each new snapshot. */
  private relaySnapshots(): void {
    this.subscribe({
      next: (snapshot) => {
        if (snapshot.status !== 'active') return
        this.system._relay(this, this.parent, { type: `xstate.snapshot.${this.id}`, snapshot })
      },
      error: () => {},
    })
  }
}

function attachDevTools(cell: Cell): void {
  const devTools = cell.extras?.options?.devTools
  if (typeof devTools === 'function') devTools(cell)
}

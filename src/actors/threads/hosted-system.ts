import type { AnyActorLogic, AnyEventObject, Snapshot } from 'xstate'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import type { ActorRef } from '../actor-ref.ts'
import type { FinishedSpan } from '../../ports/tracer.ts'
import { MessageTracer } from '../inspect/message-tracer.ts'
import { ThreadTracer } from './thread-tracer.ts'
import { Cell, type Behaviour } from '../cell/cell.ts'
import { ActorSystem } from '../system/actor-system.ts'
import type { ActorSystemInit } from '../system/actor-system-options.ts'
import type { SystemExtension } from '../system/system-extension.ts'

/** Numbers of actors that were made on a worker; below are those that the first thread gave. */
const OWN_NUMBERS = 2 ** 31

export type HostedSystemInit = Omit<ActorSystemInit, 'extension' | 'isInline'> & {
  /** Shared with the other threads: which actor has its turn, for the case that it never gives it back. */
  readonly turns: Int32Array
  readonly turnIndex: number
}

/** The system of a worker: the first thread gives its actors their numbers, and can see which of them has its turn. */
export class HostedSystem extends ActorSystem {
  private placing: { readonly number: number; stored: unknown } | undefined

  constructor(init: HostedSystemInit) {
    const marked = new WeakMap<Behaviour, Behaviour>()
    const extension: SystemExtension = {
      ready: Promise.resolve(),
      place: () => undefined,
      find: () => undefined,
      wrap: (_definition, behaviour) => {
        const known = marked.get(behaviour) ?? new MarkedBehaviour(behaviour, init, (cell) => this.takeStored(cell))
        marked.set(behaviour, known)
        return known
      },
      stop: () => Promise.resolve(),
    }
    super({ ...init, isInline: false, extension })
  }

  override bookNumber(): number {
    const number = this.placing?.number
    return number === undefined ? super.bookNumber() + OWN_NUMBERS : number
  }

  /**
   * Starts an actor under a number that the first thread gave it, from a stored snapshot if there is one.
   *
   * @throws as `spawn`.
   */
  spawnPlaced(number: number, definition: AgentDefinition, options: SpawnOptions & { stored: unknown }): Cell {
    const { stored, ...rest } = options
    // The supervisor of all has a number of its own.
    this.rootCell()
    this.placing = { number, stored }
    try {
      return ownCell(this.spawn(definition, rest))
    } finally {
      this.placing = undefined
    }
  }

  /** From the first event of a trace on, steps have spans; `onEnded` is told of each that has ended. */
  traceSteps(onEnded: (span: FinishedSpan) => void): void {
    if (this.stepObserver === undefined) this.observeSteps(new MessageTracer(new ThreadTracer(onEnded), false))
  }

  private takeStored(cell: Cell): unknown {
    const { placing } = this
    if (placing?.number !== cell.number) return undefined
    this.placing = undefined
    return placing.stored
  }
}

function ownCell(ref: ActorRef): Cell {
  if (ref instanceof Cell) return ref
  throw new TypeError('A worker keeps its actors to itself')
}

/** Another behaviour, and a mark in shared memory while it runs. */
class MarkedBehaviour implements Behaviour {
  readonly isSupervisor: boolean
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  private readonly inner: Behaviour
  private readonly turns: Int32Array
  private readonly turnIndex: number
  private readonly storedFor: (cell: Cell) => unknown

  constructor(
    inner: Behaviour,
    { turns, turnIndex }: Pick<HostedSystemInit, 'turns' | 'turnIndex'>,
    storedFor: (cell: Cell) => unknown,
  ) {
    this.inner = inner
    this.isSupervisor = inner.isSupervisor
    this.logic = inner.logic
    this.definition = inner.definition
    this.turns = turns
    this.turnIndex = turnIndex
    this.storedFor = storedFor
  }

  initialise(cell: Cell, stored?: Snapshot<unknown>): void {
    const given = stored ?? (this.storedFor(cell) as Snapshot<unknown> | undefined)
    this.marked(cell, () => this.inner.initialise(cell, given))
  }

  start(cell: Cell): void {
    this.marked(cell, () => this.inner.start(cell))
  }

  /** Written out: it is hot. Nobody reads the mark while the thread lives, so plain stores do. */
  step(cell: Cell, event: AnyEventObject): void {
    const { turns, turnIndex } = this
    turns[turnIndex] = topOf(cell).number
    try {
      this.inner.step(cell, event)
    } finally {
      turns[turnIndex] = 0
    }
  }

  end(cell: Cell): void {
    this.marked(cell, () => this.inner.end(cell))
  }

  snapshotOf(cell: Cell): Snapshot<unknown> {
    return this.inner.snapshotOf(cell)
  }

  persistedSnapshotOf(cell: Cell, options?: unknown): Snapshot<unknown> {
    return this.inner.persistedSnapshotOf(cell, options)
  }

  setError(cell: Cell, error: unknown): void {
    this.inner.setError(cell, error)
  }

  private marked(cell: Cell, run: () => void): void {
    const { turns, turnIndex } = this
    const before = turns[turnIndex] ?? 0
    turns[turnIndex] = topOf(cell).number
    try {
      run()
    } finally {
      turns[turnIndex] = before
    }
  }
}

/** The actor below the system's own supervisor that `cell` belongs to: what the first thread can restart. */
function topOf(cell: Cell): Cell {
  let top = cell
  while (top.parent?.parent !== undefined) top = top.parent
  return top
}

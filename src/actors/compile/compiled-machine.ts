import type {
  AnyActorRef,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  MachineContext,
  SnapshotStatus,
} from 'xstate'
import {
  choose,
  compileCandidates,
  compileEventless,
  compileStart,
  type CompiledTransition,
} from './compiled-transition.ts'
import { isCoveredContext, isDelayed } from './coverage.ts'
import { stopChildren } from './spawned-children.ts'
import { leafAt, leavesOf, pathTo, valueOf } from './state-tree.ts'
import { StepFrame, type MachineScope } from './step-frame.ts'

/** What `step` answers when it did nothing, because this step is one for XState's own `transition`. */
export const NOT_COMPILED = -1

/** Types of events that no transition names and that are looked up only once. */
const OTHER_TYPES_MAX = 256

export type SnapshotInit = {
  readonly stateIndex: number
  readonly context: MachineContext
  /** Default `active`. */
  readonly status?: SnapshotStatus
  readonly output?: unknown
  readonly error?: unknown
  /** Default none. */
  readonly children?: Readonly<Record<string, AnyActorRef>> | undefined
}

type Rows = readonly Map<string, CompiledTransition>[]

/** What there is before the first action. */
type FirstValues = Pick<SnapshotInit, 'context' | 'children'>

/**
 * A machine without parallel states as tables: an actor of it is the index of a leaf of its states, and a context.
 *
 * `context` is a register: the caller puts the actor's context there before `step` and takes the next one out after it,
 * so that a step allocates no result. After a throw it is worth nothing. The other fields are results of the last
 * `step` or `initial`; none of them is to be kept here longer than until the next call. Fields are plain: hot object.
 */
export class CompiledMachine {
  readonly machine: AnyStateMachine
  /** By index: whether a machine that reaches the state is done. */
  readonly finals: readonly boolean[]
  /** In: the context before the step. Out: the context after it, the same object when nothing was assigned. */
  context: MachineContext = EMPTY_CONTEXT
  /** Whether XState would have made another snapshot. */
  isChanged = false
  /** Output of the machine, when the state that was reached is final. */
  output: unknown = undefined
  /** Children spawned by the step. From then on the actor is one for XState's own code; tables know no children. */
  children: Readonly<Record<string, AnyActorRef>> | undefined = undefined
  /** The snapshot of an actor that failed in `initial`. */
  failed: AnyMachineSnapshot | undefined = undefined
  private readonly leaves: readonly AnyStateNode[]
  private readonly indices: ReadonlyMap<AnyStateNode, number>
  /** By index and type of event: the first candidate. Filled as events come. */
  private readonly rows: Rows
  /** The same for events that the machine queues itself, of whatever type. */
  private readonly queuedRows: Rows
  /** By index: a snapshot to take the unchanging parts from. */
  private readonly samples: readonly AnyMachineSnapshot[]
  /** By index: the first candidate without an event. `undefined`: no state has any. */
  private readonly eventless: readonly (CompiledTransition | undefined)[] | undefined
  private start: CompiledTransition | undefined = undefined

  /** @param machine  Covered by `isCoveredMachine`. */
  constructor(machine: AnyStateMachine) {
    const leaves = leavesOf(machine)
    this.machine = machine
    this.leaves = leaves
    this.finals = leaves.map(({ type, parent }) => type === 'final' && parent === machine.root)
    this.indices = new Map(leaves.map((leaf, index) => [leaf, index]))
    this.rows = leaves.map(() => new Map<string, CompiledTransition>())
    this.queuedRows = leaves.map(() => new Map<string, CompiledTransition>())
    const eventless = leaves.map((leaf) => compileEventless(machine, leaf))
    this.eventless = eventless.every((first) => first === undefined) ? undefined : eventless
    this.samples = leaves.map((leaf) => machine.resolveState({ value: valueOf(leaf), context: {} }))
  }

  /**
   * Takes one event. Custom actions run, through `scope.actionExecutor`, when and in the order in which XState runs them.
   *
   * @param stateIndex  Of an active actor without children, with its context in `context`.
   * @returns Index of the next state; `NOT_COMPILED`, with nothing done, for events that XState keeps for itself (`xstate.…`),
   *   for `*`, and from a final state.
   * @throws What the user's functions throw, errors of guards wrapped as XState wraps them.
   */
  step(stateIndex: number, event: AnyEventObject, scope: MachineScope): number {
    const { context } = this
    const first = this.rows[stateIndex]?.get(event.type) ?? this.find(stateIndex, event.type)
    if (first === undefined) return NOT_COMPILED
    const candidate = first.guard === undefined ? first : choose(first, stateIndex, { context, event })
    // A guard may have run other steps of this machine.
    this.context = context
    if (candidate.actions.length > 0 || this.eventless !== undefined)
      return this.run(stateIndex, candidate, new StepFrame(this, event, scope))
    this.children = undefined
    this.isChanged = candidate.target !== stateIndex
    return candidate.target
  }

  /**
   * Makes the first state. The context goes to `context`.
   *
   * @returns Its index; `NOT_COMPILED` when a function of the user's threw: `failed` then is the snapshot with that error.
   */
  initial(input: unknown, scope: MachineScope): number {
    const { context } = this.machine.config as { readonly context?: unknown }
    this.start ??= compileStart(this.machine)
    this.context = typeof context === 'object' && context !== null ? context : {}
    const frame = new StepFrame(this, { type: 'xstate.init', input }, scope)
    let first: FirstValues = { context: frame.context, children: undefined }
    try {
      if (typeof context === 'function') {
        const make = context as (given: unknown) => unknown
        frame.assign((given) => {
          const { spawn } = given as { readonly spawn: unknown }
          return make({ spawn, input, self: scope.self })
        }, undefined)
        first = { context: frame.context, children: frame.children && { ...frame.children } }
      }
      return this.run(NOT_COMPILED, this.start, frame)
    } catch (error: unknown) {
      this.failed = this.failedSnapshot(first, error)
      return NOT_COMPILED
    }
  }

  /** The snapshot that XState would have made. */
  snapshotOf(init: SnapshotInit): AnyMachineSnapshot {
    const { stateIndex, context, status = 'active' } = init
    const sample = this.sample(stateIndex)
    return {
      status,
      output: init.output,
      error: init.error,
      machine: this.machine,
      context,
      // XState leaves the nodes of a machine that is done in the order in which it left them.
      _nodes: this.finals[stateIndex] === true ? sample._nodes.toReversed() : sample._nodes,
      value: sample.value,
      tags: sample.tags,
      children: init.children ?? {},
      historyValue: {},
      matches: sample.matches,
      hasTag: sample.hasTag,
      can: sample.can,
      getMeta: sample.getMeta,
      toJSON: sample.toJSON,
    } as AnyMachineSnapshot
  }

  /**
   * The way back: index of the state of a snapshot of this machine. `NOT_COMPILED` for one that only XState's own code can
   * go on from: not active, with children, or with a history.
   */
  indexOf(snapshot: AnyMachineSnapshot): number {
    const { status, value, children, context, machine } = snapshot
    if (machine !== this.machine || status !== 'active') return NOT_COMPILED
    if (Object.keys(children).length > 0 || Object.keys(snapshot.historyValue).length > 0) return NOT_COMPILED
    if (!isCoveredContext(context)) return NOT_COMPILED
    const leaf = leafAt(machine, value)
    return (leaf && this.indices.get(leaf)) ?? NOT_COMPILED
  }

  /** For `StepFrame`. */
  sampleOf(context: MachineContext, children?: Readonly<Record<string, AnyActorRef>>): AnyMachineSnapshot {
    return this.snapshotOf({ stateIndex: 0, context, children })
  }

  /** XState goes back to where it was before any action, in no state yet; the value it takes from the configuration. */
  private failedSnapshot({ context, children }: FirstValues, error: unknown): AnyMachineSnapshot {
    const { root } = this.machine
    const stateIndex = this.start?.target ?? 0
    const snapshot = this.snapshotOf({ stateIndex, context, children, status: 'error', error })
    return { ...snapshot, _nodes: [root], tags: new Set(root.tags) } as AnyMachineSnapshot
  }

  /** From `stateIndex` on, until nothing follows of itself. @returns Index of the last state. */
  private run(stateIndex: number, first: CompiledTransition, frame: StepFrame): number {
    let isChanged = frame.take(stateIndex, first)
    let index = first.target
    let isEventlessDue = this.eventless !== undefined
    while (this.finals[index] !== true && (isEventlessDue || (frame.queue !== undefined && frame.queue.length > 0))) {
      const eventless = isEventlessDue ? this.chooseEventless(index, frame) : undefined
      const next = eventless ?? this.chooseQueued(index, frame)
      if (next === undefined) break
      const isOther = frame.take(index, next)
      isChanged ||= isOther
      // XState asks again unless one without an event has changed nothing.
      isEventlessDue = this.eventless !== undefined && (eventless === undefined || isOther)
      index = next.target
    }
    if (frame.children !== undefined && this.finals[index] === true) stopChildren(frame, frame.children)
    this.context = frame.context
    this.output = frame.output
    this.children = frame.children
    this.isChanged = isChanged
    return index
  }

  private chooseEventless(stateIndex: number, { context, event }: StepFrame): CompiledTransition | undefined {
    let candidate = this.eventless?.[stateIndex]
    while (candidate?.guard !== undefined && !candidate.guard(context, event, stateIndex)) {
      candidate = candidate.otherwise
    }
    return candidate?.isNothing === true ? undefined : candidate
  }

  private chooseQueued(stateIndex: number, frame: StepFrame): CompiledTransition | undefined {
    const event = frame.queue?.shift()
    if (event === undefined) return undefined
    frame.event = event
    const { type } = event
    const first = this.queuedRows[stateIndex]?.get(type) ?? this.compile(this.queuedRows, stateIndex, type)
    return first && choose(first, stateIndex, frame)
  }

  /** The slow way to the first candidate, once for each type of event that the machine knows. */
  private find(stateIndex: number, type: unknown): CompiledTransition | undefined {
    if (typeof type !== 'string' || type === '*' || (type.startsWith('xstate.') && !isDelayed(type))) return undefined
    return this.finals[stateIndex] === true ? undefined : this.compile(this.rows, stateIndex, type)
  }

  private compile(rows: Rows, stateIndex: number, type: string): CompiledTransition | undefined {
    const leaf = this.leaves[stateIndex]
    const row = rows[stateIndex]
    if (leaf === undefined || row === undefined) return undefined
    const first = compileCandidates(this.machine, leaf, type)
    const isNamed = pathTo(leaf).some(({ transitions }) => transitions.has(type))
    if (isNamed || row.size < OTHER_TYPES_MAX) row.set(type, first)
    return first
  }

  private sample(stateIndex: number): AnyMachineSnapshot {
    const sample = this.samples[stateIndex]
    if (sample === undefined) throw new RangeError(`The machine has no state ${stateIndex}`)
    return sample
  }
}

const EMPTY_CONTEXT: MachineContext = Object.freeze({})

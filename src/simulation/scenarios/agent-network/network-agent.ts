import { type AnyActorRef, fromTransition } from 'xstate'
import type { ActorRef } from '../../../actors/actor-ref.ts'
import type { AgentDefinition } from '../../../actors/agent-definition.ts'
import type { Cell } from '../../../actors/cell/cell.ts'
import { defineAgent } from '../../../actors/define-agent.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { LogicSystem, Receiver } from '../../actors/misbehaver-logic.ts'
import type { AgentHealth } from './agent-health.ts'
import type { DelegationBook } from './delegation-book.ts'
import { patienceMs, type Place } from './network-shape.ts'

/** A task on its way down: to be done by an agent and all below it. */
export type Task = { readonly type: 'task'; readonly task: number; readonly number: number }

/** Nothing to do: words come in bursts behind a task, so that many messages of a pair wait at once. */
export type Word = { readonly type: 'word'; readonly number: number }

/** What comes back: how many did their part, and how many did not. */
export type Result = {
  readonly type: 'result'
  readonly from: number
  readonly task: number
  readonly done: number
  readonly missing: number
  readonly number: number
}

type Event =
  | Task
  | Result
  | Word
  | { readonly type: 'worked'; readonly task: number; readonly timer?: number }
  | { readonly type: 'late'; readonly from: number; readonly task: number; readonly timer?: number }

/** What all agents of a network share. */
export type Network = {
  readonly places: readonly Place[]
  readonly book: DelegationBook
  /** Chance of a failure while a task is begun. */
  readonly failing: number
  /** Trees that fail much more often. */
  readonly frail: ReadonlySet<number>
  readonly health: AgentHealth
  readonly random: RandomStream
  /** Who is to be told a task for a place: the agent, or whoever misbehaves in front of it. */
  readonly doors: (ActorRef | undefined)[]
  /** Who hears of the result of a place. */
  readonly aboveOf: (place: Place) => Receiver
  readonly counts: { failed: number; helpers: number }
}

type Helping = { readonly type: 'work'; readonly workMs: number; readonly task: number; readonly to: Cell }

type Input = { readonly network: Network; readonly place: Place }

/** The task under way, and the children that have not answered. */
type State = Input & {
  task: number
  done: number
  missing: number
  waiting: number[]
  tries: number[]
  isWorking: boolean
}

type Scheduler = LogicSystem['scheduler']

/** Times that a child is asked. */
const TRIES_MAX = 2

/** One task of so many is followed by so many words. */
const TASKS_PER_BURST = 16
const WORDS = 4

/** Chance of a failure over a task in a frail tree. */
const FRAIL = 0.02

/** Does the long part of a task for somebody else, says so, and ends. */
const helper: AgentDefinition = defineAgent({
  name: 'helper',
  restart: 'temporary',
  logic: fromTransition<Helping | undefined, Helping | { readonly type: 'done' }, LogicSystem, undefined>(
    (given, event, { self, system }) => {
      if (event.type === 'work') {
        system.scheduler.schedule(self, self, { type: 'done' }, event.workMs, 'done')
        return event
      }
      given?.to.send({ type: 'worked', task: given.task })
      // What logic is given as itself is its cell.
      ;(self as unknown as Cell).stop().catch(() => undefined)
      return given
    },
    undefined,
  ),
}) as AgentDefinition

/** Takes a task, hands its parts to those below, asks once more who does not answer in time, and says what came of it. */
export const networkAgent: AgentDefinition = defineAgent({
  name: 'network-agent',
  restart: 'permanent',
  logic: fromTransition<State, Event, LogicSystem, Input>(
    (state, event, { self, system }) => {
      state.network.health.handles(state.place)
      if ('timer' in event && event.timer !== undefined) state.network.health.fired(state.place, event.timer)
      const turn = new Turn(state, self as unknown as Cell, system.scheduler)
      if (event.type === 'task') turn.begin(event)
      else if (event.type === 'result') turn.take(event)
      else if (event.type === 'word') state.network.book.hear(state.place.at, false, event.number)
      else if (event.type === 'worked') turn.worked(event.task)
      else turn.late(event.from, event.task)
      return state
    },
    ({ input }) => {
      input.network.health.started(input.place)
      return { ...input, task: 0, done: 0, missing: 0, waiting: [], tries: [], isWorking: false }
    },
  ),
}) as AgentDefinition

/** One message of one agent. */
class Turn {
  private readonly state: State
  private readonly self: Cell
  private readonly scheduler: Scheduler

  constructor(state: State, self: Cell, scheduler: Scheduler) {
    this.state = state
    this.self = self
    this.scheduler = scheduler
  }

  begin({ task, number }: Task): void {
    const { state } = this
    const { network, place } = state
    const { book, random } = network
    if (!place.isMisbehaving) book.hear(place.at, false, number)
    if (random.nextUnit() < (network.frail.has(place.tree) ? Math.max(FRAIL, network.failing) : network.failing)) {
      network.counts.failed += 1
      book.trouble(place.tree)
      // It ends with who set it.
      this.later({ type: 'worked', task }, 5, 'forgotten')
      network.health.throws(place)
      throw new Error(`agent ${place.at} fails`)
    }
    // What was asked before is asked again, or is old.
    if (task <= state.task) {
      if (task === state.task && this.isDone) this.answer()
      return
    }
    book.drop(state.waiting)
    state.task = task
    state.done = 0
    state.missing = 0
    state.waiting = [...place.children]
    state.tries = place.children.map(() => 1)
    state.isWorking = place.workMs > 0
    for (const child of place.children) this.handOver(child)
    if (state.isWorking) this.work(task)
    else {
      state.done = 1
      if (this.isDone) this.answer()
    }
  }

  take({ from, task, done, missing, number }: Result): void {
    const { state } = this
    const { book, places } = state.network
    const { isMisbehaving = false, size = 0 } = places[from] ?? {}
    if (!isMisbehaving) book.hear(from, true, number)
    const at = state.waiting.indexOf(from)
    if (task !== state.task || at === -1) {
      book.late(from)
      return
    }
    // Everybody below is accounted for, or somebody lies.
    if (done + missing !== size) {
      book.counts.wrong += 1
      return
    }
    this.scheduler.cancel(this.ref, lateId(from))
    state.network.health.cancelled(state.place, lateId(from))
    book.answered(from, task)
    state.waiting.splice(at, 1)
    state.done += done
    state.missing += missing
    if (this.isDone) this.answer()
  }

  worked(task: number): void {
    const { state } = this
    if (task !== state.task || !state.isWorking) return
    state.isWorking = false
    state.done += 1
    if (this.isDone) this.answer()
  }

  /** A child has not answered in time. */
  late(from: number, task: number): void {
    const { state } = this
    const { book, places } = state.network
    const at = state.waiting.indexOf(from)
    if (task !== state.task || at === -1) return
    book.timedOut(from)
    const child = state.place.children.indexOf(from)
    const tries = state.tries[child] ?? TRIES_MAX
    if (tries < TRIES_MAX) {
      state.tries[child] = tries + 1
      this.handOver(from)
      return
    }
    state.waiting.splice(at, 1)
    state.missing += places[from]?.size ?? 0
    if (this.isDone) this.answer()
  }

  private get isDone(): boolean {
    return this.state.waiting.length === 0 && !this.state.isWorking
  }

  private handOver(child: number): void {
    const { task, network } = this.state
    const { book, doors, places } = network
    book.handedOver(child, task)
    doors[child]?.send({ type: 'task', task, number: book.send(child, false) })
    if ((child + task) % TASKS_PER_BURST === 0 && places[child]?.isMisbehaving === false)
      for (let word = 0; word < WORDS; word += 1) doors[child]?.send({ type: 'word', number: book.send(child, false) })
    this.later({ type: 'late', from: child, task }, patienceMs(places[child]?.height ?? 0), lateId(child))
  }

  /** Half of the long parts are done by a child of its own. */
  private work(task: number): void {
    const { place, network } = this.state
    if (place.at % 2 === 0) {
      this.later({ type: 'worked', task }, place.workMs, 'work')
      return
    }
    network.counts.helpers += 1
    const child = this.self.spawn(helper)
    child.send({ type: 'work', workMs: place.workMs, task, to: this.self })
  }

  private answer(): void {
    const { network, place, task, done, missing } = this.state
    const number = network.book.send(place.at, true)
    network.aboveOf(place).send({ type: 'result', from: place.at, task, done, missing, number })
  }

  private get ref(): AnyActorRef {
    return this.self as unknown as AnyActorRef
  }

  private later(event: Event, delayMs: number, id: string): void {
    const { health } = this.state.network
    const timed = { ...event, timer: health.timer(this.state.place, id, delayMs) }
    this.scheduler.schedule(this.ref, this.ref, timed, delayMs, id)
  }
}

/** Made again each time: most are short, and a table of them would be larger. */
function lateId(child: number): string {
  return `late-${child}`
}

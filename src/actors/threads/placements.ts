import type { AnyEventObject } from 'xstate'
import type { RestartIntensity } from '../../core/supervision/restart-intensity.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import type { StoredActor } from './protocol.ts'
import type { RemoteRef } from './remote-ref.ts'

/** An actor that the first thread placed on a worker. */
export type Placement = {
  readonly number: number
  readonly id: string
  readonly definition: AgentDefinition & { readonly module: NonNullable<AgentDefinition['module']> }
  readonly input: unknown
  readonly ref: RemoteRef
  thread: number
  /** Raised with each command to have it somewhere: a fence against late answers and second copies. */
  epoch: number
  /** What it goes on from, until its new thread has it. */
  stored: StoredActor | undefined
  /** Mail that it has with it at its new place, and may not have handled yet. */
  unsettled: readonly AnyEventObject[]
  /** Times that its worker ended during its turn. */
  failures: RestartIntensity
  move: Move | undefined
}

/** A move under way. */
export type Move = {
  readonly from: number
  readonly to: number
  /** It could not start where it was to go, and goes back: this is why. */
  failure: unknown
  /** Nothing can be lost between the two any more: the first thread has the actor's state. */
  isExtracted: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** All placed actors, by number and id, and how many each worker has. */
export class Placements {
  readonly byNumber: Map<number, Placement> = new Map()
  private readonly byId = new Map<string, Placement>()
  private readonly counts: number[]

  constructor(threads: number) {
    this.counts = Array.from({ length: threads + 1 }, () => 0)
  }

  find(id: string): Placement | undefined {
    return this.byId.get(id)
  }

  add(placement: Placement): void {
    this.byNumber.set(placement.number, placement)
    this.byId.set(placement.id, placement)
    this.count(placement.thread, 1)
  }

  remove(placement: Placement): void {
    if (!this.byNumber.delete(placement.number)) return
    this.byId.delete(placement.id)
    this.count(placement.thread, -1)
  }

  relocate(placement: Placement, thread: number): void {
    this.count(placement.thread, -1)
    placement.thread = thread
    this.count(thread, 1)
  }

  on(thread: number): readonly Placement[] {
    return [...this.byNumber.values()].filter((placement) => placement.thread === thread)
  }

  /** The worker with the fewest actors among `threads`. */
  leastLoaded(threads: readonly number[]): number | undefined {
    let least: number | undefined
    for (const thread of threads) {
      if (least === undefined || this.loadOf(thread) < this.loadOf(least)) least = thread
    }
    return least
  }

  loadOf(thread: number): number {
    return this.counts[thread] ?? 0
  }

  private count(thread: number, by: number): void {
    this.counts[thread] = this.loadOf(thread) + by
  }
}

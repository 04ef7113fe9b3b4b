import type { AnyEventObject } from 'xstate'
import { type Cell, DRAINING, RUNNING, type StepObserver } from '../../actors/cell/cell.ts'
import type { World } from '../world/world.ts'

/** Where a run counts the messages that actors handled; `stage.handled` is such a place. */
export type ActorCount = { actors: number }

/** A mailbox with less room than this may refuse, and its senders want to hear of it at once. */
const ROOMY = 65_536

/** Makes the steps of actors of a world: each handled message is an event of it. */
export class ActorRecorder implements StepObserver {
  private readonly world: World
  private readonly count: ActorCount
  private readonly address: string

  constructor(world: World, { count, address }: { readonly count: ActorCount; readonly address: string }) {
    this.world = world
    this.count = count
    this.address = address
  }

  sent(): void {}

  step(cell: Cell, event: AnyEventObject): void {
    // Behind the end of the world's events nothing changes any more.
    if (!this.world.recordMessage(cell, event)) return
    this.count.actors += 1
    cell.behaviour.step(cell, event)
  }

  /** What promises send at one instant comes when none of them goes on, in the order of whom it is for: the turns that each of them takes decide nothing. */
  keeps(target: Cell, event: AnyEventObject): boolean {
    const { world, address } = this
    if (!world.isInPromises || typeof event?.type !== 'string') return false
    if (target.status !== RUNNING || (target.marks & DRAINING) !== 0) return false
    if (target.behaviour.definition.mailbox.bound < ROOMY) return false
    world.begin({ address, number: target.number, run: () => void target.take(event) })
    return true
  }
}

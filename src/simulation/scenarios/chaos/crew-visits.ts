import type { ActorRef } from '../../../actors/actor-ref.ts'
import { linkActors } from '../../../actors/inside.ts'
import type { ActorSystem } from '../../../actors/system/actor-system.ts'
import { ControlLane } from '../../checks/control-lane.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import { type CrewWatch, visitorAgent, WATCHER_POLICIES, watcherAgent } from './crew-agents.ts'

/** Visitors that come and go, and those that watch them, whose mailboxes are always too small. */
export class CrewVisits {
  readonly watchers: readonly ActorRef[]
  private readonly system: ActorSystem
  private readonly owner: WorldProcess
  private readonly lane = new ControlLane()
  private count = 0

  constructor(system: ActorSystem, owner: WorldProcess, watch: CrewWatch) {
    this.system = system
    this.owner = owner
    this.watchers = WATCHER_POLICIES.map((policy) =>
      system.spawn(watcherAgent(policy, watch), { id: watcherOf(policy) }),
    )
  }

  /** A watcher was told of an end. @returns What is wrong with that. */
  told(policy: string, id: string): string | undefined {
    return this.lane.told(`${id} by ${watcherOf(policy)}`)
  }

  /** An end that some watcher has not been told of for so long. */
  left(withinMs: number): string | undefined {
    return this.lane.left(this.owner.clock.monotonicMs(), withinMs)
  }

  /** Two come together and are tied to each other, as a client and its session are: when one falls the other falls with it, while others are told of the first. */
  visit(isPoison: boolean): void {
    const { owner } = this
    this.count += 1
    const [host, guest] = [this.come(`visitor-${this.count}`), this.come(`visitor-${this.count}-guest`)]
    linkActors(host, guest)
    host.send({ type: 'hello', isPoison })
    // So that the mailboxes of watchers are full whenever the end is told.
    this.makeNoise(4)
    if (isPoison) owner.timers.schedule(1, () => this.ended(host, guest))
    else
      for (const visitor of [host, guest])
        visitor.stop({ drain: true }).then(
          () => this.ended(visitor),
          (error: unknown) => owner.fail(error),
        )
  }

  makeNoise(count: number): void {
    for (let sequence = 0; sequence < count; sequence += 1)
      for (const watcher of this.watchers) watcher.send({ type: 'noise' })
  }

  private come(id: string): ActorRef {
    const visitor = this.system.spawn(visitorAgent(), { id })
    for (const watcher of this.watchers) {
      visitor.watch(watcher)
      this.lane.watches(`${visitor.id} by ${watcher.id}`)
    }
    // An end makes others talk: mail comes right behind the word of it, before the watchers have had their turn.
    visitor.watch(() => this.makeNoise(2))
    return visitor
  }

  private ended(...visitors: readonly ActorRef[]): void {
    const nowMs = this.owner.clock.monotonicMs()
    for (const { id } of visitors) for (const watcher of this.watchers) this.lane.ended(`${id} by ${watcher.id}`, nowMs)
  }
}

function watcherOf(policy: string): string {
  return `watcher-${policy}`
}

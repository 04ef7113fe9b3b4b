import { CodedError } from '../../base/errors.ts'
import { acceptPlacement, type HostedEpochs } from '../../core/cluster/placement.ts'
import type { Terminated } from '../actor-ref.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import type { Behaviour, Cell } from '../cell/cell.ts'
import { STOPPED } from '../cell/cell.ts'
import { endAtOnce } from '../cell/life.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import type { SupervisionEvent } from '../supervision/supervision-event.ts'
import { describeError } from '../threads/describe-error.ts'
import type { ClusterPeer } from './cluster-peer.ts'
import type { PlaceCommand, PlaceReport } from './cluster-protocol.ts'
import type { ClusterRouter } from './cluster-router.ts'
import { FencedBehaviour, type Fence } from './fenced-behaviour.ts'

export type ClusterHostedInit = {
  readonly system: ActorSystem
  readonly router: ClusterRouter
  /** What may be started here for others, by name. */
  readonly agents: ReadonlyMap<string, AgentDefinition>
}

type Hosted = { readonly cell: Cell; readonly peer: ClusterPeer; readonly session: string }

/** The actors of other nodes that are placed on this one: how they come and end. */
export class ClusterHosted {
  private readonly init: ClusterHostedInit
  private readonly hosted = new Map<string, Hosted>()
  /** By the number of the peer. */
  private readonly epochs = new Map<number, HostedEpochs>()
  private readonly byCell = new Map<string, Hosted>()
  private starting: { readonly fence: Fence; readonly snapshot: unknown } | undefined

  constructor(init: ClusterHostedInit) {
    this.init = init
    const { system } = init
    const report = system.report.bind(system)
    // Not as a listener: what nobody listens to is logged.
    system.report = (event) => {
      report(event)
      this.tellSupervision(event)
    }
  }

  get count(): number {
    return this.hosted.size
  }

  /** @see `SystemExtension.wrap`. Actors below one that is placed here act under the same lease. */
  wrap(behaviour: Behaviour, parent: Cell): Behaviour {
    const { starting } = this
    if (starting !== undefined && parent.isRoot) {
      this.starting = undefined
      return new FencedBehaviour(behaviour, starting.fence, starting.snapshot)
    }
    return parent.behaviour instanceof FencedBehaviour
      ? new FencedBehaviour(behaviour, parent.behaviour.fence)
      : behaviour
  }

  begin(peer: ClusterPeer, session: string): void {
    this.epochs.set(peer.index, { session, lastEpoch: 0 })
  }

  place(peer: ClusterPeer, command: PlaceCommand): void {
    const known = this.epochs.get(peer.index)
    const { session } = peer
    // A node that stops takes nothing more: it is about to say good-bye, and then the home looks for another one.
    if (known === undefined || session === undefined || this.init.system.takesNoActors) return
    const accepted = acceptPlacement(known, { session, epoch: command.epoch })
    if (accepted === undefined) return
    this.epochs.set(peer.index, accepted)
    try {
      this.start({ peer, session }, command)
    } catch (error: unknown) {
      const { id, address } = command
      const failure = startError(command, error)
      const terminated: Terminated = { type: 'kernell.terminated', id, address, reason: 'failed', error: failure }
      this.report(peer, command, { terminated, hasStarted: false })
    }
  }

  /** Ends, at once, all that a peer placed here. */
  endAll(peer: ClusterPeer): void {
    this.epochs.delete(peer.index)
    for (const [key, each] of this.hosted) {
      if (each.peer !== peer) continue
      this.hosted.delete(key)
      endAtOnce(each.cell, 'killed')
    }
  }

  private start(place: Omit<Hosted, 'cell'>, command: PlaceCommand): void {
    const { system, router, agents } = this.init
    const { peer, session } = place
    const { number, id, address, agent, version, input, snapshot } = command
    const definition = agents.get(agent)
    if (definition?.version !== version) {
      const what =
        definition === undefined ? 'is not one of the agents' : `has version ${definition.version}, not ${version},`
      const message = `Agent ${agent} ${what} of node ${system.nodeName}`
      throw new CodedError('ACTOR_DEFINITION_UNKNOWN', { message, details: { agent } })
    }
    const fence = { mayAct: () => peer.mayAct(session), onOver: () => system.environment.soon(() => peer.look()) }
    this.starting = { fence, snapshot }
    let cell: Cell
    try {
      cell = system.spawnChild(system.rootCell(), definition, { id: `${peer.name}:${number}`, input })
    } finally {
      this.starting = undefined
    }
    // Its id and address are those of its home, on whatever node it is.
    Object.defineProperty(cell, 'id', { value: id })
    Object.defineProperty(cell, 'address', { value: address })
    const key = { number, home: peer.index }
    const hosted = { cell, peer, session }
    this.hosted.set(keyOf(key), hosted)
    this.byCell.set(address, hosted)
    router.references.addHosted(key, cell)
    cell.watch((terminated) => {
      if (this.hosted.get(keyOf(key)) === hosted) this.hosted.delete(keyOf(key))
      if (this.byCell.get(address) === hosted) this.byCell.delete(address)
      router.references.removeHosted(key, terminated)
      // A node that stops gives its actors back: they have not ended.
      const isGivenBack = terminated.reason === 'stopped' && system.takesNoActors
      if (peer.session === session && !isGivenBack) this.report(peer, command, { terminated, hasStarted: true })
    })
  }

  private report(
    peer: ClusterPeer,
    { number, epoch }: PlaceCommand,
    end: { readonly terminated: Terminated; readonly hasStarted: boolean },
  ): void {
    const { router } = this.init
    const report: PlaceReport = { type: 'ended', number, epoch, ...end }
    try {
      router.control(peer.index, report)
    } catch (error: unknown) {
      const { type, id, address, reason } = end.terminated
      const text = new Error(describeError(end.terminated.error ?? error))
      router.control(peer.index, { ...report, terminated: { type, id, address, reason, error: text } })
    }
  }

  /** What supervision here does with an actor of another node, its home is told. */
  private tellSupervision(event: SupervisionEvent): void {
    const hosted = this.byCell.get(event.address)
    if (hosted === undefined || hosted.cell.status === STOPPED) return
    const { router } = this.init
    try {
      router.control(hosted.peer.index, { type: 'supervision', event })
    } catch {
      const error = 'error' in event ? new Error(describeError(event.error)) : undefined
      router.control(hosted.peer.index, { type: 'supervision', event: { ...event, error } })
    }
  }
}

function keyOf({ home, number }: { readonly home: number; readonly number: number }): string {
  return `${home}:${number}`
}

/** As `spawn` fails where that is known at once. */
function startError({ id, agent }: PlaceCommand, error: unknown): CodedError {
  if (CodedError.is(error)) return error
  const message = `Actor ${id} of agent ${agent} could not be started: ${describeError(error)}`
  return new CodedError('ACTOR_START_FAILED', { message, cause: error, details: { id, agent } })
}

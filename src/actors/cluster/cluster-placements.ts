import type { Subscription } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import { chooseNode, type NodeView } from '../../core/cluster/choose-node.ts'
import { createPlacedActor, stepPlacement, type PlacedActor } from '../../core/cluster/placement.ts'
import type { RestartIntensityLimit } from '../../core/supervision/restart-intensity.ts'
import type { ActorRef, Terminated } from '../actor-ref.ts'
import type { AgentDefinition, ClusterPlacement, SpawnOptions } from '../agent-definition.ts'
import { formatAddress } from '../system/address.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { RemoteRef } from '../threads/remote-ref.ts'
import type { ClusterPeer } from './cluster-peer.ts'
import type { PlaceReport } from './cluster-protocol.ts'
import type { ClusterRouter } from './cluster-router.ts'

export type ClusterPlacementsInit = {
  readonly system: ActorSystem
  readonly router: ClusterRouter
  readonly peers: readonly ClusterPeer[]
  readonly intensity: RestartIntensityLimit
}

/** An actor that this node has placed, or is about to. */
type Placement = {
  readonly ref: RemoteRef
  readonly definition: AgentDefinition
  readonly input: unknown
  readonly wish: ClusterPlacement
  state: PlacedActor
  snapshot: unknown
  keeper: Subscription | undefined
}

/** The actors whose home this node is and that live on others: where each is, and what follows when its node is lost. */
export class ClusterPlacements {
  private readonly init: ClusterPlacementsInit
  private readonly byId = new Map<string, Placement>()
  private readonly byNumber = new Map<number, Placement>()
  private readonly loads = new Map<string, number>()
  private epoch = 0
  /** An earlier process of this node may have placed actors that still act; see `Peering.clearAtMs`. */
  private isNew = true

  constructor(init: ClusterPlacementsInit) {
    this.init = init
  }

  find(id: string): ActorRef | undefined {
    return this.byId.get(id)?.ref
  }

  /** @throws `ACTOR_NODE_UNKNOWN`, `ACTOR_ID_TAKEN`, `ACTOR_EVENT_NOT_CLONEABLE` for the input. */
  spawn(definition: AgentDefinition, options: SpawnOptions, check: (input: unknown) => void): ActorRef {
    const { system, router, peers } = this.init
    const { placement: wish = {}, input } = options
    if (wish.node !== undefined && !peers.some(({ name }) => name === wish.node)) {
      const message = `There is no node ${wish.node} in this cluster`
      throw new CodedError('ACTOR_NODE_UNKNOWN', { message, details: { node: wish.node } })
    }
    check(input)
    // Throws when the system was stopped.
    system.rootCell()
    const number = system.bookNumber()
    const id = options.id ?? `cluster.${number}`
    const address = formatAddress({ node: system.nodeName, worker: 0, path: id, incarnation: number })
    const ref = new RemoteRef({ router, home: 0, number, thread: 0, id, address })
    const { kind } = definition.restart
    const state = createPlacedActor(kind, this.init.intensity)
    const placement: Placement = { ref, definition, input, wish, state, snapshot: undefined, keeper: undefined }
    this.byId.set(id, placement)
    this.byNumber.set(number, placement)
    router.references.addPlaced(ref)
    router.waiting.holdActor(number)
    if (wish.resumeFrom === 'snapshot') {
      const keep = (snapshot: unknown): void => void (placement.snapshot = snapshot)
      placement.keeper = ref.subscribe({ next: keep, error: () => {} })
    }
    this.place(placement)
    return ref
  }

  /** Looks for places for all that wait: nodes have come, or time has passed. */
  placeWaiting(): void {
    for (const placement of this.byNumber.values()) if (placement.state.phase === 'waiting') this.place(placement)
  }

  /** A session has ended: what was placed under it is placed anew, or ends. */
  lose(peer: ClusterPeer, session: string, error: CodedError): void {
    const atMs = this.init.system.environment.clock.monotonicMs()
    for (const placement of this.byNumber.values()) {
      if (placement.state.session !== session) continue
      const { state, effects } = stepPlacement(placement.state, { type: 'session-ended', session, atMs })
      placement.state = state
      this.count(peer.name, -1)
      for (const effect of effects) {
        if (effect.type === 'hold') this.init.router.hold(placement.ref, error)
        else if (effect.type === 'end') this.endLost(placement, effect.isTooOften, error)
      }
    }
  }

  hear(peer: ClusterPeer, report: PlaceReport): void {
    const { system } = this.init
    if (report.type === 'supervision') {
      system.report(report.event)
      return
    }
    const placement = this.byNumber.get(report.number)
    if (placement === undefined || placement.state.session !== peer.session) return
    const { state, effects } = stepPlacement(placement.state, { type: 'ended', epoch: report.epoch })
    if (effects.length > 0) return
    placement.state = state
    this.count(peer.name, -1)
    const { id, address, isHeard } = placement.ref
    const terminated: Terminated = { ...report.terminated, id, address }
    const { reason, error } = terminated
    if (reason === 'failed' && !report.hasStarted) system.report({ type: 'actor-failed', id, address, error })
    this.end(placement, terminated)
    if (reason === 'failed' && !isHeard) system.report({ type: 'actor-lost', id, address, error })
  }

  /** Of one that has no node: it can end here. */
  stopWaiting(ref: RemoteRef): boolean {
    const placement = this.byNumber.get(ref.number)
    if (placement?.ref !== ref || placement.state.phase !== 'waiting') return false
    const { id, address } = ref
    this.end(placement, { type: 'kernell.terminated', id, address, reason: 'stopped' })
    return true
  }

  /** This node goes, and what it placed ends with it. */
  endAll(): void {
    for (const placement of this.byNumber.values()) {
      const { id, address } = placement.ref
      this.end(placement, { type: 'kernell.terminated', id, address, reason: 'stopped' })
    }
  }

  private place(placement: Placement): void {
    const { peers, router, system } = this.init
    const { ref, wish, definition, input, snapshot } = placement
    if (this.isNew && !peers.every((peer) => peer.isClear)) return
    const last = peers.find(({ name }) => name === placement.state.node)
    const name = chooseNode(this.views(), { key: `${system.nodeName}/${ref.id}`, node: wish.node, labels: wish.labels })
    const peer = peers.find((each) => each.name === name)
    if (peer?.session === undefined) return
    this.epoch += 1
    const { state, effects } = stepPlacement(placement.state, {
      type: 'chosen',
      node: peer.name,
      session: peer.session,
      epoch: this.epoch,
      isClear: last === undefined || last.isClear,
    })
    if (effects[0]?.type !== 'place') return
    const isAgain = placement.state.epoch > 0
    placement.state = state
    this.isNew = false
    this.count(peer.name, 1)
    const { id, address, number } = ref
    const { name: agent, version } = definition
    const { epoch } = this
    router.control(peer.index, { type: 'place', number, epoch, id, address, agent, version, input, snapshot })
    if (isAgain) system.report({ type: 'actor-restarted', id, address, error: nodeLostError(last?.name ?? '') })
    router.release(ref, peer.index)
  }

  private views(): readonly NodeView[] {
    return this.init.peers.flatMap((peer) => {
      const { name, facts, health, mayPlace } = peer
      if (!mayPlace) return []
      // What was sent there since it told its load is not in it.
      const load = Math.max(facts.load, this.loads.get(name) ?? 0)
      return [{ name, labels: facts.labels, capacity: facts.capacity, load, health }]
    })
  }

  private count(name: string, by: number): void {
    this.loads.set(name, (this.loads.get(name) ?? 0) + by)
  }

  private endLost(placement: Placement, isTooOften: boolean, error: CodedError): void {
    const { system } = this.init
    const { id, address, isHeard } = placement.ref
    if (isTooOften) system.report({ type: 'restart-intensity-exceeded', id, address, error })
    this.init.router.requests.interrupt(placement.ref, error)
    this.end(placement, { type: 'kernell.terminated', id, address, reason: 'killed', error })
    if (!isHeard) system.report({ type: 'actor-lost', id, address, error })
  }

  private end(placement: Placement, terminated: Terminated): void {
    const { router } = this.init
    const { ref } = placement
    placement.state = stepPlacement(placement.state, { type: 'given-up' }).state
    this.byId.delete(ref.id)
    this.byNumber.delete(ref.number)
    placement.keeper?.unsubscribe()
    router.references.removePlaced(ref, terminated)
    router.ended(ref, terminated)
    router.giveUp(ref, ref.stoppedError(terminated.error))
  }
}

/** @param name  Of the node that was lost. */
export function nodeLostError(name: string, cause?: unknown): CodedError {
  return new CodedError('ACTOR_NODE_LOST', { message: `Node ${name} was lost`, details: { node: name }, cause })
}

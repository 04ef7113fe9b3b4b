import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import { hexOfBytes } from '../../base/hex.ts'
import { clusterTiming, type ClusterTiming } from '../../core/cluster/cluster-timing.ts'
import type { PeeringEffect } from '../../core/cluster/peering.ts'
import type { ActorRef } from '../actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import type { Behaviour, Cell } from '../cell/cell.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import type { SystemExtension } from '../system/system-extension.ts'
import { CAPACITY_DEFAULT, checkInit, INTENSITY_DEFAULT } from './cluster-extension-init.ts'
import type { ClusterExtensionInit, ClusterMember } from './cluster-extension-init.ts'
import { ClusterHosted } from './cluster-hosted.ts'
import { ClusterLink } from './cluster-link.ts'
import { CLUSTER_PROTOCOL, questionBytes, readQuestion, type Batch, type NodeFacts } from './cluster-message.ts'
import { ClusterPeer } from './cluster-peer.ts'
import { ClusterPlacements, nodeLostError } from './cluster-placements.ts'
import { wireHome } from './cluster-protocol.ts'
import { ClusterRouter } from './cluster-router.ts'
import { ClusterSecret } from './cluster-secret.ts'

const ID = /^(?!\$)[^\s/#]{1,256}$/
const RUN_BYTES = 16
const DRAIN_LOOK_MS = 5

/**
 * What a cluster of one owner's machines adds to an actor system: actors that are placed on another machine look the same from everywhere. Read
 * `core/cluster/peering.ts` first: it says when a node may act for another one.
 *
 * ```text
 * peer        handshake and heartbeats with one node; the session's life
 * link        what goes there under one session, in order and at most once
 * references  actors and reply targets as other nodes know them
 * router      events, requests and notices between them
 * placements  actors of this node that live on others
 * hosted      actors of others that live here
 * ```
 */
export class ClusterExtension implements SystemExtension {
  readonly ready: Promise<void>
  private readonly init: ClusterExtensionInit
  private readonly timing: ClusterTiming
  private readonly agents: ReadonlyMap<string, AgentDefinition>
  private readonly secret: ClusterSecret
  private readonly run: string
  private readonly up = Promise.withResolvers<void>()
  private readonly links = new Map<number, ClusterLink>()
  private parts: Parts | undefined
  private timer: { cancel(): void } | undefined
  private isStopped = false

  /** @throws RangeError or TypeError for a member that is wrong; `ACTOR_CLUSTER_SECRET_INVALID`. */
  constructor(init: ClusterExtensionInit) {
    checkInit(init)
    this.init = init
    this.timing = clusterTiming(init.heartbeatMs)
    this.secret = new ClusterSecret(init.secret)
    this.agents = new Map((init.agents ?? []).map((agent) => [agent.name, agent]))
    this.run = hexOfBytes(init.environment.random.bytes(RUN_BYTES))
    this.ready = this.up.promise
    this.ready.catch(() => {})
  }

  /** Once, right after the system is made: starts the transport and looks for the other nodes. */
  attach(system: ActorSystem): void {
    assert(this.parts === undefined, 'an extension belongs to one system')
    const { transport, peers: addresses, name, environment, intensity = INTENSITY_DEFAULT } = this.init
    const peers = addresses.map(
      (peer, at) =>
        new ClusterPeer({
          ...peer,
          index: at + 1,
          transport,
          environment,
          secret: this.secret,
          timing: this.timing,
          run: this.run,
          facts: () => this.facts(),
          onEffect: (from, effect) => this.apply(from, effect),
          onBatch: (from, batch) => this.takeBatch(from, batch),
        }),
    )
    const router: ClusterRouter = new ClusterRouter({
      system,
      self: { name, run: this.run },
      peerOf: (node) => peers.find((peer) => peer.name === node.name && peer.run === node.run)?.index,
      nodeOf: (index) => {
        const peer = peers[index - 1]
        return peer?.run === undefined ? undefined : { name: peer.name, run: peer.run }
      },
      linkTo: (index) => this.links.get(index),
      peers: () => [...this.links.keys()],
      onPlace: (index, message) => {
        const peer = peers[index - 1]
        if (peer === undefined) return
        if (message.type === 'place') hosted.place(peer, message)
        else placements.hear(peer, message)
      },
      onStopWaiting: (ref) => placements.stopWaiting(ref),
    })
    const placements = new ClusterPlacements({ system, router, peers, intensity })
    const hosted = new ClusterHosted({ system, router, agents: this.agents })
    this.parts = { system, peers, router, placements, hosted }
    this.open().then(
      () => this.up.resolve(),
      (error: unknown) => this.failToOpen(error),
    )
  }

  /** The other nodes as they seem now. */
  get members(): readonly ClusterMember[] {
    return this.attached.peers.map(({ name, did, facts, health, peering: { phase } }) => ({
      name,
      did,
      phase,
      health,
      ...facts,
    }))
  }

  // What the system uses.

  place(definition: AgentDefinition, options: SpawnOptions): ActorRef | undefined {
    const { id, placement, supervisor } = options
    const { placements, system } = this.attached
    if (id !== undefined && placements.find(id) !== undefined) throw idTakenError(id)
    if (placement?.node === this.init.name) throw new RangeError('placement.node is another node than this one')
    if (placement?.node === undefined && placement?.cluster !== true) return undefined
    if (supervisor !== undefined)
      throw new TypeError(
        'An actor on another node is supervised by that node and by the cluster; leave supervisor out',
      )
    if (definition.durable !== undefined)
      throw new TypeError('A durable actor lives where its data directory is, and cannot be placed on another node')
    if (id !== undefined && !ID.test(id))
      throw new RangeError(`An actor's id has 1 to 256 characters, none of them space, / or #, the first not $: ${id}`)
    if (id !== undefined && system.get(id) !== undefined) throw idTakenError(id)
    return placements.spawn(definition, options, (input) => this.measure(input))
  }

  find(id: string): ActorRef | undefined {
    return this.attached.placements.find(id)
  }

  wrap(_definition: AgentDefinition, behaviour: Behaviour, parent: Cell): Behaviour {
    return this.parts === undefined ? behaviour : this.parts.hosted.wrap(behaviour, parent)
  }

  async stop(drainLeftMs: number): Promise<void> {
    if (this.parts === undefined || this.isStopped) return
    this.isStopped = true
    this.timer?.cancel()
    const { peers, placements, hosted } = this.parts
    await this.drain(drainLeftMs)
    for (const peer of peers) hosted.endAll(peer)
    await Promise.all(peers.map(async (peer) => await peer.leave()))
    placements.endAll()
    this.up.reject(new CodedError('ACTOR_SYSTEM_STOPPED', { message: 'The actor system was stopped' }))
    await this.init.transport.stop()
  }

  private get attached(): Parts {
    assert(this.parts !== undefined, 'the extension is attached to its system')
    return this.parts
  }

  private async open(): Promise<void> {
    const { transport, peers } = this.init
    const { peers: all } = this.attached
    const byDid = new Map(all.map((peer) => [peer.did, peer]))
    // Before it starts: the others may ask at once.
    transport.handle(CLUSTER_PROTOCOL, async ({ from, body }) => {
      // A stranger learns no more than that it is one.
      const answer = byDid.get(from)?.answer(readQuestion(body)) ?? ({ t: 'refused' } as const)
      return await Promise.resolve(questionBytes(answer))
    })
    for (const { did, address } of peers) transport.addPeer(did, address)
    await transport.start()
    if (!this.isStopped) this.beat()
  }

  /** A node that only hosts has nobody who would notice, unless somebody waits for `ready`. */
  private failToOpen(error: unknown): void {
    this.up.reject(error)
    if (this.isStopped) return
    const { reportError } = this.init.environment
    if (!this.attached.system.isReadyAwaited) reportError(error)
    // Of several addresses some may be open.
    this.init.transport.stop().catch(reportError)
  }

  /** Twice per heartbeat: what is over is seen soon after. */
  private beat(isWhole = true): void {
    if (this.isStopped) return
    const { peers, placements } = this.attached
    for (const peer of peers) {
      if (isWhole) peer.beat()
      else peer.look()
    }
    placements.placeWaiting()
    this.timer = this.init.environment.timers.schedule(this.timing.heartbeatMs / 2, () => this.beat(!isWhole))
  }

  private facts(): NodeFacts {
    const { labels = [], capacity = CAPACITY_DEFAULT } = this.init
    return { labels, capacity, load: this.attached.hosted.count }
  }

  private takeBatch(peer: ClusterPeer, { session, first, records }: Batch): number {
    const link = this.links.get(peer.index)
    assert(link?.session === session, 'a session has its link')
    try {
      return link.receive(first, records)
    } catch (error: unknown) {
      // What cannot be read from one who knows the secret is a fault of a program: nothing that follows can be trusted.
      this.init.environment.reportError(error)
      peer.drop()
      throw error
    }
  }

  private apply(peer: ClusterPeer, effect: PeeringEffect): void {
    const { placements, hosted } = this.attached
    switch (effect.type) {
      case 'begin-session':
        hosted.begin(peer, effect.session)
        this.links.set(peer.index, this.createLink(peer, effect.session))
        this.attached.router.epoch += 1
        break
      case 'end-session':
        this.endSession(peer, effect.session)
        break
      case 'phase-changed':
        if (effect.phase === 'up' && !this.isStopped) placements.placeWaiting()
        break
      case 'event-refused':
        break
    }
  }

  private endSession(peer: ClusterPeer, session: string): void {
    const { placements, hosted, router } = this.attached
    const left = this.links.get(peer.index)?.close() ?? []
    this.links.delete(peer.index)
    // First of all: nothing of the other node acts here any more.
    hosted.endAll(peer)
    const error = nodeLostError(peer.name)
    if (!this.isStopped) placements.lose(peer, session, error)
    router.lose(peer.index, left, error)
  }

  private createLink(peer: ClusterPeer, session: string): ClusterLink {
    const { router, system } = this.attached
    const { timers } = this.init.environment
    const { heartbeatMs } = this.timing
    return new ClusterLink({
      session,
      references: router.references,
      send: async (first, records) => await peer.sendBatch({ session, first, records }),
      pause: async () => await new Promise((resolve) => void timers.schedule(heartbeatMs / 4, resolve)),
      homeOf: (home) => wireHome({ home }, peer.index),
      receiver: {
        receive: (home, number, event) => router.receive(peer.index, home, { number, event }),
        receiveControl: (message) => router.receiveControl(peer.index, message),
      },
      onOverload: () => system.environment.soon(() => peer.drop()),
    })
  }

  /** @throws As a link would for a value that it cannot carry. */
  private measure(value: unknown): void {
    const { router } = this.attached
    const nowhere = new ClusterLink({
      session: '',
      references: router.references,
      send: async () => await Promise.reject(new Error('nowhere')),
      pause: async () => await Promise.resolve(),
      homeOf: () => 0,
      receiver: { receive: () => {}, receiveControl: () => {} },
      onOverload: () => {},
    })
    nowhere.check({ input: value })
  }

  private async drain(leftMs: number): Promise<void> {
    const { timers, clock } = this.init.environment
    const untilMs = clock.monotonicMs() + leftMs
    while ([...this.links.values()].some(({ isEmpty }) => !isEmpty) && clock.monotonicMs() < untilMs)
      await new Promise<void>((resolve) => void timers.schedule(Math.min(leftMs, DRAIN_LOOK_MS), resolve))
  }
}

type Parts = {
  readonly system: ActorSystem
  readonly peers: readonly ClusterPeer[]
  readonly router: ClusterRouter
  readonly placements: ClusterPlacements
  readonly hosted: ClusterHosted
}

function idTakenError(id: string): CodedError {
  return new CodedError('ACTOR_ID_TAKEN', { message: `There is an actor ${id} already`, details: { id } })
}

/** Nodes of a cluster in a simulated world: virtual time, a network with faults, and nothing else that is not the product's own. */
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import { ClusterExtension } from '../../../src/actors/cluster/cluster-extension.ts'
import type { ClusterExtensionInit } from '../../../src/actors/cluster/cluster-extension-init.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.ts'
import { createWorld, type World } from '../../../src/simulation/world/world.ts'
import type { ClockSkew, WorldProcess } from '../../../src/simulation/world/world-process.ts'
import { identityOf } from '../../network/identities.ts'
import { StopSwitch } from './stop-switch.ts'

export const SECRET = 'correct horse battery staple, thirty-two bytes'
export const HEARTBEAT_MS = 100

export type ClusterNode = {
  readonly name: string
  readonly did: ReturnType<typeof identityOf>['did']
  readonly system: ActorSystem
  readonly cluster: ClusterExtension
  readonly owner: WorldProcess
  readonly errors: unknown[]
  /** Stops the process and lets it go on, as SIGSTOP and SIGCONT do. */
  readonly stopSwitch: StopSwitch
}

export type NodeInit = Partial<Omit<ClusterExtensionInit, 'name' | 'transport' | 'peers' | 'environment'>> & {
  readonly skew?: ClockSkew
  readonly peers?: readonly string[]
}

export class ClusterWorld {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly names: readonly string[]
  readonly agents: readonly AgentDefinition[]

  constructor(names: readonly string[], agents: readonly AgentDefinition[], seed = 1) {
    this.world = createWorld({ seed, hasTraps: false })
    this.network = new SimulatedNetwork(this.world)
    this.names = names
    this.agents = agents
  }

  didOf(name: string): ClusterNode['did'] {
    return identityOf(this.names.indexOf(name) + 1).did
  }

  /** Starts a process of this name; one that runs already is another machine's of the same key. */
  start(name: string, { skew, peers, ...init }: NodeInit = {}): ClusterNode {
    const { world, network, names } = this
    const owner = world.createProcess(name, skew)
    const errors: unknown[] = []
    const stopSwitch = new StopSwitch()
    const reportError = (error: unknown): void => void errors.push(error)
    const environment = { ...stopSwitch.environment(owner.environment()), reportError }
    const did = this.didOf(name)
    const transport = stopSwitch.transport(network.createTransport(owner, { did, name }))
    const others = (peers ?? names).filter((each) => each !== name)
    const cluster = new ClusterExtension({
      name,
      secret: SECRET,
      transport,
      peers: others.map((each) => ({ name: each, did: this.didOf(each), address: `/sim/${each}` })),
      agents: this.agents,
      heartbeatMs: HEARTBEAT_MS,
      environment,
      ...init,
    })
    const system = new ActorSystem({
      environment,
      isInline: false,
      nodeName: name,
      extension: cluster,
      logger: () => {},
    })
    cluster.attach(system)
    return { name, did, system, cluster, owner, errors, stopSwitch }
  }

  /** Lets virtual time pass. */
  async pass(ms: number): Promise<void> {
    await this.world.run({ untilMs: this.world.nowMs() + ms })
  }

  /** Lets time pass until something is so, at most a virtual minute. */
  async until(isSo: () => boolean): Promise<void> {
    for (let step = 0; step < 6_000; step += 1) {
      if (isSo()) return
      await this.pass(10)
    }
    throw new Error('It did not happen within a minute')
  }

  /** Lets time pass until a promise is settled. */
  async settled<Result>(promise: Promise<Result>): Promise<Result> {
    let isDone = false
    promise.then(
      () => (isDone = true),
      () => (isDone = true),
    )
    await this.until(() => isDone)
    return await promise
  }

  /** Lets time pass until all these nodes see each other. */
  async joined(...nodes: readonly ClusterNode[]): Promise<void> {
    const names = nodes.map(({ name }) => name)
    await this.until(() =>
      nodes.every(({ cluster, name }) =>
        cluster.members.every((each) => each.name === name || !names.includes(each.name) || each.phase === 'up'),
      ),
    )
  }

  cutOff(name: string): void {
    for (const other of this.names) {
      this.network.cut(this.didOf(name), this.didOf(other))
      this.network.cut(this.didOf(other), this.didOf(name))
    }
  }

  reconnect(name: string): void {
    for (const other of this.names) {
      this.network.heal(this.didOf(name), this.didOf(other))
      this.network.heal(this.didOf(other), this.didOf(name))
    }
  }
}

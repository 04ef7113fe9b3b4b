import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterExtension } from '../../../src/actors/cluster/cluster-extension.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../../src/actors/system/system-environment.ts'
import { MemoryNetwork } from '../../../src/network/memory/memory-transport.ts'
import { createLibp2pTransport } from '../../../src/network/libp2p/create-libp2p-transport.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { componentsOf, identityOf } from '../../network/identities.ts'
import { libp2pComponentsOf } from '../../network/libp2p-nodes.ts'
import { SECRET } from '../cluster/cluster-world.ts'
import * as agents from '../threads/thread-agents.ts'
import { createThreadSystem } from '../threads/thread-system.ts'
import { ACTOR_REF_CASES, type ActorRefSubject } from './actor-ref-cases.ts'

type Opened = { readonly subject: ActorRefSubject; readonly errors: unknown[]; readonly close: () => Promise<void> }

function openLocal(): Opened {
  const errors: unknown[] = []
  const environment = { ...createSystemEnvironment(), reportError: (error: unknown) => void errors.push(error) }
  const system = new ActorSystem({ environment, isInline: false, logger: () => {} })
  const spawn: ActorRefSubject['spawn'] = (agent, input) => system.spawn(agent, { input })
  return { subject: { system, spawn }, errors, close: async () => await system.stop() }
}

function openThread(): Opened {
  const { system, errors } = createThreadSystem({ threads: 1 })
  const spawn: ActorRefSubject['spawn'] = (agent, input) => system.spawn(agent, { input, placement: { worker: 1 } })
  return { subject: { system, spawn }, errors, close: async () => await system.stop() }
}

type Wires = { readonly create: (number: number) => Transport; readonly nowhere: string }

function memoryWires(): Wires {
  const network = new MemoryNetwork()
  const create = (number: number): Transport => network.createTransport(componentsOf(number), `node-${number}`)
  return { create, nowhere: '/memory/nowhere' }
}

function libp2pWires(): Wires {
  const listen = ['/ip4/127.0.0.1/tcp/0']
  const create = (number: number): Transport => createLibp2pTransport(libp2pComponentsOf(number), { listen })
  return { create, nowhere: '/ip4/127.0.0.1/tcp/1' }
}

async function openCluster({ create, nowhere }: Wires): Promise<Opened> {
  const errors: unknown[] = []
  const environment = { ...createSystemEnvironment(), reportError: (error: unknown) => void errors.push(error) }
  const start = (
    number: number,
    address: string,
  ): { system: ActorSystem; cluster: ClusterExtension; at: Transport } => {
    const other = 3 - number
    const transport = create(number)
    const cluster = new ClusterExtension({
      name: `node-${number}`,
      secret: SECRET,
      transport,
      environment,
      peers: [{ name: `node-${other}`, did: identityOf(other).did, address }],
      agents: Object.values(agents),
    })
    const nodeName = `node-${number}`
    const system = new ActorSystem({ environment, isInline: false, nodeName, extension: cluster, logger: () => {} })
    cluster.attach(system)
    return { system, cluster, at: transport }
  }
  // Whoever asks for the session comes last, and finds the other one, which need not know where it is.
  const [first, last] = identityOf(1).did < identityOf(2).did ? [2, 1] : [1, 2]
  const host = start(first, nowhere)
  await host.system.ready
  const { system, cluster } = start(last, host.at.addresses[0] ?? '')
  while (cluster.members[0]?.phase !== 'up') await new Promise<void>((resolve) => void setImmediate(resolve))
  const spawn: ActorRefSubject['spawn'] = (agent, input) =>
    system.spawn(agent, { input, placement: { node: `node-${first}` } })
  const close = async (): Promise<void> => {
    await system.stop()
    await host.system.stop()
  }
  return { subject: { system, spawn }, errors, close }
}

test('the suite has as many cases as promised', () => {
  expect(ACTOR_REF_CASES.length).toBe(15)
})

describe.each([
  ['this thread', openLocal],
  ['another thread', openThread],
  ['another machine, in memory', async () => await openCluster(memoryWires())],
  ['another machine, over libp2p', async () => await openCluster(libp2pWires())],
] as const)('ActorRef: %s', (_name, open) => {
  let opened: Opened
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(async () => {
    await opened.close()
    expect(opened.errors).toEqual([])
  })

  test.each(ACTOR_REF_CASES.map((item) => [item.name, item] as const))('%s', async (_case, item) => {
    await item.run(opened.subject)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterExtension } from '../../../src/actors/cluster/cluster-extension.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../../src/actors/system/system-environment.ts'
import { MemoryNetwork } from '../../../src/network/memory/memory-transport.ts'
import { componentsOf } from '../../network/identities.ts'
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

async function openCluster(): Promise<Opened> {
  const network = new MemoryNetwork()
  const errors: unknown[] = []
  const start = (number: number): { system: ActorSystem; cluster: ClusterExtension } => {
    const other = 3 - number
    const transport = network.createTransport(componentsOf(number), `node-${number}`)
    const environment = { ...createSystemEnvironment(), reportError: (error: unknown) => void errors.push(error) }
    const { did } = componentsOf(other).identity
    const cluster = new ClusterExtension({
      name: `node-${number}`,
      secret: SECRET,
      transport,
      environment,
      peers: [{ name: `node-${other}`, did, address: `/memory/node-${other}` }],
      agents: Object.values(agents),
    })
    const nodeName = `node-${number}`
    const system = new ActorSystem({ environment, isInline: false, nodeName, extension: cluster, logger: () => {} })
    cluster.attach(system)
    return { system, cluster }
  }
  // Whoever asks for the session comes last, and finds the other one.
  const [first, last] = componentsOf(1).identity.did < componentsOf(2).identity.did ? [2, 1] : [1, 2]
  const host = start(first)
  await host.system.ready
  const { system, cluster } = start(last)
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
  ['another machine', openCluster],
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

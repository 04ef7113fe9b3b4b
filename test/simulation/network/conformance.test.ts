import { describe, expect, test } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.ts'
import { createWorld, type World } from '../../../src/simulation/world/world.ts'
import { TRANSPORT_CASES } from '../../../src/testing/conformance/transport-cases.ts'
import { identityOf } from '../../network/identities.ts'
import { during } from '../during.ts'

function pair(world: World, dids: readonly [Did, Did]) {
  const network = new SimulatedNetwork(world)
  const [near, far] = dids.map((did, index) => {
    const name = index === 0 ? 'near' : 'far'
    return network.createTransport(world.createProcess(name), { did, name })
  })
  if (near === undefined || far === undefined) throw new TypeError('unreachable')
  return { network, near, far }
}

describe('Transport: createTransport of a simulated network', () => {
  test.each(TRANSPORT_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    // What the cases themselves wait for is of the real world.
    const world = createWorld({ seed: 1, hasTraps: false })
    const { near, far } = pair(world, [identityOf(1).did, identityOf(2).did])
    await Promise.all([near.start(), far.start()])
    near.addPeer(far.did, far.addresses[0] ?? '')
    far.addPeer(near.did, near.addresses[0] ?? '')
    await during(world, item.run({ near, far, stranger: identityOf(3).did }))
    expect(world.failures).toEqual([])
  })
})

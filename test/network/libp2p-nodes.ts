import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { createSystemTimers } from '../../src/node/system-timers.ts'
import { createLibp2pTransport, type Libp2pNodeInit } from '../../src/network/libp2p/create-libp2p-transport.ts'
import type { Libp2pComponents } from '../../src/network/libp2p/libp2p-init.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { identityOf } from './identities.ts'

/** What a libp2p node of the tests is made of; its key is that of `number`. */
export function libp2pComponentsOf(number: number): Libp2pComponents {
  return {
    identity: identityOf(number),
    clock: createSystemClock(),
    random: createSystemRandom(),
    timers: createSystemTimers(),
  }
}

/** A node that was not started. Noise, which dials in a third of the time, unless the test is about something else. */
export function createTestNode(number: number, init: Libp2pNodeInit = {}): Libp2pTransport {
  return createLibp2pTransport(libp2pComponentsOf(number), { encryption: ['noise'], ...init })
}

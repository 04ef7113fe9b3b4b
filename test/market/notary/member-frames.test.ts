import { afterEach, describe, expect, test } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { MemberFrames, NOTARY_SET_PROTOCOL } from '../../../src/market/notary/set/member-frames.ts'
import { MemoryNetwork } from '../../../src/network/memory/memory-transport.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import type { NotaryFrame } from '../../../src/wire/v1/notary-messages.ts'
import { setOfParties } from './settlement-builder.ts'

const { set, members } = setOfParties(1)
const verifier = createNodeVerifier()
const opened: Transport[] = []
afterEach(async () => {
  for (const transport of opened.splice(0)) await transport.stop()
})

async function seat(
  network: MemoryNetwork,
  me: number,
): Promise<{ frames: MemberFrames; heard: NotaryFrame[]; transport: Transport }> {
  const party = members[me]
  if (party === undefined) throw new TypeError('no member')
  const identity = {
    did: party.did,
    sign: party.sign,
    verify: (peer: Did, bytes: Uint8Array, signature: Uint8Array): boolean => {
      const publicKey = publicKeyOfDid(peer)
      return publicKey !== undefined && verifier.verify({ publicKey, bytes, signature })
    },
  }
  const components = { identity, clock: createSystemClock(), random: createSystemRandom() }
  const transport = network.createTransport(components, `notary-${me}`)
  await transport.start()
  opened.push(transport)
  const heard: NotaryFrame[] = []
  const frames = new MemberFrames({
    transport,
    set,
    me,
    timeoutMs: 5_000,
    onFrame: (_, frame) => void heard.push(frame),
  })
  return { frames, heard, transport }
}

/** Letters of three bytes each: a frame within its limit of characters, and far beyond what one question takes. */
const LARGE: NotaryFrame = {
  type: 'notary-bodies',
  set: set.id,
  bodies: Array.from({ length: 12 }, () => '\u20ac'.repeat(32_768)),
}

describe('frames between members', () => {
  test('arrive whole when they are larger than a question', async () => {
    const network = new MemoryNetwork()
    const [one, other] = [await seat(network, 0), await seat(network, 1)]
    one.frames.send(1, LARGE)
    one.frames.send(1, { type: 'notary-ask', set: set.id, slot: 3 })
    await expect.poll(() => other.heard.length).toBe(2)
    expect(other.heard).toContainEqual(LARGE)
    one.frames.send(1, LARGE)
    await expect.poll(() => other.heard.length).toBe(3)
  })

  test('arrive as they were sent, whether they go to several or follow each other', async () => {
    const network = new MemoryNetwork()
    const [one, ...others] = [await seat(network, 0), await seat(network, 1), await seat(network, 2)]
    const [first, second] = [3, 4].map((slot): NotaryFrame => ({ type: 'notary-ask', set: set.id, slot }))
    if (one === undefined || first === undefined || second === undefined) throw new TypeError('no frame')
    for (const frame of [first, second, first]) for (const to of [1, 2]) one.frames.send(to, frame)
    for (const { heard } of others) {
      await expect.poll(() => heard.length).toBe(3)
      expect(heard).toEqual([first, second, first])
    }
  })

  test.each([
    { what: 'a part without the ones before', body: 'part 7 1 3\nxx' },
    { what: 'more parts than a frame has', body: 'part 7 0 9\nxx' },
    { what: 'an index behind the count', body: 'part 7 3 3\nxx' },
    { what: 'no number', body: 'part x 0 1\nxx' },
    { what: 'parts that are no frame', body: 'part 7 0 1\n{}' },
  ])('are refused and change nothing: $what', async ({ body }) => {
    const network = new MemoryNetwork()
    const [one, other] = [await seat(network, 0), await seat(network, 1)]
    const question = { protocol: NOTARY_SET_PROTOCOL, body: new TextEncoder().encode(body), timeoutMs: 5_000 }
    await expect(one.transport.request(other.transport.did, question)).rejects.toMatchObject({
      code: 'NOTARY_QUESTION_UNKNOWN',
    })
    expect(other.heard).toEqual([])
  })
})

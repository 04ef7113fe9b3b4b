import { base58btc } from 'multiformats/bases/base58'
import nacl from 'tweetnacl'
import { type Did, parseDid } from '../../src/core/evidence/names.ts'
import type { FramedTransportComponents, TransportIdentity } from '../../src/network/framed/framed-transport.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'

/** The identity of a seed whose 32 bytes are all `number`. */
export function identityOf(number: number): TransportIdentity {
  const pair = nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(number))
  return {
    did: didOf(pair.publicKey),
    sign: (bytes) => nacl.sign.detached(bytes, pair.secretKey),
    verify: (peer, bytes, signature) => nacl.sign.detached.verify(bytes, signature, keyOf(peer)),
  }
}

export function componentsOf(number: number): FramedTransportComponents {
  return { identity: identityOf(number), clock: createSystemClock(), random: createSystemRandom() }
}

function didOf(publicKey: Uint8Array): Did {
  const did = parseDid(`did:key:${base58btc.encode(Uint8Array.from([0xed, 0x01, ...publicKey]))}`)
  if (did === undefined) throw new Error('a key makes a DID')
  return did
}

function keyOf(did: Did): Uint8Array {
  return base58btc.decode(did.slice('did:key:'.length)).slice(2)
}

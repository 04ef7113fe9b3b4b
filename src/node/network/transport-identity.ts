import { bytesOfHex } from '../../base/hex.ts'
import { createNodeSigner, createNodeVerifier } from '../../keys/node-signatures.ts'
import type { TransportIdentity } from '../../network/framed/framed-transport.ts'
import type { Libp2pComponents } from '../../network/libp2p/libp2p-init.ts'
import type { Signer } from '../../ports/signer.ts'
import { didOfPublicKey, publicKeyOfDid } from '../../wire/v1/did-key.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemRandom } from '../system-random.ts'
import { createSystemTimers } from '../system-timers.ts'

/** What a transport proves itself with: the key of a signer. */
export function identityOfSigner(signer: Pick<Signer, 'publicKeyHex' | 'sign'>): TransportIdentity {
  const verifier = createNodeVerifier()
  return {
    did: didOfPublicKey(bytesOfHex(signer.publicKeyHex)),
    sign: (bytes) => signer.sign(bytes),
    verify: (peer, bytes, signature) => {
      const publicKey = publicKeyOfDid(peer)
      return publicKey !== undefined && verifier.verify({ publicKey, bytes, signature })
    },
  }
}

/**
 * What a libp2p transport is made of on this machine: the key of `seed`, the clock, chance and timers of Node. Where addresses survive a restart
 * (`addresses`), who is kept away (`isBanned`) and who is told of failures (`onFailure`) can be added.
 *
 * @param seed  32 secret bytes. The same seed is the same node to others. They are not kept; the caller may overwrite them. Throws `RangeError` for another length.
 */
export function peerComponentsOf(seed: Uint8Array): Libp2pComponents {
  return {
    identity: identityOfSigner(createNodeSigner(seed)),
    clock: createSystemClock(),
    random: createSystemRandom(),
    timers: createSystemTimers(),
  }
}

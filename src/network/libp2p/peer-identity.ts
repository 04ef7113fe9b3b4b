import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, Ed25519PublicKey, PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import type { Did } from '../../core/evidence/names.ts'
import { didOfPublicKey, publicKeyOfDid } from '../../wire/v1/did-key.ts'
import { admitPublicKey } from '../../wire/v1/ed25519-admission.ts'
import type { TransportIdentity } from '../framed/framed-transport.ts'

/** Who this node is to others; its key may be one that is asked, and answers later. */
export type Libp2pIdentity = Omit<TransportIdentity, 'sign'> & {
  readonly sign: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** What libp2p calls the holder of a DID: the same key in another notation. Throws `RangeError` for a text that has the shape of a DID and holds no key. */
export function peerIdOfDid(did: Did): PeerId {
  return peerIdFromPublicKey(publicKeyOf(did))
}

/** Who a peer is; `undefined` for keys that are not Ed25519, and for those under which anybody can sign. */
export function didOfPeerId(peer: PeerId): Did | undefined {
  const { publicKey } = peer
  if (publicKey?.type !== 'Ed25519' || admitPublicKey(publicKey.raw) !== undefined) return undefined
  return didOfPublicKey(publicKey.raw)
}

/** The node's key as libp2p uses it: to sign, and for nothing else. The secret stays where it is. */
export function privateKeyOf({ did, sign }: Pick<Libp2pIdentity, 'did' | 'sign'>): Ed25519PrivateKey {
  const publicKey = publicKeyOf(did)
  return {
    type: 'Ed25519',
    publicKey,
    get raw(): Uint8Array {
      throw new TypeError('The secret of a node key is not given out')
    },
    equals: (other: unknown) => isKeyOf(other, publicKey),
    sign: (data) => sign(data instanceof Uint8Array ? data : data.subarray()),
  }
}

function isKeyOf(other: unknown, publicKey: Ed25519PublicKey): boolean {
  return typeof other === 'object' && other !== null && 'publicKey' in other && publicKey.equals(other.publicKey)
}

function publicKeyOf(did: Did): Ed25519PublicKey {
  const raw = publicKeyOfDid(did)
  const key = raw === undefined ? undefined : publicKeyFromRaw(raw)
  if (key?.type !== 'Ed25519') throw new RangeError(`${did} is no DID of a key`)
  return key
}

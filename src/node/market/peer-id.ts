import { base58btc } from 'multiformats/bases/base58'
import type { Did } from '../../core/evidence/names.ts'
import { publicKeyOfDid } from '../../wire/v1/did-key.ts'

/** The protobuf of an Ed25519 public key (libp2p peer ids specification, keys): type 1, then 32 bytes; and the identity multihash of its 36 bytes. */
const PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]

/** What libp2p calls the holder of a key: `12D3KooW...`. `undefined` for what is no Ed25519 key. */
export function peerIdOf(did: Did): string | undefined {
  const publicKey = publicKeyOfDid(did)
  // Without the `z` of multibase.
  return publicKey === undefined ? undefined : base58btc.encode(new Uint8Array([...PREFIX, ...publicKey])).slice(1)
}

import { base58btc } from 'multiformats/bases/base58'
import { type Did, parseDid } from '../../core/evidence/names.ts'
import { didOfPublicKey, publicKeyOfDid } from './did-key.ts'
import { admitPublicKey } from './ed25519-admission.ts'

/** The protobuf of an Ed25519 public key (libp2p peer ids specification, keys): type 1, then 32 bytes; and the identity multihash of its 36 bytes. */
const PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
const KEY_BYTES = 32
/** `12D3KooW`, then 44 digits: the first ones are the same for every Ed25519 key. */
const PEER_ID_PATTERN = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** What libp2p calls the holder of a key: `12D3KooW...`. `undefined` for what is no Ed25519 key. */
export function peerIdOf(did: Did): string | undefined {
  const publicKey = publicKeyOfDid(did)
  // Without the `z` of multibase.
  return publicKey === undefined ? undefined : base58btc.encode(new Uint8Array([...PREFIX, ...publicKey])).slice(1)
}

/**
 * The node that a text names, as `did:key:z6Mk...` or as `12D3KooW...`: the same key in two notations. `undefined` for anything else, and for keys under which
 * anybody can sign.
 */
export function parsePeerName(text: string): Did | undefined {
  const did = parseDid(text) ?? didOfPeerId(text)
  const publicKey = did === undefined ? undefined : publicKeyOfDid(did)
  return publicKey === undefined || admitPublicKey(publicKey) !== undefined ? undefined : did
}

function didOfPeerId(text: string): Did | undefined {
  if (!PEER_ID_PATTERN.test(text)) return undefined
  const bytes = base58btc.decode(`z${text}`)
  if (bytes.byteLength !== PREFIX.length + KEY_BYTES || PREFIX.some((byte, at) => bytes[at] !== byte)) return undefined
  return didOfPublicKey(bytes.slice(PREFIX.length))
}

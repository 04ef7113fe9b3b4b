import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey, Stream } from '@libp2p/interface'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import nacl from 'tweetnacl'
import { FRAMES_PROTOCOL } from '../../src/network/libp2p/peer-dialler.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { encodeFrame, type FrameType } from '../../src/wire/v1/frames.ts'
import { peerIdOf } from '../../src/wire/v1/peer-id.ts'

/** A libp2p node that keeps to no rule of ours. Its key is that of a number, or of another kind. */
export async function createHostilePeer(
  key: number | 'secp256k1' | PrivateKey,
  listen: string[] = [],
): Promise<Libp2p> {
  const privateKey: PrivateKey = typeof key === 'object' ? key : await privateKeyNamed(key)
  return await createLibp2p({
    privateKey,
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  })
}

async function privateKeyNamed(key: number | 'secp256k1'): Promise<PrivateKey> {
  return key === 'secp256k1'
    ? await generateKeyPair('secp256k1')
    : privateKeyFromRaw(nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(key)).secretKey)
}

export function targetOf(transport: Libp2pTransport): Multiaddr {
  return multiaddr(`${transport.addresses[0]}/p2p/${peerIdOf(transport.did)}`)
}

/** A stream of frames to `transport`. */
export async function openFrames(peer: Libp2p, transport: Libp2pTransport): Promise<Stream> {
  return await peer.dialProtocol(targetOf(transport), FRAMES_PROTOCOL, { maxOutboundStreams: 1_000 })
}

/** Resolves when the other side has closed a stream, for whatever reason. */
export async function untilClosed(stream: Stream): Promise<void> {
  if (stream.status !== 'open') return
  await new Promise<void>((resolve) => {
    stream.addEventListener('close', () => resolve())
    stream.addEventListener('remoteCloseWrite', () => resolve())
  })
}

export function frame(type: FrameType, correlation: bigint, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  return encodeFrame({ type, correlation, credit: type === 'answer' ? 1 : 0, body })
}

/** The body of a question. */
export function asked(protocol: string): Uint8Array {
  return Uint8Array.from([protocol.length, ...Buffer.from(protocol)])
}

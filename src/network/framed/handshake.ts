import { CodedError } from '../../base/errors.ts'
import { type Did, parseDid } from '../../core/evidence/names.ts'
import type { FrameType } from '../../wire/v1/frames.ts'

export type HandshakeComponents = {
  readonly own: Did
  /** With the key of `own`. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  /** Whether `signature` is of `bytes` with the key of `peer`; false for keys that nobody may use. */
  readonly verify: (peer: Did, bytes: Uint8Array, signature: Uint8Array) => boolean
  /** 32 bytes that nobody can foresee. */
  readonly nonce: () => Uint8Array
  /** Who has to be there; `undefined` for a connection that came in. */
  readonly expected: Did | undefined
  readonly send: (type: Extract<FrameType, 'hello' | 'proof'>, body: Uint8Array) => void
}

/** How a connection learns who is on the other side. */
export type Introduction = {
  /** Who has proved to hold the key; `undefined` until then. */
  readonly peer: Did | undefined
  readonly isDone: boolean
  /** Throws `NETWORK_PEER_WRONG`. */
  start(): void
  /** Throws `NETWORK_FRAME_INVALID`, `NETWORK_PEER_WRONG`. */
  take(type: FrameType, body: Uint8Array): void
}

/** The channel has proved the other side's key while it was opened: nobody greets. */
export class KnownPeer implements Introduction {
  readonly peer: Did
  readonly isDone = true
  private readonly parties: Pick<HandshakeComponents, 'own' | 'expected'>

  constructor(peer: Did, parties: Pick<HandshakeComponents, 'own' | 'expected'>) {
    this.peer = peer
    this.parties = parties
  }

  start(): void {
    const { own, expected } = this.parties
    if (expected !== undefined && this.peer !== expected)
      throw new CodedError('NETWORK_PEER_WRONG', { message: `${this.peer} answers, not ${expected}` })
    if (this.peer === own) throw new CodedError('NETWORK_PEER_WRONG', { message: 'This node answers itself' })
  }

  take(): void {
    throw invalid('a greeting where both sides are known')
  }
}

const DOMAIN = 'kernell/transport/proof/v1\0'
const NONCE_BYTES = 32
const encoder = new TextEncoder()

/**
 * Each side says who it is with a fresh nonce, then signs both names and both nonces: the signature is worth nothing in another connection. It proves who
 * opened the channel, not that the channel is private: for that a channel brings its own encryption, or is inside one machine.
 */
export class Handshake implements Introduction {
  private readonly components: HandshakeComponents
  private readonly ownNonce: Uint8Array
  private said: { readonly did: Did; readonly nonce: Uint8Array } | undefined
  private proved: Did | undefined

  constructor(components: HandshakeComponents) {
    this.components = components
    this.ownNonce = components.nonce()
  }

  /** Who has proved to hold the key. */
  get peer(): Did | undefined {
    return this.proved
  }

  get isDone(): boolean {
    return this.proved !== undefined
  }

  start(): void {
    const name = encoder.encode(this.components.own)
    const body = new Uint8Array(NONCE_BYTES + name.byteLength)
    body.set(this.ownNonce)
    body.set(name, NONCE_BYTES)
    this.components.send('hello', body)
  }

  /** Throws `NETWORK_FRAME_INVALID`, `NETWORK_PEER_WRONG`. */
  take(type: FrameType, body: Uint8Array): void {
    if (type === 'hello') this.takeHello(body)
    else this.takeProof(body)
  }

  private takeHello(body: Uint8Array): void {
    const { own, expected, sign, send } = this.components
    const did = parseDid(String.fromCharCode(...body.subarray(NONCE_BYTES)))
    if (this.said !== undefined || did === undefined) throw invalid('a greeting without a DID, or a second one')
    if (expected !== undefined && did !== expected)
      throw new CodedError('NETWORK_PEER_WRONG', { message: `${did} answers, not ${expected}` })
    if (did === own) throw new CodedError('NETWORK_PEER_WRONG', { message: 'This node answers itself' })
    const nonce = body.slice(0, NONCE_BYTES)
    this.said = { did, nonce }
    send('proof', sign(proofBytes({ signer: own, other: did, signerNonce: this.ownNonce, otherNonce: nonce })))
  }

  private takeProof(signature: Uint8Array): void {
    const { own, verify } = this.components
    if (this.said === undefined || this.proved !== undefined)
      throw invalid('a proof before the greeting, or a second one')
    const { did, nonce } = this.said
    const bytes = proofBytes({ signer: did, other: own, signerNonce: nonce, otherNonce: this.ownNonce })
    if (!verify(did, bytes, signature))
      throw new CodedError('NETWORK_PEER_WRONG', { message: `Whoever answers does not hold the key of ${did}` })
    this.proved = did
  }
}

type Proof = {
  readonly signer: Did
  readonly other: Did
  readonly signerNonce: Uint8Array
  readonly otherNonce: Uint8Array
}

/** DIDs have one length, so the parts cannot be cut differently. */
function proofBytes({ signer, other, signerNonce, otherNonce }: Proof): Uint8Array {
  const text = encoder.encode(`${DOMAIN}${signer}${other}`)
  const bytes = new Uint8Array(text.byteLength + 2 * NONCE_BYTES)
  bytes.set(text)
  bytes.set(signerNonce, text.byteLength)
  bytes.set(otherNonce, text.byteLength + NONCE_BYTES)
  return bytes
}

function invalid(what: string): CodedError {
  return new CodedError('NETWORK_FRAME_INVALID', { message: `Not a greeting of this protocol: ${what}` })
}

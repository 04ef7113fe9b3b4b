import { createHmac, timingSafeEqual } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'

/** What both sides of a handshake know of it: the same on both, never the same twice. */
export type Handshake = {
  /** DID of the node that asked, and of the one that answered. */
  readonly asker: string
  readonly answerer: string
  readonly askerNonce: string
  readonly answererNonce: string
  /** The processes at both ends. */
  readonly askerRun: string
  readonly answererRun: string
}

/** What is proved: that the asker, or the answerer, knows the secret; and the name of the session. */
export type ProofRole = 'asker' | 'answerer' | 'session'

const SECRET_BYTES_MIN = 32
const DOMAIN = 'kernell-cluster-1'
const encoder = new TextEncoder()

/**
 * The secret that makes a node one of the cluster. Whoever knows it, and holds the key of a configured DID, may start any registered agent on every node.
 * It never leaves this object: neither in messages, nor in errors, nor when the object is printed.
 */
export class ClusterSecret {
  readonly #key: Uint8Array

  /** @throws `ACTOR_CLUSTER_SECRET_INVALID` for one shorter than 32 bytes; white space around it does not count. */
  constructor(text: string) {
    const key = encoder.encode(text.trim())
    if (key.byteLength < SECRET_BYTES_MIN) {
      const message = `The secret of a cluster has at least ${SECRET_BYTES_MIN} bytes, not ${key.byteLength}`
      throw new CodedError('ACTOR_CLUSTER_SECRET_INVALID', { message })
    }
    this.#key = key
  }

  /** 64 hexadecimal digits. A proof of one role is none of the other, so it cannot be sent back to whoever made it. */
  prove(role: ProofRole, handshake: Handshake): string {
    const { asker, answerer, askerNonce, answererNonce, askerRun, answererRun } = handshake
    // As JSON, so that no two handshakes are the same text.
    const text = JSON.stringify([DOMAIN, role, asker, answerer, askerNonce, answererNonce, askerRun, answererRun])
    return createHmac('sha256', this.#key).update(text, 'utf8').digest('hex')
  }

  /** Takes as long for a proof that is nearly right as for any other. */
  isProof(proof: unknown, role: ProofRole, handshake: Handshake): boolean {
    const expected = encoder.encode(this.prove(role, handshake))
    const given = encoder.encode(typeof proof === 'string' ? proof : '')
    return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
  }

  toJSON(): string {
    return '[secret]'
  }
}

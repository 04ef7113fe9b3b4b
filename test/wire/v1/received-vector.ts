import { rawEnvelope, VECTOR_CONTEXT } from '../../../scripts/protocol-vectors/vector-kit.ts'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import type { DurationMs, Timestamp } from '../../../src/base/time.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { type Authenticated, authenticate } from '../../../src/wire/v1/authenticate.ts'
import { canonicalBytes } from '../../../src/wire/v1/canonical.ts'
import type { Audience } from '../../../src/wire/v1/envelope-head.ts'
import { decodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { readVectors } from './read-vectors.ts'

const verify = verifySignatureWith(createNodeVerifier())

/** Bytes as a receiver of the vectors takes them. */
export function receivedBytes(bytes: Uint8Array): Authenticated {
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused') throw new TypeError(`${decoded.code} ${decoded.reason ?? ''}`)
  const done = authenticate(decoded.envelope, {
    verify,
    now: VECTOR_CONTEXT.now as Timestamp,
    clockSkewMs: VECTOR_CONTEXT.clockSkewMs as DurationMs,
    audience: VECTOR_CONTEXT.audience as readonly Audience[],
    network: VECTOR_CONTEXT.network,
  })
  if (done.kind === 'refused') throw new TypeError(done.code)
  return done
}

/** A vector that is accepted, by its name. */
export function receivedVector(name: string): Authenticated {
  const vector = readVectors().find((row) => row.kind === 'accepted' && row.name === name)
  if (vector?.kind !== 'accepted') throw new TypeError(`There is no vector named ${name}`)
  return receivedBytes(new Uint8Array(Buffer.from(vector.bytes, 'hex')))
}

/** A message of our own with a right signature. */
export function receivedMessage(body: unknown, head: Readonly<Record<string, unknown>>, key: FixedKey): Authenticated {
  return receivedBytes(canonicalBytes(rawEnvelope(body, head, key)))
}

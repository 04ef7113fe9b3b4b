import type { Hash } from '../../src/core/evidence/names.ts'
import { utf8Bytes } from '../../src/core/text/encode-utf8.ts'
import { canonicalText } from '../../src/wire/v1/canonical.ts'
import { type EnvelopeInit, prepareEnvelope } from '../../src/wire/v1/envelope.ts'
import type { MessageType } from '../../src/wire/v1/message-types.ts'
import { hashOfText, signingBytes } from '../../src/wire/v1/signing-bytes.ts'
import { type FixedKey, fixedKey } from './fixed-keys.ts'
import type { Vector, VectorContext } from './vector.ts'

/** The parties of all vectors, by the byte that fills their seeds. */
export const VECTOR_KEYS = {
  payer: fixedKey(1),
  worker: fixedKey(2),
  notary: fixedKey(3),
  arbiter: fixedKey(4),
} as const

/** The receiver is the notary. */
export const VECTOR_CONTEXT: VectorContext = {
  network: 'vectors',
  audience: [VECTOR_KEYS.notary.did, '*'],
  now: 1_790_000_030_000,
  clockSkewMs: 5_000,
}

const { payer, notary } = VECTOR_KEYS

/** A first message of the payer to the notary, valid in the context; members may be replaced, in raw form, by anything. */
export const VECTOR_HEAD = {
  v: 1,
  net: VECTOR_CONTEXT.network,
  seq: 0,
  iss: payer.did,
  aud: notary.did,
  iat: 1_790_000_000_000,
  exp: 1_790_000_060_000,
  nonce: 'AAECAwQFBgcICQoLDA0ODw',
} as const

/** A message that a sender of this version makes, as its receivers see it. */
export function accepted<Type extends MessageType>(
  name: string,
  init: Pick<EnvelopeInit<Type>, 'type' | 'body'> & { readonly head?: Readonly<Record<string, unknown>> },
  key: FixedKey = payer,
): Vector {
  const { v: _version, ...head } = VECTOR_HEAD
  const full = { ...head, iss: key.did, ...init.head, type: init.type, body: init.body }
  const prepared = prepareEnvelope(full as unknown as EnvelopeInit<Type>)
  const signature = key.sign(prepared.signingBytes)
  const bytes = prepared.finish(signature)
  const value = JSON.parse(Buffer.from(bytes).toString()) as { readonly body: unknown; readonly signature: string }
  return {
    kind: 'accepted',
    name,
    bytes: hex(bytes),
    type: init.type,
    head: canonicalText(prepared.head),
    body: value.body,
    hash: prepared.hash,
    signingBytes: hex(prepared.signingBytes),
    signature: hex(signature),
  }
}

export type RawEnvelope = Readonly<Record<string, unknown>> & { readonly signature: string }

/**
 * An envelope of any head and body, canonical where they can be, with a signature that is right for them: what a sender would send who checks nothing. A
 * member of `head` that is `undefined` is left out.
 */
export function rawEnvelope(
  body: unknown,
  head: Readonly<Record<string, unknown>>,
  key: FixedKey = payer,
): RawEnvelope {
  const bodyHash = body === undefined ? hashOfText('{}') : hashOfText(canonicalText(body))
  const unsigned: Readonly<Record<string, unknown>> = { ...VECTOR_HEAD, iss: key.did, bodyHash, ...head }
  const name: Hash = hashOfText(canonicalText(unsigned))
  const signature = Buffer.from(key.sign(signingBytes(String(unsigned['type']), name))).toString('base64url')
  return { ...unsigned, body, signature }
}

export function refused(
  name: string,
  code: string,
  sent: { readonly envelope: unknown; readonly context?: Partial<VectorContext> } | { readonly text: string },
): Vector {
  if ('text' in sent) return { kind: 'refused', name, bytes: hex(utf8Bytes(sent.text)), code }
  const bytes = hex(utf8Bytes(canonicalText(sent.envelope)))
  return { kind: 'refused', name, bytes, code, ...(sent.context === undefined ? {} : { context: sent.context }) }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

import type { Hash } from '../../src/core/evidence/names.ts'
import { canonicalText } from '../../src/wire/v1/canonical.ts'
import { didOfPublicKey } from '../../src/wire/v1/did-key.ts'
import type { MessageBody } from '../../src/wire/v1/message-types.ts'
import { canonicalVectors } from './canonical-vectors.ts'
import { acceptedProof, equivocationVectors } from './equivocation-vectors.ts'
import type { Vector, VectorArea } from './vector.ts'
import { accepted, hex, rawEnvelope, refused, VECTOR_CONTEXT, VECTOR_HEAD, VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const DIGEST = '11'.repeat(32)
const CONTRACT = '22'.repeat(32)

/** The points of order 1 and 2. */
const SMALL_ORDER_KEYS = [`01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`]

/** The body that most vectors carry. */
const RECEIPT: Extract<MessageBody<'receipt'>, { readonly effect: 'applied' }> = {
  effect: 'applied',
  request: DIGEST as Hash,
  at: 1_790_000_000_500 as never,
  entry: 7,
  entryHash: '33'.repeat(32) as Hash,
}
const HEAD = { type: 'receipt' } as const

/** Vectors of the envelope itself, of canonical bytes, of names of keys, and of proofs of equivocation. */
export const ENVELOPE_VECTORS: VectorArea = {
  area: 'envelope',
  vectors: () => [
    ...acceptedVectors(),
    acceptedProof(),
    ...textRefusals(),
    ...headRefusals(),
    ...bodyRefusals(),
    ...contextRefusals(),
    ...canonicalVectors(),
    ...didVectors(),
    ...equivocationVectors(),
  ],
}

function acceptedVectors(): readonly Vector[] {
  const refusedBody: MessageBody<'receipt'> = {
    effect: 'refused',
    request: DIGEST as Hash,
    at: 1_790_000_000_500 as never,
    code: 'LEDGER_BALANCE_SHORT',
  }
  const receipt = { type: 'receipt', body: RECEIPT } as const
  const about = { contract: CONTRACT, seq: 1, prev: '44'.repeat(32) }
  return [
    accepted('first message outside of contracts', receipt),
    accepted('second message about a contract', { ...receipt, head: about }),
    accepted('largest position', { ...receipt, head: { ...about, seq: Number.MAX_SAFE_INTEGER } }),
    accepted('to everybody', { ...receipt, head: { aud: '*' } }),
    accepted('signed by another key', receipt, arbiter),
    accepted('an effect that was there already', { ...receipt, body: { ...RECEIPT, effect: 'exists' } }),
    accepted('a refusal', { type: 'receipt', body: refusedBody }),
    accepted('signed at the latest time that the tolerance allows', {
      ...receipt,
      head: { iat: VECTOR_CONTEXT.now + VECTOR_CONTEXT.clockSkewMs },
    }),
    accepted('received in the last millisecond', { ...receipt, head: { exp: VECTOR_CONTEXT.now } }),
    accepted('valid for the longest time', { ...receipt, head: { exp: VECTOR_HEAD.iat + 604_800_000 } }),
  ]
}

/** The text is not what a canonical writer writes. */
function textRefusals(): readonly Vector[] {
  const envelope = rawEnvelope(RECEIPT, HEAD)
  const text = canonicalText(envelope)
  const changed = (name: string, code: string, sent: string): Vector => refused(name, code, { text: sent })
  const { aud, ...rest } = envelope as Record<string, unknown>
  return [
    changed('no bytes', 'ENVELOPE_NOT_JSON', ''),
    changed('cut short', 'ENVELOPE_NOT_JSON', text.slice(0, -1)),
    changed('something behind it', 'ENVELOPE_NOT_JSON', `${text}}`),
    changed('a byte order mark', 'ENVELOPE_NOT_JSON', `\ufeff${text}`),
    changed('a line break behind it', 'ENVELOPE_NOT_CANONICAL', `${text}\n`),
    changed('a space behind a colon', 'ENVELOPE_NOT_CANONICAL', text.replace(':', ': ')),
    changed('a letter escaped', 'ENVELOPE_NOT_CANONICAL', text.replace('"aud"', String.raw`"\u0061ud"`)),
    changed(
      'a member out of order',
      'ENVELOPE_NOT_CANONICAL',
      `${JSON.stringify(sorted(rest)).slice(0, -1)},"aud":"${String(aud)}"}`,
    ),
    changed('a member twice', 'ENVELOPE_DUPLICATE_KEY', text.replace('"seq":0', '"seq":0,"seq":0')),
    changed(
      'a member twice, once escaped',
      'ENVELOPE_DUPLICATE_KEY',
      text.replace('"seq":0', String.raw`"seq":0,"s\u0065q":1`),
    ),
    changed('a member of the body twice', 'ENVELOPE_DUPLICATE_KEY', text.replace('"entry":7', '"entry":7,"entry":8')),
    changed('a number with a fraction', 'ENVELOPE_NUMBER_REFUSED', text.replace('"seq":0', '"seq":0.0')),
    changed('a number with an exponent', 'ENVELOPE_NUMBER_REFUSED', text.replace('"seq":0', '"seq":1e3')),
    changed('minus zero', 'ENVELOPE_NOT_CANONICAL', text.replace('"seq":0', '"seq":-0')),
    changed('a leading zero', 'ENVELOPE_NOT_JSON', text.replace('"seq":0', '"seq":00')),
    changed('an integer beyond 2^53 - 1', 'ENVELOPE_NUMBER_REFUSED', text.replace('"seq":0', '"seq":9007199254740992')),
    changed('null for a member', 'ENVELOPE_NULL_REFUSED', text.replace('"seq":0', '"prev":null,"seq":0')),
    changed('a member that sets a prototype', 'ENVELOPE_KEY_REFUSED', text.replace('{', '{"__proto__":{},')),
    changed('half of a surrogate pair', 'ENVELOPE_SURROGATE_LONE', text.replace('"applied"', String.raw`"\ud800"`)),
    changed('an array', 'ENVELOPE_SHAPE_WRONG', `[${text}]`),
    changed('a string', 'ENVELOPE_SHAPE_WRONG', '"envelope"'),
    {
      kind: 'refused',
      name: 'a byte that is no UTF-8',
      bytes: hex(Buffer.from(text)).replace(hex(Buffer.from('receipt')), `ff${hex(Buffer.from('eceipt'))}`),
      code: 'ENVELOPE_NOT_UTF8',
    },
  ]
}

function sorted(value: Readonly<Record<string, unknown>>): unknown {
  return JSON.parse(canonicalText(value))
}

/** A member of the head is wrong; every signature is right for what is sent. */
function headRefusals(): readonly Vector[] {
  const sent = (name: string, code: string, head: Readonly<Record<string, unknown>>): Vector =>
    refused(name, code, { envelope: rawEnvelope(RECEIPT, { ...HEAD, ...head }) })
  const signed = rawEnvelope(RECEIPT, HEAD)
  return [
    sent('another version', 'ENVELOPE_VERSION_UNKNOWN', { v: 2 }),
    sent('no version', 'ENVELOPE_VERSION_UNKNOWN', { v: undefined }),
    sent('an unknown type', 'ENVELOPE_TYPE_UNKNOWN', { type: 'gossip' }),
    sent('a type that is a property of every object', 'ENVELOPE_TYPE_UNKNOWN', { type: 'constructor' }),
    sent('an unknown member', 'ENVELOPE_MEMBER_UNKNOWN', { extra: 1 }),
    sent('no issuer', 'ENVELOPE_SHAPE_WRONG', { iss: undefined }),
    sent('an issuer by another method', 'ENVELOPE_SHAPE_WRONG', { iss: 'did:web:example.org' }),
    sent('a hash in capitals', 'ENVELOPE_SHAPE_WRONG', { bodyHash: 'AA'.repeat(32) }),
    sent('a nonce with padding', 'ENVELOPE_SHAPE_WRONG', { nonce: 'AAECAwQFBgcICQoLDA0ODw==' }),
    sent('a nonce whose last digit carries bits', 'ENVELOPE_SHAPE_WRONG', { nonce: 'AAECAwQFBgcICQoLDA0ODx' }),
    sent('a negative position', 'ENVELOPE_SHAPE_WRONG', { seq: -1 }),
    sent('a time as a string', 'ENVELOPE_SHAPE_WRONG', { iat: '1790000000000' }),
    sent('a first message with a predecessor', 'ENVELOPE_SEQUENCE_WRONG', { prev: DIGEST }),
    sent('a later message without a predecessor', 'ENVELOPE_SEQUENCE_WRONG', { seq: 1 }),
    sent('no time to be valid in', 'ENVELOPE_VALIDITY_WRONG', { exp: VECTOR_HEAD.iat }),
    sent('valid for too long', 'ENVELOPE_VALIDITY_WRONG', { exp: VECTOR_HEAD.iat + 604_800_001 }),
    refused('a signature of 63 bytes', 'ENVELOPE_SIGNATURE_SHAPE', {
      envelope: { ...signed, signature: signed.signature.slice(0, 84) },
    }),
    refused('a signature in the other alphabet', 'ENVELOPE_SIGNATURE_SHAPE', {
      envelope: { ...signed, signature: `+/${signed.signature.slice(2)}` },
    }),
    refused('no signature', 'ENVELOPE_SIGNATURE_SHAPE', { envelope: { ...signed, signature: undefined } }),
  ]
}

function bodyRefusals(): readonly Vector[] {
  const sent = (name: string, body: unknown): Vector =>
    refused(name, 'ENVELOPE_BODY_SHAPE', { envelope: rawEnvelope(body, HEAD) })
  const signed = rawEnvelope(RECEIPT, HEAD)
  return [
    refused('another body than was signed', 'ENVELOPE_BODY_HASH_WRONG', {
      envelope: { ...signed, body: { ...RECEIPT, entry: 8 } },
    }),
    refused('no body', 'ENVELOPE_SHAPE_WRONG', { envelope: rawEnvelope(undefined, HEAD) }),
    refused('more bytes than a receipt may have', 'ENVELOPE_TOO_LARGE', {
      envelope: rawEnvelope({ ...RECEIPT, note: 'x'.repeat(2_048) }, HEAD),
    }),
    sent('an unknown member of the body', { ...RECEIPT, note: 'x' }),
    sent('a missing member of the body', { ...RECEIPT, entry: undefined }),
    sent('a member of another variant', { ...RECEIPT, effect: 'refused', code: 'LEDGER_BALANCE_SHORT' }),
    sent('a body that is a list', [RECEIPT]),
  ]
}

/** The message is as it should be, and not for this receiver, here and now. */
function contextRefusals(): readonly Vector[] {
  const sent = (name: string, code: string, head: Readonly<Record<string, unknown>>): Vector =>
    refused(name, code, { envelope: rawEnvelope(RECEIPT, { ...HEAD, ...head }) })
  const signed = rawEnvelope(RECEIPT, HEAD)
  const other = rawEnvelope(RECEIPT, { ...HEAD, nonce: 'AAECAwQFBgcICQoLDA0OEA' })
  const { now, clockSkewMs } = VECTOR_CONTEXT
  return [
    sent('another network', 'ENVELOPE_NETWORK_WRONG', { net: 'elsewhere' }),
    sent('another receiver', 'ENVELOPE_AUDIENCE_WRONG', { aud: worker.did }),
    refused('to everybody, where only the own name counts', 'ENVELOPE_AUDIENCE_WRONG', {
      envelope: rawEnvelope(RECEIPT, { ...HEAD, aud: '*' }),
      context: { audience: [notary.did] },
    }),
    sent('one millisecond beyond the tolerance', 'ENVELOPE_NOT_YET_VALID', { iat: now + clockSkewMs + 1 }),
    sent('one millisecond too late', 'ENVELOPE_EXPIRED', { exp: now - 1 }),
    refused('the signature of another message', 'ENVELOPE_SIGNATURE_WRONG', {
      envelope: { ...signed, signature: other.signature },
    }),
    refused('the signature of another key', 'ENVELOPE_SIGNATURE_WRONG', {
      envelope: { ...signed, signature: rawEnvelope(RECEIPT, { ...HEAD, iss: payer.did }, worker).signature },
    }),
    refused('a signature of zeros', 'ENVELOPE_SIGNATURE_WRONG', {
      envelope: { ...signed, signature: 'A'.repeat(86) },
    }),
    ...SMALL_ORDER_KEYS.map((key) =>
      refused(
        `a key of small order, ${key.slice(0, 4)}, under which one signature is right for every message`,
        'ENVELOPE_SIGNATURE_WRONG',
        {
          envelope: {
            ...rawEnvelope(RECEIPT, { ...HEAD, iss: didOfPublicKey(Buffer.from(key, 'hex')) }),
            signature: Buffer.from(`${SMALL_ORDER_KEYS[0]}${'00'.repeat(32)}`, 'hex').toString('base64url'),
          },
        },
      ),
    ),
    refused('an issuer that is no key', 'ENVELOPE_ISSUER_UNREADABLE', {
      envelope: rawEnvelope(RECEIPT, { ...HEAD, iss: `did:key:z6Mk${'z'.repeat(44)}` }),
    }),
  ]
}

function didVectors(): readonly Vector[] {
  const right = Object.entries(VECTOR_KEYS).map(([name, { did, publicKey }]): Vector => ({
    kind: 'did-key',
    name: `the ${name}`,
    did,
    publicKey: hex(publicKey),
  }))
  const wrong = (name: string, did: string): Vector => ({ kind: 'did-key-refused', name, did })
  return [
    ...right,
    wrong('without the multibase prefix', `did:key:${payer.did.slice(9)}`),
    wrong('a character cut off', payer.did.slice(0, -1)),
    wrong('a digit that base58 does not have', `${payer.did.slice(0, -1)}0`),
    wrong('another method', payer.did.replace('did:key', 'did:web')),
    wrong('an X25519 key', 'did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc'),
    wrong('the shape alone', `did:key:z6Mk${'z'.repeat(44)}`),
  ]
}

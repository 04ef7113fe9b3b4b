import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import type { DurationMs, Timestamp } from '../../../src/base/time.ts'
import { ENVELOPE_REFUSALS } from '../../../src/core/evidence/envelope-refusals.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { authenticate, type AuthenticateInit } from '../../../src/wire/v1/authenticate.ts'
import { CANONICAL_LIMITS } from '../../../src/wire/v1/canonical.ts'
import { didOfPublicKey } from '../../../src/wire/v1/did-key.ts'
import { LEDGER_VALIDITY_MAX_MS, VALIDITY_MAX_MS } from '../../../src/wire/v1/envelope-head.ts'
import {
  decodeEnvelope,
  encodeEnvelope,
  type Envelope,
  type EnvelopeInit,
  type EnvelopeOf,
  prepareEnvelope,
} from '../../../src/wire/v1/envelope.ts'
import type { EquivocationProof } from '../../../src/wire/v1/equivocation.ts'
import {
  MESSAGE_BYTES_MAX_DEFAULT,
  messageBytesMax,
  MESSAGES,
  type MessageType,
} from '../../../src/wire/v1/message-types.ts'
import { NONCE_LIMITS } from '../../../src/wire/v1/nonce-guard.ts'
import { JSON_LIMITS, KEY_LENGTH_MAX } from '../../../src/wire/v1/scan-json.ts'

const PAYER = fixedKey(1)
const NOTARY = fixedKey(3)
const AT = 1_790_000_000_000 as Timestamp
const HASH = 'ab'.repeat(32) as Hash

const INIT: EnvelopeInit<'receipt'> = {
  type: 'receipt',
  net: 'test',
  seq: 0,
  iss: PAYER.did,
  aud: NOTARY.did,
  iat: AT,
  exp: (AT + 60_000) as Timestamp,
  nonce: 'A'.repeat(22),
  body: { effect: 'refused', request: HASH, at: AT, code: 'LEDGER_BALANCE_SHORT' },
}

const RECEIVER: AuthenticateInit = {
  verify: verifySignatureWith(createNodeVerifier()),
  now: AT,
  clockSkewMs: 0 as DurationMs,
  audience: [NOTARY.did],
  network: 'test',
}

function decoded(bytes: Uint8Array): Envelope {
  const result = decodeEnvelope(bytes)
  if (result.kind === 'refused') throw new Error(result.code)
  return result.envelope
}

describe('a signed message', () => {
  it('becomes evidence with its hash as its name and the stamp of the notary set', () => {
    const envelope = decoded(encodeEnvelope(INIT, PAYER.sign))
    const at = (AT + 5) as Timestamp
    expect(authenticate(envelope, { ...RECEIVER, at })).toEqual({
      kind: 'authenticated',
      evidence: { envelope: envelope.hash, iss: PAYER.did, seq: 0, prev: undefined, at },
      envelope,
    })
    expect(authenticate(envelope, RECEIVER)).toMatchObject({ evidence: { at: AT } })
  })

  it('has a name that its signature is no part of', () => {
    const bytes = encodeEnvelope(INIT, PAYER.sign)
    const forged = encodeEnvelope(INIT, fixedKey(9).sign)
    expect(decoded(forged).hash).toBe(decoded(bytes).hash)
    expect(decoded(forged).hash).toBe(prepareEnvelope(INIT).hash)
    expect(decoded(encodeEnvelope({ ...INIT, nonce: `${'A'.repeat(21)}Q` }, PAYER.sign)).hash).not.toBe(
      decoded(bytes).hash,
    )
  })

  it('is signed over its type, a zero byte and the hash of its head', () => {
    const prepared = prepareEnvelope(INIT)
    expect(Buffer.from(prepared.signingBytes).toString('latin1')).toBe(
      `kernell/m2m/receipt/v1\0${Buffer.from(prepared.hash, 'hex').toString('latin1')}`,
    )
  })

  it('is the same whichever SHA-256 is handed in', () => {
    const native = (text: string): string => createHash('sha256').update(text).digest('hex')
    const bytes = encodeEnvelope(INIT, PAYER.sign)
    expect(decodeEnvelope(bytes, { hash: native })).toEqual(decodeEnvelope(bytes))
    expect(prepareEnvelope(INIT, native).hash).toBe(prepareEnvelope(INIT).hash)
  })

  it('is effective from iat less the tolerance to exp, both included', () => {
    const envelope = decoded(encodeEnvelope(INIT, PAYER.sign))
    const skew = 10 as DurationMs
    const outcome = (now: number): string => {
      const result = authenticate(envelope, { ...RECEIVER, clockSkewMs: skew, now: now as Timestamp })
      return result.kind === 'refused' ? result.code : 'ok'
    }
    expect([AT - 11, AT - 10, AT - 9].map(outcome)).toEqual(['ENVELOPE_NOT_YET_VALID', 'ok', 'ok'])
    expect([INIT.exp - 1, INIT.exp, INIT.exp + 1].map(outcome)).toEqual(['ok', 'ok', 'ENVELOPE_EXPIRED'])
  })

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['a position without a predecessor', { seq: 1 }],
    ['a predecessor without a position', { prev: HASH }],
    ['no time to be valid in', { exp: AT }],
    ['a body of another type', { body: { first: 1 } }],
    ['an issuer that is none', { iss: 'me' }],
    ['a member that is none', { extra: 1 }],
  ])('with %s is not made', (_name, part) => {
    expect(() => prepareEnvelope({ ...INIT, ...part })).toThrow(TypeError)
  })

  it('is finished only with a signature of 64 bytes, and only if a receiver would take its size', () => {
    expect(() => prepareEnvelope(INIT).finish(new Uint8Array(63))).toThrow(RangeError)
    expect(() => didOfPublicKey(new Uint8Array(31))).toThrow(RangeError)
    expect(prepareEnvelope(INIT).finish(new Uint8Array(64)).byteLength).toBeLessThan(messageBytesMax('receipt'))
  })

  it('is a union by type', () => {
    expectTypeOf<Envelope['type']>().toEqualTypeOf<MessageType>()
    expectTypeOf<EnvelopeOf<'equivocation-proof'>['body']>().toExtend<EquivocationProof>()
    const envelope = decoded(encodeEnvelope(INIT, PAYER.sign))
    if (envelope.type === 'receipt') expectTypeOf(envelope.body.at).toEqualTypeOf<Timestamp>()
    expect(envelope.type).toBe('receipt')
  })
})

describe('protocol/spec/envelope.md', () => {
  const page = readFileSync(new URL('../../../protocol/spec/envelope.md', import.meta.url), 'utf8')
  const written = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

  it('names every refusal code, and no other', () => {
    const named = new Set(page.match(/ENVELOPE_[A-Z0-9_]+/g))
    expect([...named].toSorted()).toEqual(Object.keys(ENVELOPE_REFUSALS).toSorted())
  })

  it('states the limits that hold', () => {
    const { depthMax, membersMax, itemsMax } = JSON_LIMITS
    expect(page).toContain(`| bytes of a text | ${written(CANONICAL_LIMITS.bytesMax)} |`)
    expect(page).toContain(`| arrays and objects in one another | ${depthMax} |`)
    expect(page).toContain(`| members of an object | ${membersMax} |`)
    expect(page).toContain(`| items of an array | ${written(itemsMax)} |`)
    expect(page).toContain(`| a member's name | 1 to ${KEY_LENGTH_MAX} characters`)
    expect(page).toContain(`exp - iat <= ${written(VALIDITY_MAX_MS)}`)
    expect(page).toContain(`for types \`ledger-*\` \`<= ${written(LEDGER_VALIDITY_MAX_MS)}\``)
    expect(page).toContain(
      `(${written(NONCE_LIMITS.perIssuerMax)} for an issuer, ${written(NONCE_LIMITS.totalMax)} in all)`,
    )
    expect(page).toContain(`with ${written(MESSAGE_BYTES_MAX_DEFAULT)} bytes unless`)
    for (const type of ['receipt', 'equivocation-proof'] as const)
      expect(page).toMatch(new RegExp(`\\| \`${type}\` \\|.*\\| ${written(messageBytesMax(type))} \\|`))
  })

  it('is about types whose names and sizes are within its rules', () => {
    const types = Object.keys(MESSAGES) as readonly MessageType[]
    expect(types.filter((type) => messageBytesMax(type) > CANONICAL_LIMITS.bytesMax)).toEqual([])
    expect(types.filter((type) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(type))).toEqual([])
  })

  it('gives every code a cause and a remedy', () => {
    for (const { cause, remedy } of Object.values(ENVELOPE_REFUSALS))
      expect([cause, remedy].join()).toMatch(/\S\.,\S.*\.$/)
  })
})

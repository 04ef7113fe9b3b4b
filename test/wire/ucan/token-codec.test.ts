import { describe, expect, it } from 'vitest'
import type { UcanVector } from '../../../scripts/protocol-vectors/ucan-builder.ts'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { readFileSync } from 'node:fs'
import { CAPABILITY_REFUSALS } from '../../../src/core/capability/capability-refusals.ts'
import { isIpldMap } from '../../../src/core/capability/ipld-value.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { readDagCbor, writeDagCbor } from '../../../src/wire/ucan/dag-cbor.ts'
import {
  decodeToken,
  delegationSignedBytes,
  invocationSignedBytes,
  issueToken,
  openDelegation,
  openInvocation,
} from '../../../src/wire/ucan/token-codec.ts'
import { bytesOfTokenText, sealToken, textOfTokenBytes } from '../../../src/wire/ucan/token-envelope.ts'
import { mutateToken } from '../../torture/mutate-token.ts'

const verify = verifySignatureWith(createNodeVerifier())
const ALICE = fixedKey(1)
const BOB = fixedKey(2)
const NONCE = new Uint8Array(16).fill(3)

const { vectors } = JSON.parse(
  readFileSync(new URL('../../../protocol/vectors/v1/ucan.json', import.meta.url), 'utf8'),
) as { readonly vectors: readonly UcanVector[] }

describe('issueToken', () => {
  it('makes what a receiver opens, field by field', () => {
    const init = {
      iss: ALICE.did,
      aud: BOB.did,
      sub: ALICE.did,
      cmd: '/a',
      pol: [['==', '.a', 1]],
      nonce: NONCE,
      exp: 9,
    }
    const issued = issueToken(delegationSignedBytes({ ...init, meta: { note: 'x' }, nbf: 4 }), ALICE.sign)
    if (issued.kind === 'refused') throw new Error(issued.code)
    expect(openDelegation(issued.text, verify)).toEqual(issued.token)
    expect(issued.token).toMatchObject({
      aud: BOB.did,
      cmd: '/a',
      nbf: 4,
      exp: 9,
      meta: { note: 'x' },
      nonce: '03'.repeat(16),
    })
    const order = {
      iss: BOB.did,
      sub: ALICE.did,
      cmd: '/a',
      args: { a: 1 },
      prf: [issued.token.cid],
      nonce: NONCE,
      exp: 9,
    }
    const ordered = issueToken(invocationSignedBytes({ ...order, aud: BOB.did, iat: 2 }), BOB.sign)
    if (ordered.kind === 'refused') throw new Error(ordered.code)
    expect(openInvocation(ordered.text, verify)).toMatchObject({
      prf: [issued.token.cid],
      aud: BOB.did,
      iat: 2,
      args: { a: 1 },
    })
  })

  it('issues nothing that a receiver refuses', () => {
    const init = { iss: ALICE.did, aud: BOB.did, sub: undefined, cmd: 'a', pol: [], nonce: NONCE, exp: undefined }
    expect(issueToken(delegationSignedBytes(init), ALICE.sign)).toEqual({
      kind: 'refused',
      code: 'CAPABILITY_COMMAND_MALFORMED',
    })
  })
})

describe('the text of a token', () => {
  it('has one form', () => {
    expect(bytesOfTokenText('gA').kind).toBe('read')
    expect(bytesOfTokenText('gB')).toEqual({ kind: 'refused', code: 'CAPABILITY_NOT_BASE64URL' })
    expect(bytesOfTokenText('gA==')).toEqual({ kind: 'refused', code: 'CAPABILITY_NOT_BASE64URL' })
  })
})

describe('DAG-CBOR', () => {
  it('keeps keys that prototypes have as keys', () => {
    const bytes = writeDagCbor({ constructor: 1, toString: [2] })
    expect(readDagCbor(bytes)).toEqual({ kind: 'read', value: { constructor: 1, toString: [2] } })
    const proto = Uint8Array.from([0xa1, 0x69, ...new TextEncoder().encode('__proto__'), 0xa0])
    const read = readDagCbor(proto)
    if (read.kind === 'refused' || !isIpldMap(read.value)) throw new Error('not read')
    expect(Object.hasOwn(read.value, '__proto__')).toBe(true)
  })

  it('does not believe a length that the bytes cannot hold', () => {
    const huge = Uint8Array.of(0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
    expect(readDagCbor(huge)).toEqual({ kind: 'refused', code: 'CAPABILITY_NOT_CBOR' })
  })
})

/** Numbers from a fixed seed (xorshift32). */
function drawsFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return below === 0 ? 0 : (state >>> 0) % below
  }
}

describe('mutated tokens', () => {
  it('are refused by a code, or are the bytes that their value is written as', () => {
    const tokens = vectors.slice(0, 40).flatMap(({ invocations, proofs }) => [...invocations, ...proofs])
    const originals = tokens.flatMap((text) => {
      const read = bytesOfTokenText(text)
      return read.kind === 'read' ? [read.bytes] : []
    })
    const draw = drawsFrom(0x9e3779b9)
    const codes = new Set<string>()
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = mutateToken(originals[draw(originals.length)] ?? new Uint8Array(0), draw)
      const decoded = decodeToken(bytes)
      if (decoded.kind === 'refused') {
        expect(Object.hasOwn(CAPABILITY_REFUSALS, decoded.code)).toBe(true)
        codes.add(decoded.code)
      } else expect(sealToken(decoded.signedBytes, decoded.signature)).toEqual(bytes)
      if (round % 50 === 0) openDelegation(textOfTokenBytes(bytes), verify)
    }
    expect(codes.size).toBeGreaterThan(10)
  })
})

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { NODE_AGREEMENT, PORTABLE_AGREEMENT } from '../../src/keys/agree.ts'
import { createNodeSealer, createPortableSealer } from '../../src/keys/sealers.ts'

const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const secret = new Uint8Array(32).fill(21)
const BROKEN = { ok: false, code: 'SEAL_BROKEN' }

/** Seals any content for the key of `secret`, as a sender would who keeps no rule. */
function sealedContent(content: Uint8Array): Uint8Array {
  const { publicKey, secretKey } = nacl.box.keyPair()
  const nonce = nacl.randomBytes(24)
  const box = nacl.box(content, nonce, nacl.box.keyPair.fromSecretKey(secret).publicKey, secretKey)
  return Uint8Array.from([...publicKey, ...nonce, ...box])
}

function contentOf(length: number, size: number): Uint8Array {
  const content = new Uint8Array(size)
  new DataView(content.buffer).setUint32(0, length, true)
  return content
}

describe.each([
  ['node:crypto', createNodeSealer],
  ['tweetnacl', createPortableSealer],
])('the sealer of %s', (_name, create) => {
  const sealer = create({ random }, { secret })

  it('opens what NaCl sealed by the rules', () => {
    expect(sealer.open(sealedContent(contentOf(5, 256)))).toEqual({ ok: true, bytes: new Uint8Array(5) })
    expect(sealer.open(sealedContent(contentOf(252, 256)))).toEqual({ ok: true, bytes: new Uint8Array(252) })
  })

  it('refuses padding that is longer than needed, that is not zero, and a length beyond the content', () => {
    expect(sealer.open(sealedContent(contentOf(5, 512)))).toEqual(BROKEN)
    expect(sealer.open(sealedContent(contentOf(253, 256)))).toEqual(BROKEN)
    expect(sealer.open(sealedContent(contentOf(0xffff_ffff, 256)))).toEqual(BROKEN)
    expect(sealer.open(sealedContent(contentOf(5, 256).with(255, 1)))).toEqual(BROKEN)
    expect(sealer.open(sealedContent(contentOf(5, 300)))).toEqual(BROKEN)
  })

  it('refuses any bytes, and never fails over them', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 328, maxLength: 328 }),
      fc.uint8Array({ minLength: 584, maxLength: 584 }),
      fc.uint8Array({ maxLength: 600 }),
    )
    fc.assert(
      fc.property(bytes, (sealed) => {
        expect(sealer.open(sealed)).toEqual(BROKEN)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps its own copy of the secret and gives away copies of its key', () => {
    const given = new Uint8Array(secret)
    const own = create({ random }, { secret: given })
    given.fill(0)
    own.publicKey.fill(0)
    expect(own.open(sealedContent(contentOf(1, 256)))).toEqual({ ok: true, bytes: new Uint8Array(1) })
    expect(own.publicKey).toEqual(sealer.publicKey)
  })

  it('takes secrets of 32 bytes only', () => {
    for (const length of [0, 31, 33])
      expect(() => create({ random }, { secret: new Uint8Array(length) })).toThrow(RangeError)
  })
})

describe('the agreements', () => {
  it('yield the same for any two keys, canonical or not', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (one, other) => {
          expect(NODE_AGREEMENT.publicKeyOf(one)).toEqual(PORTABLE_AGREEMENT.publicKeyOf(one))
          expect(NODE_AGREEMENT.agree(one, other)).toEqual(PORTABLE_AGREEMENT.agree(one, other))
        },
      ),
      { numRuns: 40 },
    )
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { createPublicKey, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it, vi } from 'vitest'
import { formatSignatureVectors, makeSignatureVectors, type SignatureVector } from '../../scripts/signature-vectors.ts'
import { explainRefusal } from '../../src/keys/explain-refusal.ts'
import { createNodeSigner, createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { createPortableVerifier } from '../../src/keys/portable-signatures.ts'
import { openSodiumVerifier } from '../../src/keys/sodium-signatures.ts'
import type { SignedBytes, Verifier } from '../../src/ports/verifier.ts'
import { SIGNATURE_PLANTS } from '../torture/signature-plants.ts'

// tweetnacl verifies some dozens a second on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const VECTORS_TEXT = readFileSync('protocol/vectors/v1/signatures.json', 'utf8')
const VECTORS = JSON.parse(VECTORS_TEXT) as readonly SignatureVector[]

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

function signedOf(vector: SignatureVector): SignedBytes {
  return {
    publicKey: bytesOf(vector.publicKey),
    bytes: bytesOf(vector.message),
    signature: bytesOf(vector.signature),
  }
}

const BACKENDS: Readonly<Record<string, () => Verifier>> = {
  'node:crypto': () => createNodeVerifier(),
  tweetnacl: () => createPortableVerifier(),
  libsodium: () => openSodiumVerifier() ?? createNone('sodium-native'),
}

function createNone(name: string): never {
  throw new Error(`${name} is not installed, does not load or judges otherwise`)
}

/** Names of the rows that a verifier judges otherwise than written. */
function misjudged(verifier: Pick<Verifier, 'verify'>): readonly string[] {
  return VECTORS.filter((vector) => verifier.verify(signedOf(vector)) !== (vector.verdict === 'accepted')).map(
    ({ name }) => name,
  )
}

describe('protocol/vectors/v1/signatures.json', () => {
  it('is what scripts/signature-vectors.ts makes', () => {
    expect(VECTORS_TEXT).toBe(formatSignatureVectors(makeSignatureVectors()))
  })

  it('has so many rows of each family', () => {
    const counts: Record<string, number> = {}
    for (const { about, verdict } of VECTORS) counts[`${about}, ${verdict}`] = (counts[`${about}, ${verdict}`] ?? 0) + 1
    expect(VECTORS).toHaveLength(319)
    expect(counts).toEqual({
      'right, accepted': 20,
      'another message, refused': 20,
      'length, refused': 7,
      'flipped bit, refused': 76,
      'small order, refused': 84,
      'not canonical, refused': 40,
      'off the curve, refused': 10,
      'S, accepted': 1,
      'S, refused': 26,
      'torsion, accepted': 14,
      'torsion, refused': 21,
    })
    expect(new Set(VECTORS.map(({ name }) => name)).size).toBe(319)
  })

  it('has each of the 14 encodings of small order as A and as R', () => {
    const small = VECTORS.filter(({ about }) => about === 'small order')
    const asKey = new Set(small.filter(({ name }) => name.includes(': A ')).map(({ publicKey }) => publicKey))
    const asPoint = new Set(
      small.filter(({ name }) => name.includes(': R ')).map(({ signature }) => signature.slice(0, 64)),
    )
    expect(asKey.size).toBe(14)
    expect(asPoint).toEqual(asKey)
  })
})

describe.each(Object.entries(BACKENDS))('guarded %s', (_name, create) => {
  it('gives the verdict of each row', () => {
    expect(misjudged(create())).toEqual([])
  })

  it('says why it refuses', () => {
    const verifier = create()
    const wrong = VECTORS.filter((vector) => (explainRefusal(verifier, signedOf(vector)) ?? null) !== vector.code)
    expect(wrong.map(({ name }) => name)).toEqual([])
  })
})

it('gives the verdict again with keys that were imported before', () => {
  const verifier = createNodeVerifier()
  misjudged(verifier)
  expect(misjudged(verifier)).toEqual([])
})

it.each(Object.entries(SIGNATURE_PLANTS))('a verifier with the defect %s is found out', (_plant, { spoil }) => {
  expect(misjudged(spoil(createNodeVerifier())).length).toBeGreaterThan(0)
})

describe('without the guards', () => {
  // What this shows is that the rows bite: each library, asked alone, accepts some that are refused.
  it('node:crypto accepts keys of small order', () => {
    const raw = ({ publicKey, bytes, signature }: SignedBytes): boolean => {
      try {
        const der = Buffer.concat([bytesOf('302a300506032b6570032100'), publicKey])
        return verify(null, bytes, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
      } catch {
        return false
      }
    }
    const families = new Set(misjudged({ verify: raw }).map((name) => name.split(':')[0]))
    expect(families).toContain('small order')
  })

  it('tweetnacl accepts large S too', () => {
    const raw = ({ publicKey, bytes, signature }: SignedBytes): boolean => {
      try {
        return nacl.sign.detached.verify(bytes, signature, publicKey)
      } catch {
        return false
      }
    }
    const families = new Set(misjudged({ verify: raw }).map((name) => name.split(':')[0]))
    expect(families).toEqual(new Set(['small order', 'S']))
  })

  it('a verifier with a cofactor accepts every torsion row', () => {
    const torsion = VECTORS.filter(({ about }) => about === 'torsion')
    const accepted = torsion.filter((vector) => {
      const { publicKey, bytes, signature } = signedOf(vector)
      return ed25519.verify(signature, bytes, publicKey, { zip215: true })
    })
    expect(accepted).toHaveLength(35)
  })
})

describe('the backends', () => {
  const node = createNodeVerifier()
  const others = [createPortableVerifier(), BACKENDS['libsodium']?.() ?? createNone('libsodium')]

  it('agree about signatures with any bytes changed', () => {
    const change = fc.record({
      part: fc.constantFrom('publicKey' as const, 'bytes' as const, 'signature' as const),
      index: fc.nat(),
      mask: fc.nat(255),
    })
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.array(change, { maxLength: 2 }),
        (seed, bytes, changes) => {
          const signer = createNodeSigner(seed)
          const signed = {
            publicKey: bytesOf(signer.publicKeyHex),
            bytes: new Uint8Array(bytes),
            signature: signer.sign(bytes),
          }
          for (const { part, index, mask } of changes) {
            const target = signed[part]
            target[index % target.length] = (target[index % target.length] ?? 0) ^ mask
          }
          for (const other of others) expect(other.verify(signed)).toBe(node.verify(signed))
          if (changes.every(({ mask }) => mask === 0)) expect(node.verify(signed)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('agree about any bytes as key and signature', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (publicKey, signature) => {
          const signed = { publicKey, bytes: Uint8Array.of(1), signature }
          for (const verifier of [node, ...others]) expect(verifier.verify(signed)).toBe(false)
        },
      ),
      { numRuns: 200 },
    )
  })
})

type Wycheproof = {
  readonly numberOfTests: number
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly sig: string
      readonly result: string
    }[]
  }[]
}

const WYCHEPROOF = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/security/wycheproof_ed25519_half.json`

describe.skipIf(!existsSync(WYCHEPROOF))('Wycheproof', () => {
  it.each(Object.entries(BACKENDS))('is judged by guarded %s as its authors say', (_name, create) => {
    const file = JSON.parse(readFileSync(WYCHEPROOF, 'utf8')) as Wycheproof
    const verifier = create()
    const rows = file.testGroups.flatMap(({ publicKey, tests }) =>
      tests.map((test) => ({ ...test, key: publicKey.pk })),
    )
    const wrong = rows.filter(({ key, msg, sig, result }) => {
      const signed = { publicKey: bytesOf(key), bytes: bytesOf(msg), signature: bytesOf(sig) }
      return verifier.verify(signed) !== (result === 'valid')
    })
    expect(rows.length).toBe(file.numberOfTests)
    expect(wrong.map(({ tcId }) => tcId)).toEqual([])
  })
})

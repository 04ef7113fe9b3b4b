import { afterEach, describe, expect, it } from 'vitest'
import { createNodeSigner } from '../../src/keys/node-signatures.ts'
import { createInlineSignatures } from '../../src/keys/pool/inline-signatures.ts'
import {
  openSignaturePool,
  type SignaturePool,
  type SignaturePoolInit,
} from '../../src/keys/pool/open-signature-pool.ts'
import { decodeToSign, decodeToVerify, encodeToSign, encodeToVerify } from '../../src/keys/pool/signature-frames.ts'
import type { SignedBytes } from '../../src/ports/verifier.ts'
import { BATCH_SIGNER_CASES, BATCH_VERIFIER_CASES } from '../../src/testing/conformance/signature-cases.ts'

const opened: SignaturePool[] = []
function openPool(init: SignaturePoolInit = { threads: 1 }): SignaturePool {
  const pool = openSignaturePool(init)
  opened.push(pool)
  return pool
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (pool) => await pool.close()))
})

const signer = createNodeSigner(new Uint8Array(32).fill(6))
const publicKey = new Uint8Array(Buffer.from(signer.publicKeyHex, 'hex'))

function signedOf(index: number): SignedBytes {
  const bytes = new Uint8Array(8).fill(index)
  return { publicKey, bytes, signature: signer.sign(bytes) }
}

function batchOf(count: number): readonly SignedBytes[] {
  return Array.from({ length: count }, (_, index) => signedOf(index))
}

describe.each([
  ['createInlineSignatures', () => createInlineSignatures()],
  ['openSignaturePool', () => openPool({ threads: 2 })],
  ['openSignaturePool with node:crypto', () => openPool({ threads: 2, backend: 'node:crypto' })],
])('%s', (_name, open) => {
  it.each(BATCH_VERIFIER_CASES)('$name', async ({ run }) => {
    await run(open())
  })

  it.each(BATCH_SIGNER_CASES)('$name', async ({ run }) => {
    const signatures = open()
    await run((seed) => signatures.createSigner(seed))
  })
})

describe('the pool', () => {
  it('takes libsodium where it is installed, and node:crypto where it is told to', () => {
    expect(openPool().backend).toBe('libsodium')
    expect(openPool({ backend: 'node:crypto' }).backend).toBe('node:crypto')
  })

  it('finds the wrong ones of a thousand, each in its place', async () => {
    const wrong = new Set([0, 63, 64, 511, 999])
    const batch = batchOf(1_000).map((signed, index) =>
      wrong.has(index) ? { ...signed, bytes: Uint8Array.of(1) } : signed,
    )
    const verdicts = await openPool({ threads: 2 }).verifyBatch(batch)
    expect(verdicts.flatMap((isRight, index) => (isRight ? [] : [index]))).toEqual([...wrong])
  })

  it('takes messages that are larger than a part', async () => {
    const bytes = new Uint8Array(1_500_000).fill(1)
    const large = { publicKey, bytes, signature: signer.sign(bytes) }
    const pool = openPool({ threads: 1, inlineMax: 0 })
    expect(await pool.verifyBatch([large, signedOf(1), large])).toEqual([true, true, true])
    // The caller's bytes are copied, not handed over.
    expect(bytes.byteLength).toBe(1_500_000)
  })

  it('refuses a batch whole when too many wait, and takes the next', async () => {
    const pool = openPool({ threads: 1, waitingMax: 100 })
    const first = pool.verifyBatch(batchOf(100))
    await expect(pool.verifyBatch(batchOf(5))).rejects.toMatchObject({
      code: 'KEY_POOL_OVERLOADED',
      details: { waiting: 100, waitingMax: 100 },
    })
    expect(await pool.verifyBatch(batchOf(4))).toEqual([true, true, true, true])
    expect(await first).toHaveLength(100)
    expect(await pool.verifyBatch(batchOf(100))).toHaveLength(100)
  })

  it('rejects what waits when it is closed, and everything after', async () => {
    const pool = openPool()
    const waiting = pool.verifyBatch(batchOf(2_000))
    const closed = Promise.all([pool.close(), pool.close()])
    await expect(waiting).rejects.toMatchObject({ code: 'KEY_POOL_CLOSED' })
    await closed
    await pool.close()
    for (const count of [1, 100])
      await expect(pool.verifyBatch(batchOf(count))).rejects.toMatchObject({ code: 'KEY_POOL_CLOSED' })
    await expect(pool.createSigner(new Uint8Array(32)).signBatch([publicKey])).rejects.toMatchObject({
      code: 'KEY_POOL_CLOSED',
    })
  })

  it('rejects the batch of a thread that ends, and goes on with another thread', async () => {
    const pool = openPool()
    const threads = threadsOf(pool)
    await pool.verifyBatch(batchOf(10))
    const lost = pool.verifyBatch(batchOf(2_000))
    await threads()[0]?.terminate()
    await expect(lost).rejects.toMatchObject({ code: 'KEY_POOL_WORKER_LOST', isRetryable: true })
    expect(await pool.verifyBatch(batchOf(10))).toEqual(batchOf(10).map(() => true))
  })

  it('refuses numbers out of range', () => {
    for (const init of [{ threads: 0 }, { threads: 65 }, { threads: 1.5 }, { inlineMax: -1 }, { waitingMax: 0 }])
      expect(() => openSignaturePool(init)).toThrow(RangeError)
  })
})

type Thread = { terminate(): Promise<number> }

/** The threads behind a pool, which it shows to nobody. */
function threadsOf(pool: SignaturePool): () => readonly Thread[] {
  return () => (pool as unknown as { readonly pool: { readonly threads: readonly Thread[] } }).pool.threads
}

describe('frames', () => {
  it('are read as they were written', () => {
    const batch = [signedOf(1), { ...signedOf(2), bytes: new Uint8Array(0) }, signedOf(3)]
    expect(decodeToVerify(encodeToVerify(batch))).toEqual(batch)
    const messages = batch.map(({ bytes }) => bytes)
    expect(decodeToSign(encodeToSign(messages))).toEqual(messages)
    expect(decodeToVerify(encodeToVerify([]))).toEqual([])
  })
})

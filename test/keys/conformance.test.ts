import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createNodeSigner, createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { createPortableSigner, createPortableVerifier } from '../../src/keys/portable-signatures.ts'
import { openSodiumVerifier } from '../../src/keys/sodium-signatures.ts'
import { createNodeSealer, createPortableSealer } from '../../src/keys/sealers.ts'
import { SEALER_CASES } from '../../src/testing/conformance/sealer-cases.ts'
import { SIGNER_CASES, VERIFIER_CASES } from '../../src/testing/conformance/signature-cases.ts'

const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(randomBytes(count)) }

describe.each([
  ['node:crypto', createNodeSigner],
  ['tweetnacl', createPortableSigner],
])('the signer of %s', (_name, createSigner) => {
  it.each(SIGNER_CASES)('$name', async ({ run }) => {
    await run({ createSigner })
  })
})

describe.each([
  ['node:crypto', () => createNodeVerifier()],
  ['tweetnacl', () => createPortableVerifier()],
  ['libsodium', () => openSodiumVerifier() ?? expect.fail('sodium-native is not installed or judges otherwise')],
])('the verifier of %s', (_name, createVerifier) => {
  it.each(VERIFIER_CASES)('$name', async ({ run }) => {
    await run(createVerifier())
  })
})

describe.each([
  ['node:crypto', createNodeSealer, createNodeSealer],
  ['tweetnacl', createPortableSealer, createPortableSealer],
  ['one and the other', createNodeSealer, createPortableSealer],
])('the sealer of %s', (_name, createOne, createOther) => {
  it.each(SEALER_CASES)('$name', async ({ run }) => {
    const sealer = createOne({ random }, { secret: random.bytes(32) })
    await run({ sealer, other: createOther({ random }, { secret: random.bytes(32) }) })
  })
})

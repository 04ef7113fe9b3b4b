import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { createSigner, openSigningKey, SIGNING_KEY_FILE, verifySignature } from '../../src/storage/signing-key.ts'

let directory = ''
const components = {
  fileSystem: createNodeFileSystem(),
  random: { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(3) },
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kernell-key-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

describe('createSigner', () => {
  // RFC 8032, section 7.1, test 2.
  const seed = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex')
  const publicKeyHex = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'
  const signature =
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'

  it('signs as RFC 8032 says', () => {
    const signer = createSigner(seed)
    expect(signer.publicKeyHex).toBe(publicKeyHex)
    expect(Buffer.from(signer.sign(Uint8Array.of(0x72))).toString('hex')).toBe(signature)
  })

  it('is verified, and nothing else is', () => {
    const signed = {
      publicKeyHex,
      bytes: Uint8Array.of(0x72),
      signature: new Uint8Array(Buffer.from(signature, 'hex')),
    }
    expect(verifySignature(signed)).toBe(true)
    expect(verifySignature({ ...signed, bytes: Uint8Array.of(0x73) })).toBe(false)
    expect(verifySignature({ ...signed, signature: signed.signature.slice(1) })).toBe(false)
    expect(verifySignature({ ...signed, publicKeyHex: publicKeyHex.toUpperCase() })).toBe(false)
    expect(verifySignature({ ...signed, publicKeyHex: 'ff'.repeat(32) })).toBe(false)
  })

  it('takes seeds of 32 bytes only', () => {
    expect(() => createSigner(new Uint8Array(31))).toThrow(RangeError)
  })
})

describe('openSigningKey', () => {
  it('makes a key that only its owner may read, and keeps it', async () => {
    const first = await openSigningKey(components, { directory })
    const again = await openSigningKey(
      { ...components, random: { ...components.random, bytes: (count) => new Uint8Array(count) } },
      { directory },
    )
    expect(again.publicKeyHex).toBe(first.publicKeyHex)
    expect((await stat(join(directory, SIGNING_KEY_FILE))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(directory, SIGNING_KEY_FILE))).toEqual(Buffer.alloc(32, 3))
  })

  it('refuses a file that is no seed', async () => {
    await writeFile(join(directory, SIGNING_KEY_FILE), 'short')
    await expect(openSigningKey(components, { directory })).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })
})

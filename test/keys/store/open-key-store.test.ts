import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { DAY_MS, durationFromMs, HOUR_MS, timestampFromMs } from '../../../src/base/time.ts'
import { createNodeSigner, createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { encryptSecrets } from '../../../src/keys/store/key-encryption.ts'
import { attachedBytes, formatKeyFile } from '../../../src/keys/store/key-file.ts'
import { didOfSigner, keyPairOf, signKeyStatement } from '../../../src/keys/store/key-secrets.ts'
import type { KeyStore } from '../../../src/keys/store/key-store.ts'
import { openKeyStore } from '../../../src/keys/store/open-key-store.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.ts'
import { readKeyChain } from '../../../src/wire/v1/key-statements.ts'
import { exploreEveryDiskFault } from '../../torture/every-disk-fault.ts'

// Each key costs a scrypt, and some tests make many.
vi.setConfig({ testTimeout: 60_000 })

const SCRYPT = { cost: 1_024, blockSize: 8, parallelization: 1 }
const secret = (text: string): Uint8Array => new TextEncoder().encode(text)
const BYTES = Uint8Array.of(1, 2, 3)
const verifier = createNodeVerifier()

let now = 1_000
const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const clock = { now: () => timestampFromMs(now) }

function storeOver(fileSystem: ConstructorParameters<typeof FaultyFileSystem>[0] | FaultyFileSystem): KeyStore {
  const disk = fileSystem instanceof FaultyFileSystem ? fileSystem : new FaultyFileSystem(fileSystem)
  return openKeyStore({ fileSystem: disk, random, clock }, { directory: '/keys', scrypt: SCRYPT })
}

/** A key file as it was written before passphrases had a least length. */
async function weakKeyFile(secrets: Uint8Array, passphrase: Uint8Array): Promise<Uint8Array> {
  const { signer, did, sealingKey } = keyPairOf(secrets)
  const head = { v: 1, type: 'key-created', role: 'node', index: 0, recovery: undefined } as const
  const chain = [signKeyStatement({ ...head, key: did, sealingKey, createdAt: clock.now() }, [signer])]
  const encryption = { chain, scrypt: SCRYPT, salt: random.bytes(32) }
  const attached = attachedBytes(encryption)
  const init = { ...encryption, passphrase, nonce: random.bytes(12), attached }
  return formatKeyFile({ ...encryption, encrypted: await encryptSecrets(secrets, init) })
}

beforeEach(() => {
  now = 1_000
})

describe('a key store', () => {
  const passphrase = secret('correct horse')

  it('makes a key, shows it without the passphrase and signs with it', async () => {
    const keys = storeOver({})
    const created = await keys.create({ role: 'escrow', passphrase })
    expect(await keys.show('escrow')).toEqual(created)
    const signer = await keys.signer({ role: 'escrow', passphrase })
    expect(signer.publicKeyHex).toBe(created.publicKey)
    expect(created).toMatchObject({ role: 'escrow', did: didOfSigner(signer), createdAt: 1_000 })
    const publicKey = new Uint8Array(Buffer.from(created.publicKey, 'hex'))
    expect(verifier.verify({ publicKey, bytes: BYTES, signature: signer.sign(BYTES) })).toBe(true)
  })

  it('has another key for each role', async () => {
    const keys = storeOver({})
    const made = await Promise.all(
      (['node', 'escrow', 'notary'] as const).map(async (role) => await keys.create({ role, passphrase })),
    )
    expect(new Set(made.flatMap(({ publicKey, sealingKey }) => [publicKey, sealingKey])).size).toBe(6)
  })

  it('never makes a key twice', async () => {
    const keys = storeOver({})
    const [first, second] = await Promise.allSettled([
      keys.create({ role: 'node', passphrase }),
      keys.create({ role: 'node', passphrase }),
    ])
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected'])
    expect(second).toMatchObject({ reason: { code: 'KEY_EXISTS' } })
  })

  it('says what is missing and which passphrase is none', async () => {
    const keys = storeOver({})
    await expect(keys.show('node')).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await expect(keys.signer({ role: 'node', passphrase })).rejects.toMatchObject({ code: 'KEY_MISSING' })
    for (const unusable of [new Uint8Array(0), new Uint8Array(1_025)])
      await expect(keys.create({ role: 'node', passphrase: unusable })).rejects.toMatchObject({
        code: 'KEY_PASSPHRASE_UNUSABLE',
      })
    await expect(keys.show('node')).rejects.toMatchObject({ code: 'KEY_MISSING' })
  })

  it('opens with the right passphrase only, and goes on after a wrong one', async () => {
    const keys = storeOver({})
    await keys.create({ role: 'node', passphrase })
    const wrong = keys.signer({ role: 'node', passphrase: secret('correct hors') })
    await expect(wrong).rejects.toMatchObject({ code: 'KEY_PASSPHRASE_WRONG' })
    expect((await keys.signer({ role: 'node', passphrase })).sign(BYTES)).toHaveLength(64)
  })

  it('keeps no passphrase and changes none', async () => {
    const keys = storeOver({})
    const given = secret('correct horse')
    await keys.create({ role: 'node', passphrase: given })
    expect(given).toEqual(passphrase)
  })

  it('refuses parameters of scrypt that no file may have', () => {
    for (const cost of [512, 1_025, 2_097_152])
      expect(() =>
        openKeyStore(
          { fileSystem: new FaultyFileSystem(), random, clock },
          { directory: '/keys', scrypt: { ...SCRYPT, cost } },
        ),
      ).toThrow(RangeError)
  })

  it('opens what was sealed for its key, and after a rotation what was sealed before', async () => {
    const keys = storeOver({})
    await keys.create({ role: 'escrow', passphrase })
    const before = await keys.open({ role: 'escrow', passphrase })
    const sealed = before.sealer.seal(BYTES, before.sealer.publicKey)
    if (!sealed.ok) throw new Error(sealed.code)
    await keys.rotate({ role: 'escrow', passphrase })
    const { sealer, formerSealers } = await keys.open({ role: 'escrow', passphrase })
    expect(sealer.open(sealed.bytes)).toEqual({ ok: false, code: 'SEAL_BROKEN' })
    expect(formerSealers.map((former) => former.open(sealed.bytes))).toEqual([{ ok: true, bytes: BYTES }])
  })
})

describe('rotation', () => {
  const passphrase = secret('another passphrase')

  it('leaves a chain that a stranger follows from the first key to the last', async () => {
    const keys = storeOver({})
    const made = [await keys.create({ role: 'node', passphrase })]
    for (const time of [2_000, 1_500, 3_000]) {
      now = time
      made.push(await keys.rotate({ role: 'node', passphrase }))
    }
    const { chain } = await keys.show('node')
    const reading = readKeyChain(chain, {
      verify: (signed) => verifier.verify(signed),
      firstSeenAt: () => undefined,
      now: timestampFromMs(0),
    })
    expect(reading).toMatchObject({ ok: true, keys: made.map(({ did }) => did), current: { key: made.at(-1)?.did } })
    // The clock went back once: no statement is earlier than the one before.
    expect(chain.map(({ statement }) => statement.createdAt)).toEqual([1_000, 2_000, 2_000, 3_000])
    expect((await keys.signer({ role: 'node', passphrase })).publicKeyHex).toBe(made.at(-1)?.publicKey)
  })

  it('ends when the chain is full, and changes nothing then', async () => {
    const keys = storeOver({})
    await keys.create({ role: 'node', passphrase })
    for (let count = 1; count < 64; count += 1) await keys.rotate({ role: 'node', passphrase })
    const before = await keys.show('node')
    await expect(keys.rotate({ role: 'node', passphrase })).rejects.toMatchObject({ code: 'KEY_ROTATIONS_EXHAUSTED' })
    expect(await keys.show('node')).toEqual(before)
    expect((await keys.open({ role: 'node', passphrase })).formerSealers).toHaveLength(63)
  })

  it('needs the passphrase', async () => {
    const keys = storeOver({})
    const before = await keys.create({ role: 'node', passphrase })
    const refused = keys.rotate({ role: 'node', passphrase: secret('q') })
    await expect(refused).rejects.toMatchObject({ code: 'KEY_PASSPHRASE_WRONG' })
    expect(await keys.show('node')).toEqual(before)
  })
})

describe('recovery', () => {
  const passphrase = secret('another passphrase')
  const recoverySigner = createNodeSigner(new Uint8Array(32).fill(8))
  const recovery = { key: didOfSigner(recoverySigner), delayMs: HOUR_MS }

  it('makes a key in another store that counts once the delay has passed', async () => {
    const lost = storeOver({})
    await lost.create({ role: 'escrow', passphrase, recovery })
    const { chain } = await lost.rotate({ role: 'escrow', passphrase })
    const recovered = await storeOver({}).recover({ role: 'escrow', passphrase, chain, recoverySigner })
    const init = { verify: verifier.verify, firstSeenAt: () => timestampFromMs(5_000) }
    expect(readKeyChain(recovered.chain, { ...init, now: timestampFromMs(5_000 + HOUR_MS - 1) })).toMatchObject({
      code: 'KEY_RECOVERY_TOO_EARLY',
    })
    expect(readKeyChain(recovered.chain, { ...init, now: timestampFromMs(5_000 + HOUR_MS) })).toMatchObject({
      current: { key: recovered.did, recovery },
    })
  })

  it('rotates on from there', async () => {
    const { chain } = await storeOver({}).create({ role: 'escrow', passphrase, recovery })
    const keys = storeOver({})
    await keys.recover({ role: 'escrow', passphrase, chain, recoverySigner })
    expect((await keys.rotate({ role: 'escrow', passphrase })).chain).toHaveLength(3)
    expect((await keys.open({ role: 'escrow', passphrase })).formerSealers).toHaveLength(1)
  })

  it('refuses a recovery key that was not named', async () => {
    const { chain } = await storeOver({}).create({ role: 'escrow', passphrase })
    const request = { role: 'escrow', passphrase, chain, recoverySigner } as const
    await expect(storeOver({}).recover(request)).rejects.toMatchObject({ code: 'KEY_PAIR_MISMATCHED' })
  })
})

describe('what a key is kept and recovered with', () => {
  const passphrase = secret('another passphrase')
  const weak = secret('elevenchars')
  const recoverer = didOfSigner(createNodeSigner(new Uint8Array(32).fill(8)))

  it('is a passphrase of 12 characters at least, wherever something new is encrypted', async () => {
    const keys = storeOver({})
    const code = { code: 'KEY_PASSPHRASE_WEAK' }
    await expect(keys.create({ role: 'escrow', passphrase: weak })).rejects.toMatchObject(code)
    await expect(keys.show('escrow')).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await keys.create({ role: 'escrow', passphrase: secret('ä€😀345678901b') })
    const own = { role: 'escrow', passphrase: secret('ä€😀345678901b') } as const
    await expect(keys.export({ ...own, bundlePassphrase: weak })).rejects.toMatchObject(code)
    const bundle = await keys.export({ ...own, bundlePassphrase: passphrase })
    const into = storeOver({}).import(bundle, { bundlePassphrase: passphrase, passphrase: weak })
    await expect(into).rejects.toMatchObject(code)
  })

  it('opens and rotates a key that was encrypted with a shorter one before', async () => {
    const disk = new FaultyFileSystem({})
    const keys = storeOver(disk)
    const seeds = new Uint8Array(randomBytes(64))
    await disk.makeDirectory('/keys')
    await keys.create({ role: 'escrow', passphrase })
    const file = await disk.open('/keys/node.key', { mode: 'create' })
    await file.append(await weakKeyFile(seeds, weak))
    await file.close()
    expect((await keys.open({ role: 'node', passphrase: weak })).description.role).toBe('node')
    expect((await keys.rotate({ role: 'node', passphrase: weak })).chain).toHaveLength(2)
  })

  it('is another key than any before, with a delay of an hour to a year', async () => {
    const keys = storeOver({})
    const code = { code: 'KEY_RECOVERY_UNUSABLE' }
    for (const delayMs of [0, HOUR_MS - 1, 365 * DAY_MS + 1]) {
      const recovery = { key: recoverer, delayMs: durationFromMs(delayMs) }
      await expect(keys.create({ role: 'escrow', passphrase, recovery })).rejects.toMatchObject(code)
    }
    const { did } = await keys.create({ role: 'escrow', passphrase, recovery: { key: recoverer, delayMs: HOUR_MS } })
    const naming = { role: 'escrow', passphrase, recovery: { key: did, delayMs: HOUR_MS } } as const
    await expect(keys.rotate(naming)).rejects.toMatchObject(code)
    await keys.rotate({ role: 'escrow', passphrase })
    await expect(keys.rotate(naming)).rejects.toMatchObject(code)
    expect((await keys.show('escrow')).chain).toHaveLength(2)
  })

  it('signs for the keys before as long as it holds them', async () => {
    const keys = storeOver({})
    const first = await keys.create({ role: 'escrow', passphrase })
    const second = await keys.rotate({ role: 'escrow', passphrase })
    const { signer, formerSigners } = await keys.open({ role: 'escrow', passphrase })
    expect([signer, ...formerSigners].map(didOfSigner)).toEqual([second.did, first.did])
  })
})

describe('bundles', () => {
  const passphrase = secret('here and there')
  const bundlePassphrase = secret('on the way there')

  it('carry all keys of a role to another store, under passphrases of their own', async () => {
    const keys = storeOver({})
    await keys.create({ role: 'notary', passphrase })
    const rotated = await keys.rotate({ role: 'notary', passphrase })
    const bundle = await keys.export({ role: 'notary', passphrase, bundlePassphrase })
    const other = storeOver({})
    expect(await other.import(bundle, { bundlePassphrase, passphrase: secret('there and here') })).toEqual(rotated)
    expect((await other.open({ role: 'notary', passphrase: secret('there and here') })).formerSealers).toHaveLength(1)
    await expect(other.import(bundle, { bundlePassphrase, passphrase })).rejects.toMatchObject({ code: 'KEY_EXISTS' })
  })

  it('do not open with another passphrase', async () => {
    const keys = storeOver({})
    await keys.create({ role: 'node', passphrase })
    const bundle = await keys.export({ role: 'node', passphrase, bundlePassphrase })
    const other = storeOver({})
    const wrong = other.import(bundle, { bundlePassphrase: passphrase, passphrase })
    await expect(wrong).rejects.toMatchObject({ code: 'KEY_PASSPHRASE_WRONG' })
    await expect(other.show('node')).rejects.toMatchObject({ code: 'KEY_MISSING' })
  })
})

describe('a file that is not as it was written', () => {
  const passphrase = secret('another passphrase')

  it('is refused whichever byte was changed', async () => {
    const disk = new FaultyFileSystem()
    const keys = storeOver(disk)
    await keys.create({ role: 'node', passphrase })
    const file = await disk.open('/keys/node.key', { mode: 'read' })
    const size = await file.size()
    for (let position = 0; position < size - 1; position += 1) {
      disk.flipByte('/keys/node.key', position)
      await expect(keys.show('node')).rejects.toMatchObject({ code: 'KEY_FILE_CORRUPTED' })
      disk.flipByte('/keys/node.key', position)
    }
    expect(await keys.show('node')).toMatchObject({ role: 'node' })
  })

  it('is refused when its secrets are of another file, and when its parts were exchanged', async () => {
    const one = await fileOf(passphrase)
    const other = await fileOf(passphrase)
    const { nonce, check, sealed, salt, scrypt } = other
    await expect(importOf({ ...one, nonce, check, sealed, salt, scrypt })).rejects.toMatchObject({
      code: 'KEY_FILE_CORRUPTED',
    })
    await expect(importOf({ ...one, sealed })).rejects.toMatchObject({ code: 'KEY_FILE_CORRUPTED' })
    await expect(importOf(one)).resolves.toMatchObject({ role: 'node' })
  })

  it('is refused when its secrets, well encrypted, are of no key or of another than it names', async () => {
    const { chain } = await storeOver({}).create({ role: 'node', passphrase })
    const head = { chain, scrypt: SCRYPT, salt: random.bytes(32) }
    const attached = attachedBytes(head)
    for (const size of [0, 63, 64, 128]) {
      const init = { ...head, passphrase, nonce: random.bytes(12), attached }
      const bundle = formatKeyFile({ ...head, encrypted: await encryptSecrets(random.bytes(size), init) })
      const imported = storeOver({}).import(bundle, { bundlePassphrase: passphrase, passphrase })
      await expect(imported).rejects.toMatchObject({ code: 'KEY_PAIR_MISMATCHED' })
    }
  })

  it('is refused when it is newer, and says so', async () => {
    await expect(importOf({ ...(await fileOf(passphrase)), format: 2 })).rejects.toMatchObject({
      code: 'KEY_FORMAT_NEWER',
      details: { found: 2, supported: 1 },
    })
    await expect(importOf({ format: 2, all: 'new' })).rejects.toMatchObject({ code: 'KEY_FORMAT_NEWER' })
  })

  it('is refused when it asks for more memory than is given', async () => {
    const file = await fileOf(passphrase)
    for (const cost of [2 ** 21, 1_000, 0, -1])
      await expect(importOf({ ...file, scrypt: { ...SCRYPT, cost } })).rejects.toMatchObject({
        code: 'KEY_FILE_CORRUPTED',
      })
  })

  it('is refused when it is anything else', async () => {
    const keys = storeOver({})
    for (const text of ['', '[]', 'null', '3', '{"format":0}', '{"format":"1"}', '{', ' '.repeat(300_000)])
      await expect(keys.import(secret(text), { bundlePassphrase: passphrase, passphrase })).rejects.toMatchObject({
        code: 'KEY_FILE_CORRUPTED',
      })
  })

  async function fileOf(bundlePassphrase: Uint8Array): Promise<Record<string, unknown>> {
    const keys = storeOver({})
    await keys.create({ role: 'node', passphrase })
    const bundle = await keys.export({ role: 'node', passphrase, bundlePassphrase })
    return JSON.parse(new TextDecoder().decode(bundle)) as Record<string, unknown>
  }

  async function importOf(file: Record<string, unknown>): Promise<unknown> {
    const content = { ...file }
    delete content['checksum']
    const bytes = secret(canonicalJson({ ...content, checksum: sha256Hex(canonicalJson(content)) }))
    return await storeOver({}).import(bytes, { bundlePassphrase: passphrase, passphrase })
  }
})

describe('a disk that fails', () => {
  it('leaves the key before or the new one, whole, at each write and each power cut', async () => {
    const passphrase = secret('another passphrase')
    const work = async (disk: FaultyFileSystem, acknowledged: string[] = []): Promise<void> => {
      const keys = storeOver(disk)
      acknowledged.push((await keys.create({ role: 'node', passphrase })).did)
      acknowledged.push((await keys.rotate({ role: 'node', passphrase })).did)
    }
    const result = await exploreEveryDiskFault({
      seed: 1,
      work,
      judge: async (disk, cut) => {
        const failures: string[] = []
        const acknowledged: string[] = []
        // What matters is what the disk holds afterwards.
        await work(disk, acknowledged).catch(() => {})
        disk.crash(cut)
        const after = storeOver(disk)
        try {
          const { description } = await after.open({ role: 'node', passphrase })
          const last = acknowledged.at(-1)
          const dids = description.chain.map(({ statement }) => statement.key)
          if (last !== undefined && !dids.some((did) => did === last)) failures.push('an acknowledged key is gone')
          return { failures, left: description.chain.length }
        } catch (error: unknown) {
          const code = (error as { readonly code?: string }).code
          if (code !== 'KEY_MISSING' || acknowledged.length > 0) failures.push(`not readable: ${code}`)
          return { failures, left: 0 }
        }
      },
    })
    expect(result.failures).toEqual([])
    expect(result.faultPoints).toBe(14)
  })
})

describe('on the real disk', () => {
  const passphrase = secret('a passphrase that is looked for')
  let directory = ''
  let keys: KeyStore

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'kernell-keys-')), 'keys')
    keys = openKeyStore({ fileSystem: createNodeFileSystem(), random, clock }, { directory, scrypt: SCRYPT })
  })
  afterEach(async () => {
    await rm(join(directory, '..'), { recursive: true })
  })

  it('only the owner may read, and nothing else is left behind', async () => {
    await keys.create({ role: 'node', passphrase })
    await keys.rotate({ role: 'node', passphrase })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, 'node.key'))).mode & 0o777).toBe(0o600)
    expect(await readdir(directory)).toEqual(['node.key'])
  })

  it('a folder or a file that others may use is refused', async () => {
    await mkdir(directory, { mode: 0o755 })
    await chmod(directory, 0o755)
    await expect(keys.create({ role: 'node', passphrase })).rejects.toMatchObject({
      code: 'KEY_STORE_PERMISSIONS',
      details: { path: directory, mode: '755' },
    })
    await chmod(directory, 0o700)
    await keys.create({ role: 'node', passphrase })
    await chmod(join(directory, 'node.key'), 0o640)
    await expect(keys.show('node')).rejects.toMatchObject({ code: 'KEY_STORE_PERMISSIONS', details: { mode: '640' } })
  })

  it('neither the passphrase nor a seed is in the file', async () => {
    const drawn: Uint8Array[] = []
    const noting = {
      ...random,
      bytes: (count: number) => (drawn.push(random.bytes(count)), drawn.at(-1)?.slice() ?? new Uint8Array()),
    }
    keys = openKeyStore({ fileSystem: createNodeFileSystem(), random: noting, clock }, { directory, scrypt: SCRYPT })
    await keys.create({ role: 'node', passphrase })
    const bytes = await readFile(join(directory, 'node.key'))
    expect(bytes.includes(Buffer.from(passphrase))).toBe(false)
    const [secrets] = drawn
    for (const encoding of ['hex', 'base64url', 'latin1'] as const) {
      const seed = Buffer.from(secrets?.subarray(0, 32) ?? []).toString(encoding)
      expect(seed.length).toBeGreaterThan(31)
      expect(bytes.toString('latin1').includes(seed.slice(0, 30))).toBe(false)
    }
  })
})

import { CodedError } from '../../base/errors.ts'
import { timestampFromMs } from '../../base/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { Random } from '../../ports/random.ts'
import type { Sealer } from '../../ports/sealer.ts'
import type { Signer } from '../../ports/signer.ts'
import {
  hashOfKeyStatement,
  KEY_CHAIN_MAX,
  type KeyRecovery,
  type KeyRole,
  type KeyStatement,
  readKeyChain,
  type SignedKeyStatement,
} from '../../wire/v1/key-statements.ts'
import { publicKeyOfDid } from '../../wire/v1/did-key.ts'
import { createNodeVerifier } from '../node-signatures.ts'
import { createNodeSealer } from '../sealers.ts'
import { KeyDirectory } from './key-directory.ts'
import {
  decryptSecrets,
  encryptSecrets,
  NONCE_BYTES,
  SALT_BYTES,
  SCRYPT_DEFAULT,
  type ScryptParameters,
} from './key-encryption.ts'
import {
  attachedBytes,
  checkScryptParameters,
  corrupted,
  formatKeyFile,
  type KeyFile,
  parseKeyFile,
} from './key-file.ts'
import type { KeyDescription, KeyRequest, KeyStore, OpenKey } from './key-store.ts'
import { refuseRecovery, refuseWeak } from './key-rules.ts'
import { drawSecrets, keyPairOf, sealingSecretOf, SECRETS_BYTES, signKeyStatement } from './key-secrets.ts'

export type KeyStoreComponents = {
  readonly fileSystem: FileSystem
  readonly random: Random
  readonly clock: Pick<Clock, 'now'>
}

export type KeyStoreInit = {
  /** Made with the first key, mode 0700. */
  readonly directory: string
  /** For keys that are written; absent: 128 MiB, about 0.4 s. Keys that are read say their own. */
  readonly scrypt?: ScryptParameters
}

/** Opens the keys of a directory; reads nothing yet. Throws `RangeError` for parameters of scrypt that no file may have. */
export function openKeyStore(components: KeyStoreComponents, init: KeyStoreInit): KeyStore {
  const parameters = init.scrypt ?? SCRYPT_DEFAULT
  checkScryptParameters(parameters)
  const keys = new StoredKeys(components, { directory: init.directory, parameters })
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work, work)
    last = result.catch(() => {})
    return await result
  }
  return {
    create: async (request) => await inTurn(async () => await keys.create(request)),
    show: async (role) => await inTurn(async () => describe(await keys.read(role))),
    rotate: async (request) => await inTurn(async () => await keys.rotate(request)),
    export: async (request) => await inTurn(async () => await keys.export(request)),
    import: async (bundle, request) => await inTurn(async () => await keys.import(bundle, request)),
    recover: async (request) => await inTurn(async () => await keys.recover(request)),
    open: async (request) => await inTurn(async () => await keys.open(request)),
    formerSigner: async (request) => await inTurn(async () => await keys.formerSigner(request)),
    signer: async (request) => await inTurn(async () => (await keys.open(request)).signer),
  }
}

class StoredKeys {
  private readonly components: KeyStoreComponents
  private readonly directory: KeyDirectory
  private readonly parameters: ScryptParameters

  constructor(
    components: KeyStoreComponents,
    init: { readonly directory: string; readonly parameters: ScryptParameters },
  ) {
    this.components = components
    this.directory = new KeyDirectory(components.fileSystem, init.directory)
    this.parameters = init.parameters
  }

  async create({ role, passphrase, recovery }: Parameters<KeyStore['create']>[0]): Promise<KeyDescription> {
    await this.refuseExisting(role)
    refuseWeak(passphrase)
    refuseRecovery(recovery, [])
    return await this.withSecrets(drawSecrets(this.components.random), async (secrets) => {
      const { signer, did, sealingKey } = keyPairOf(secrets)
      const createdAt = this.components.clock.now()
      const statement = {
        v: 1,
        type: 'key-created',
        role,
        index: 0,
        key: did,
        sealingKey,
        recovery,
        createdAt,
      } as const
      return await this.write([signKeyStatement(statement, [signer])], { secrets, passphrase })
    })
  }

  async rotate({ role, passphrase, recovery }: Parameters<KeyStore['rotate']>[0]): Promise<KeyDescription> {
    const file = await this.read(role)
    refuseRecovery(recovery, file.chain)
    return await this.withSecrets(await this.decrypt(file, passphrase), async (former) => {
      const signer = keyPairOf(former).signer
      return await this.append(file.chain, { type: 'key-rotated', former, signer, passphrase, recovery })
    })
  }

  async recover(request: Parameters<KeyStore['recover']>[0]): Promise<KeyDescription> {
    const { role, chain, recoverySigner, passphrase, recovery } = request
    await this.refuseExisting(role)
    refuseWeak(passphrase)
    refuseRecovery(recovery, chain)
    const { current } = readOwnChain(chain, { role, name: 'the chain of statements' })
    const named = current.recovery && publicKeyOfDid(current.recovery.key)
    if (named === undefined || Buffer.from(named).toString('hex') !== recoverySigner.publicKeyHex) {
      throw new CodedError('KEY_PAIR_MISMATCHED', {
        message: `The last statement about the key of role ${role} does not name this recovery key`,
        details: { role },
      })
    }
    const former = new Uint8Array(0)
    return await this.append(chain, { type: 'key-recovered', former, signer: recoverySigner, passphrase, recovery })
  }

  async export({ role, passphrase, bundlePassphrase }: Parameters<KeyStore['export']>[0]): Promise<Uint8Array> {
    refuseWeak(bundlePassphrase)
    const file = await this.read(role)
    return await this.withSecrets(await this.decrypt(file, passphrase), async (secrets) =>
      formatKeyFile(await this.encrypt(file.chain, { secrets, passphrase: bundlePassphrase })),
    )
  }

  async import(bundle: Uint8Array, request: Parameters<KeyStore['import']>[1]): Promise<KeyDescription> {
    const file = parseKeyFile(bundle, 'The bundle')
    const { role } = readOwnChain(file.chain, { name: 'The bundle' }).current
    await this.refuseExisting(role)
    refuseWeak(request.passphrase)
    return await this.withSecrets(
      await this.decrypt(file, request.bundlePassphrase),
      async (secrets) => await this.write(file.chain, { secrets, passphrase: request.passphrase }),
    )
  }

  async open({ role, passphrase }: KeyRequest): Promise<OpenKey> {
    const file = await this.read(role)
    return await this.withSecrets(await this.decrypt(file, passphrase), async (secrets) => {
      const sealers: Sealer[] = []
      const signers: Signer[] = []
      for (let start = 0; start < secrets.byteLength; start += SECRETS_BYTES) {
        const own = secrets.subarray(start, start + SECRETS_BYTES)
        sealers.push(createNodeSealer(this.components, { secret: sealingSecretOf(own) }))
        signers.push(keyPairOf(own).signer)
      }
      const [[sealer, ...formerSealers], [signer, ...formerSigners]] = [sealers, signers]
      if (sealer === undefined || signer === undefined)
        throw corrupted(this.directory.pathOf(role), 'it holds no secret')
      return { description: describe(file), signer, formerSigners, sealer, formerSealers }
    })
  }

  async formerSigner({ role, passphrase, did }: Parameters<KeyStore['formerSigner']>[0]): Promise<Signer> {
    const file = await this.read(role)
    return await this.withSecrets(await this.decrypt(file, passphrase), async (secrets) => {
      for (let start = 0; start < secrets.byteLength; start += SECRETS_BYTES) {
        const pair = keyPairOf(secrets.subarray(start, start + SECRETS_BYTES))
        if (pair.did === did) return await Promise.resolve(pair.signer)
      }
      throw new CodedError('KEY_MISSING', { message: `${did} is no key of role ${role} here`, details: { role, did } })
    })
  }

  async read(role: KeyRole): Promise<KeyFile> {
    const name = this.directory.pathOf(role)
    const file = parseKeyFile(await this.directory.read(role), name)
    readOwnChain(file.chain, { role, name })
    return file
  }

  private async append(
    chain: readonly SignedKeyStatement[],
    change: {
      readonly type: 'key-rotated' | 'key-recovered'
      /** Secrets of the keys before, the newest first. */
      readonly former: Uint8Array
      /** Signs before the new key does. */
      readonly signer: Signer
      readonly passphrase: Uint8Array
      readonly recovery?: KeyRecovery | undefined
    },
  ): Promise<KeyDescription> {
    const before = chain.at(-1)?.statement
    if (before === undefined || chain.length >= KEY_CHAIN_MAX)
      throw new CodedError('KEY_ROTATIONS_EXHAUSTED', { message: `A key has at most ${KEY_CHAIN_MAX} statements` })
    const { random, clock } = this.components
    const fresh = drawSecrets(random)
    const all = new Uint8Array(fresh.byteLength + change.former.byteLength)
    all.set(fresh)
    all.set(change.former, fresh.byteLength)
    fresh.fill(0)
    return await this.withSecrets(all, async (secrets) => {
      const { signer, did, sealingKey } = keyPairOf(secrets)
      const statement: KeyStatement = {
        v: 1,
        type: change.type,
        role: before.role,
        index: chain.length,
        prev: hashOfKeyStatement(before),
        from: before.key,
        key: did,
        sealingKey,
        recovery: change.recovery ?? before.recovery,
        // A clock that was set back gives no earlier statement.
        createdAt: clock.now() < before.createdAt ? before.createdAt : clock.now(),
      }
      const signed = signKeyStatement(statement, [change.signer, signer])
      return await this.write([...chain, signed], { secrets, passphrase: change.passphrase })
    })
  }

  private async write(
    chain: readonly SignedKeyStatement[],
    init: { readonly secrets: Uint8Array; readonly passphrase: Uint8Array },
  ): Promise<KeyDescription> {
    const file = await this.encrypt(chain, init)
    const { role } = readOwnChain(chain, { name: 'The key' }).current
    await this.directory.write(role, formatKeyFile(file))
    return describe(file)
  }

  private async encrypt(
    chain: readonly SignedKeyStatement[],
    { secrets, passphrase }: { readonly secrets: Uint8Array; readonly passphrase: Uint8Array },
  ): Promise<KeyFile> {
    const { random } = this.components
    const head = { chain, scrypt: this.parameters, salt: new Uint8Array(random.bytes(SALT_BYTES)) }
    const nonce = new Uint8Array(random.bytes(NONCE_BYTES))
    const attached = attachedBytes(head)
    return { ...head, encrypted: await encryptSecrets(secrets, { ...head, passphrase, nonce, attached }) }
  }

  /** Secrets of all keys, which belong to the chain. */
  private async decrypt(file: KeyFile, passphrase: Uint8Array): Promise<Uint8Array> {
    const secrets = await decryptSecrets({ ...file, passphrase, attached: attachedBytes(file) })
    const count = secrets.byteLength / SECRETS_BYTES
    const current = file.chain.at(-1)?.statement
    if (Number.isInteger(count) && count >= 1 && count <= file.chain.length) {
      const { did, sealingKey } = keyPairOf(secrets)
      if (current?.key === did && current.sealingKey === sealingKey) return secrets
    }
    secrets.fill(0)
    throw new CodedError('KEY_PAIR_MISMATCHED', { message: 'The secrets are not those of the public key beside them' })
  }

  private async refuseExisting(role: KeyRole): Promise<void> {
    if (await this.directory.has(role))
      throw new CodedError('KEY_EXISTS', {
        message: `${this.directory.pathOf(role)} is there already`,
        details: { role },
      })
  }

  /** Overwrites the secrets when the work has ended, whichever way. */
  private async withSecrets<Result>(
    secrets: Uint8Array,
    work: (secrets: Uint8Array) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work(secrets)
    } finally {
      secrets.fill(0)
    }
  }
}

/** A chain from the owner's own disk: claims of recovery in it are the owner's, so their delay is not asked about. */
function readOwnChain(
  chain: readonly SignedKeyStatement[],
  { role, name }: { readonly role?: KeyRole; readonly name: string },
): { readonly current: KeyStatement } {
  const verifier = createNodeVerifier({ keysMax: 4 })
  const now = timestampFromMs(Number.MAX_SAFE_INTEGER)
  const reading = readKeyChain(chain, {
    verify: (signed) => verifier.verify(signed),
    firstSeenAt: () => timestampFromMs(0),
    now,
  })
  if (!reading.ok) throw corrupted(name, `statement ${reading.index} is refused: ${reading.code}`)
  if (role !== undefined && reading.current.role !== role)
    throw corrupted(name, `it is a key of role ${reading.current.role}`)
  return { current: reading.current }
}

function describe({ chain }: Pick<KeyFile, 'chain'>): KeyDescription {
  const { current } = readOwnChain(chain, { name: 'The key' })
  const { role, key, sealingKey, createdAt, recovery } = current
  const publicKey = Buffer.from(publicKeyOfDid(key) ?? []).toString('hex')
  return { role, did: key, publicKey, sealingKey, createdAt, ...(recovery && { recovery }), chain }
}

import { createCipheriv, createDecipheriv, scrypt, timingSafeEqual } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'

/**
 * How much work a guess of a passphrase costs (RFC 7914): `128 * cost * blockSize` bytes of memory, `parallelization` times.
 */
export type ScryptParameters = {
  /** A power of two, from 1,024 to 1,048,576. */
  readonly cost: number
  /** 1 to 16. */
  readonly blockSize: number
  /** 1 to 4. */
  readonly parallelization: number
}

/** 128 MiB and about 0.4 s: what OWASP's Password Storage Cheat Sheet asks of scrypt first. */
export const SCRYPT_DEFAULT: ScryptParameters = { cost: 131_072, blockSize: 8, parallelization: 1 }
export const SALT_BYTES = 32
export const NONCE_BYTES = 12
export const CHECK_BYTES = 32
export const PASSPHRASE_BYTES_MAX = 1_024
const KEY_BYTES = 32
const TAG_BYTES = 16

export type EncryptionHead = { readonly scrypt: ScryptParameters; readonly salt: Uint8Array }

export type Encrypted = {
  /** AES-256-GCM, 12 bytes, fresh for each encryption; so is the salt, and with it the key. */
  readonly nonce: Uint8Array
  /** Tells a wrong passphrase from a broken file: the second half of what scrypt yields. */
  readonly check: Uint8Array
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array
}

export type EncryptInit = EncryptionHead & {
  readonly passphrase: Uint8Array
  readonly nonce: Uint8Array
  /** Bound to the ciphertext and not encrypted. */
  readonly attached: Uint8Array
}

/** Encrypts `secrets`, which stay the caller's to overwrite. Throws `KEY_PASSPHRASE_UNUSABLE`. */
export async function encryptSecrets(secrets: Uint8Array, init: EncryptInit): Promise<Encrypted> {
  const { key, check } = await deriveKey(init.passphrase, init)
  try {
    const cipher = createCipheriv('aes-256-gcm', key, init.nonce)
    cipher.setAAD(init.attached)
    const parts = [cipher.update(secrets), cipher.final(), cipher.getAuthTag()]
    return { nonce: init.nonce, check, sealed: new Uint8Array(Buffer.concat(parts)) }
  } finally {
    key.fill(0)
  }
}

export type DecryptInit = Omit<EncryptInit, 'nonce'> & { readonly encrypted: Encrypted }

/**
 * The secrets; the caller overwrites them after use.
 *
 * @throws `KEY_PASSPHRASE_UNUSABLE`, `KEY_PASSPHRASE_WRONG`; `KEY_FILE_CORRUPTED` where the passphrase is right and the content is not as it was written.
 */
export async function decryptSecrets({ passphrase, encrypted, attached, ...head }: DecryptInit): Promise<Uint8Array> {
  const { key, check } = await deriveKey(passphrase, head)
  try {
    if (encrypted.check.byteLength !== CHECK_BYTES || !timingSafeEqual(check, encrypted.check))
      throw new CodedError('KEY_PASSPHRASE_WRONG', { message: 'The passphrase does not open this key' })
    return opened(key, encrypted, attached)
  } finally {
    key.fill(0)
  }
}

function opened(key: Uint8Array, { nonce, sealed }: Encrypted, attached: Uint8Array): Uint8Array {
  const end = sealed.byteLength - TAG_BYTES
  const parts: Buffer[] = []
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(attached)
    decipher.setAuthTag(sealed.subarray(end))
    parts.push(decipher.update(sealed.subarray(0, end)), decipher.final())
    return new Uint8Array(Buffer.concat(parts))
  } catch {
    // Without the cause: nothing of what was decrypted may get into a log.
    throw new CodedError('KEY_FILE_CORRUPTED', { message: 'The encrypted part of the key was changed' })
  } finally {
    for (const part of parts) part.fill(0)
  }
}

async function deriveKey(
  passphrase: Uint8Array,
  { scrypt: parameters, salt }: EncryptionHead,
): Promise<{ readonly key: Uint8Array; readonly check: Uint8Array }> {
  if (passphrase.byteLength === 0 || passphrase.byteLength > PASSPHRASE_BYTES_MAX) {
    throw new CodedError('KEY_PASSPHRASE_UNUSABLE', {
      message: `A passphrase has 1 to ${PASSPHRASE_BYTES_MAX} bytes, and this one ${passphrase.byteLength}`,
    })
  }
  const derived = await scryptBytes(passphrase, { salt, parameters })
  const key = new Uint8Array(derived.subarray(0, KEY_BYTES))
  const check = new Uint8Array(derived.subarray(KEY_BYTES))
  derived.fill(0)
  return { key, check }
}

/** In a thread of the platform's. */
async function scryptBytes(
  passphrase: Uint8Array,
  { salt, parameters }: { readonly salt: Uint8Array; readonly parameters: ScryptParameters },
): Promise<Buffer> {
  const { cost, blockSize, parallelization } = parameters
  const maxmem = 256 * cost * blockSize * parallelization
  return await new Promise((resolve, reject) => {
    scrypt(
      passphrase,
      salt,
      KEY_BYTES + CHECK_BYTES,
      { cost, blockSize, parallelization, maxmem },
      (error, derived) => {
        if (error === null) resolve(derived)
        else reject(error)
      },
    )
  })
}

import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Sealer } from '../../ports/sealer.ts'
import type { Signer } from '../../ports/signer.ts'
import type { KeyRecovery, KeyRole, SignedKeyStatement } from '../../wire/v1/key-statements.ts'

/** What anybody may know of a key. */
export type KeyDescription = {
  readonly role: KeyRole
  readonly did: Did
  /** 64 lower-case hexadecimal digits. */
  readonly publicKey: string
  /** X25519 key for sealed payloads, base64url. */
  readonly sealingKey: string
  /** When this key took its place. */
  readonly createdAt: Timestamp
  readonly recovery?: KeyRecovery | undefined
  /** The statements from the first key on; `readKeyChain` follows them. */
  readonly chain: readonly SignedKeyStatement[]
}

/** A key that was opened with its passphrase. */
export type OpenKey = {
  readonly description: KeyDescription
  readonly signer: Signer
  /** Sign for the keys before, the newest first: for what they have signed and is not over. Of a key that was lost there is none. */
  readonly formerSigners: readonly Signer[]
  /** Seals with, and opens what was sealed for, the key that counts now. */
  readonly sealer: Sealer
  /** Open what was sealed for the keys before, the newest first. */
  readonly formerSealers: readonly Sealer[]
}

/**
 * A passphrase is UTF-8 bytes, 1 to 1,024; it is read and not kept, and the caller may overwrite it after the call. One that something new is encrypted with has 12
 * characters at least; what was encrypted with a shorter one before opens as ever.
 */
export type KeyRequest = { readonly role: KeyRole; readonly passphrase: Uint8Array }

/**
 * Keys on the disk, one for each role. Every method that needs secrets costs one scrypt or two. Calls are served one after another.
 *
 * Besides what is said below, all throw `KEY_STORE_PERMISSIONS`, `KEY_FILE_CORRUPTED`, `KEY_FORMAT_NEWER`, `STORE_READ_FAILED` and `STORE_WRITE_FAILED`;
 * whatever takes a passphrase throws `KEY_PASSPHRASE_WRONG` and `KEY_PASSPHRASE_UNUSABLE`. A call that throws has changed
 * nothing; only after `STORE_WRITE_FAILED` may the new key be there, whole, instead of the one before.
 */
export type KeyStore = {
  /** Throws `KEY_EXISTS`, `KEY_PASSPHRASE_WEAK`, `KEY_RECOVERY_UNUSABLE`. */
  create(request: KeyRequest & { readonly recovery?: KeyRecovery }): Promise<KeyDescription>
  /** Needs no passphrase. Throws `KEY_MISSING`. */
  show(role: KeyRole): Promise<KeyDescription>
  /** Makes another key in its place; the ones before are kept. Throws `KEY_MISSING`, `KEY_ROTATIONS_EXHAUSTED`, `KEY_RECOVERY_UNUSABLE`. */
  rotate(request: KeyRequest & { readonly recovery?: KeyRecovery }): Promise<KeyDescription>
  /** All keys of the role under another passphrase, as bytes for a file. Throws `KEY_MISSING`, `KEY_PASSPHRASE_WEAK`. */
  export(request: KeyRequest & { readonly bundlePassphrase: Uint8Array }): Promise<Uint8Array>
  /** Takes a bundle; its role is the one that it was made for. Throws `KEY_EXISTS`, `KEY_PASSPHRASE_WEAK`. */
  import(
    bundle: Uint8Array,
    request: { readonly bundlePassphrase: Uint8Array; readonly passphrase: Uint8Array },
  ): Promise<KeyDescription>
  /**
   * Makes a key in place of one that was lost; the signer is the recovery key that its last statement names. That one goes on as the recovery key, unless another is
   * named. Throws `KEY_EXISTS`, `KEY_PAIR_MISMATCHED`, `KEY_PASSPHRASE_WEAK`, `KEY_RECOVERY_UNUSABLE`.
   */
  recover(
    request: KeyRequest & {
      readonly chain: readonly SignedKeyStatement[]
      readonly recoverySigner: Signer
      readonly recovery?: KeyRecovery
    },
  ): Promise<KeyDescription>
  /** Throws `KEY_MISSING`. */
  open(request: KeyRequest): Promise<OpenKey>
  /** Signs with a key of the role that another one has taken the place of, or with the one that counts now. Throws `KEY_MISSING` for a DID that is none of them. */
  formerSigner(request: KeyRequest & { readonly did: Did }): Promise<Signer>
  /** As `open`, where nothing but signing is wanted. */
  signer(request: KeyRequest): Promise<Signer>
}

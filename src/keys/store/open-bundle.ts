import { CodedError } from '../../base/errors.ts'
import type { Signer } from '../../ports/signer.ts'
import { decryptSecrets } from './key-encryption.ts'
import { attachedBytes, parseKeyFile } from './key-file.ts'
import { didOfSigner, keyPairOf } from './key-secrets.ts'

/**
 * The key of a bundle, without a store to keep it in. Rejects with `KEY_FORMAT_NEWER`, `KEY_FILE_CORRUPTED`, `KEY_PASSPHRASE_WRONG`, `KEY_PASSPHRASE_UNUSABLE`,
 * `KEY_PAIR_MISMATCHED`.
 */
export async function openBundle(bytes: Uint8Array, passphrase: Uint8Array): Promise<Signer> {
  const file = parseKeyFile(bytes, 'The bundle')
  const secrets = await decryptSecrets({ ...file, passphrase, attached: attachedBytes(file) })
  try {
    const { signer } = keyPairOf(secrets)
    if (file.chain.at(-1)?.statement.key === didOfSigner(signer)) return signer
    throw new CodedError('KEY_PAIR_MISMATCHED', { message: 'The bundle holds another key than its statements name' })
  } finally {
    secrets.fill(0)
  }
}

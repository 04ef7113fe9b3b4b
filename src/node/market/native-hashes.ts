import { createHash } from 'node:crypto'
import type { NotaryHashes } from '../../market/notary/notary-service-init.ts'

/** SHA-256 of the platform: the same digests as `src/base/sha256.ts`, many times faster. */
export const NATIVE_HASHES: NotaryHashes = {
  ofBytes: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  hexOfBytes: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  hexOfText: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
}

import { sha256, sha256Hex } from '../../base/sha256.ts'
import type { NotaryHashes } from '../notary/notary-service-init.ts'

/** SHA-256 of `src/base`, which is the platform's where there is one, and the same everywhere. */
export const PORTABLE_HASHES: NotaryHashes = { ofBytes: sha256, hexOfText: sha256Hex }

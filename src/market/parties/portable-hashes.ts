import { sha256, sha256Hex } from '../../base/sha256.ts'
import type { NotaryHashes } from '../notary/notary-service-init.ts'

/** SHA-256 in plain TypeScript, for places without a native one. */
export const PORTABLE_HASHES: NotaryHashes = { ofBytes: sha256, hexOfText: sha256Hex }

/**
 * Writes protocol/vectors/v1/ucan.json: capability tokens with what becomes of them. Keys and nonces are fixed, so every run writes the same bytes.
 *
 * `node scripts/protocol-vectors/ucan-vectors.ts`
 */
import { writeFileSync } from 'node:fs'
import { restartNonces, type UcanVector } from './ucan-builder.ts'
import {
  alignmentVectors,
  allowedVectors,
  grantVectors,
  replayVectors,
  revocationVectors,
} from './ucan-chain-vectors.ts'
import { envelopeVectors, fieldVectors, policyVectors } from './ucan-codec-vectors.ts'

/** All vectors, in the order of the file. */
export function ucanVectors(): readonly UcanVector[] {
  restartNonces()
  return [
    ...allowedVectors(),
    ...grantVectors(),
    ...alignmentVectors(),
    ...revocationVectors(),
    ...replayVectors(),
    ...envelopeVectors(),
    ...fieldVectors(),
    ...policyVectors(),
  ]
}

/** The text of the file. */
export function ucanVectorsText(): string {
  return `${JSON.stringify({ version: 1, vectors: ucanVectors() }, null, 2)}\n`
}

if (import.meta.main) {
  writeFileSync(new URL('../../protocol/vectors/v1/ucan.json', import.meta.url), ucanVectorsText())
}

import { readFile } from 'node:fs/promises'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { formatSetDocument, parseSetDocument } from '../../market/notary/set-document.ts'
import { unreadableFile } from '../unreadable-file.ts'

/**
 * The document that `kernell notary-set create` or `advance` wrote: a set, and those that kept its log before. Rejects with `COMMAND_INVALID` for a file that is none,
 * and says why.
 */
export async function readNotarySet(path: string): Promise<SetLineage> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadableFile('COMMAND_INVALID', { named: `The notary set ${path}`, file: path, cause })
  })
  return parseNotarySet(text, path)
}

/** Throws `COMMAND_INVALID`. */
export function parseNotarySet(text: string, name: string): SetLineage {
  return parseSetDocument(text, { name, verify: verifySignatureWith(createNodeVerifier()) })
}

/** The text that `parseNotarySet` reads. */
export function formatNotarySet(lineage: SetLineage): string {
  return formatSetDocument(lineage)
}

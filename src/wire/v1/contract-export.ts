/**
 * A contract as a file: its terms, every envelope and receipt in the order of the notary set, and the set's document. Whoever has it needs nothing else to check the
 * contract, and `src/market/parties/contracts/contract-export.ts` does. Here is its shape.
 *
 * ```text
 * {"contract":"<hash>","evidence":[{"envelope":"{...}","receipt":"{...}"},...],"hash":"<hash>","set":{...},"terms":"{...}","v":1}
 * ```
 *
 * @see protocol/spec/market.md#exports
 */
import { z } from 'zod'
import { canonicalJson } from '../../base/canonical-json.ts'
import type { ContractId, Hash } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { CONTRACT_ID, HASH } from './fields.ts'
import type { FormerSet } from '../../core/notary/set-lineage.ts'
import { NOTARY_SET, NOTARY_SET_DOCUMENT } from './notary-messages.ts'

const STEPS_MAX = 4_096

const EXPORT = z.strictObject({
  v: z.literal(1),
  contract: CONTRACT_ID,
  set: NOTARY_SET,
  /** Sets before it, from the one that the contract names on; absent where it names this one. */
  before: NOTARY_SET_DOCUMENT.shape.before,
  /** Canonical text. */
  terms: z.string(),
  /** Each as its canonical text; a step that the stamp brought has no envelope. */
  evidence: z.array(z.strictObject({ envelope: z.string().optional(), receipt: z.string() })).max(STEPS_MAX),
  /** SHA-256 of all of the above, so that bytes that are nobody's signature are covered too. */
  hash: HASH,
})

export type ContractExport = {
  readonly v: 1
  readonly contract: ContractId
  readonly set: NotarySet
  readonly before?: readonly FormerSet[] | undefined
  readonly terms: string
  readonly evidence: readonly { readonly envelope?: string | undefined; readonly receipt: string }[]
  readonly hash: Hash
}

/** Reads the canonical text of an export; `undefined` for anything else. Nothing in it is checked. Never throws. */
export function readContractExport(text: string): ContractExport | undefined {
  try {
    const read = EXPORT.safeParse(JSON.parse(text))
    return read.success && canonicalJson(read.data) === text ? read.data : undefined
  } catch {
    return undefined
  }
}

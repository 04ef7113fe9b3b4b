import { readFile } from 'node:fs/promises'
import { isTerminal } from '../../../core/escrow/escrow-state.ts'
import type { SetLineage } from '../../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { EXPORT_FAULTS, verifyExport } from '../../../market/parties/contracts/contract-export.ts'
import { explainRefusal } from '../desks/market-refusals.ts'
import { unreadableFile } from '../../unreadable-file.ts'

/** What `kernell escrow verify` prints. */
export type ExportVerification = {
  readonly ok: boolean
  readonly contract: string | null
  readonly state: string | null
  readonly custody: string | null
  /** Steps that were replayed, all of them right. */
  readonly steps: number
  /** The last step: the contract stood so then, and what came later is not in the file; `null` where something is wrong. */
  readonly asOf: { readonly seq: number; readonly at: number } | null
  /** Whether the contract has ended, so that nothing can come any more. */
  readonly ended: boolean
  /** What is wrong, and at which step from 0; `null` where nothing is. */
  readonly code: string | null
  readonly step: number | null
  readonly cause?: string
  readonly remedy?: string
}

export type VerifyEvidenceInit = { readonly path: string; readonly set?: SetLineage }

/** Checks a file that `kernell escrow export` wrote, from its bytes alone. Rejects with `COMMAND_INVALID` for a file that cannot be read. */
export async function verifyEvidence({ path, set }: VerifyEvidenceInit): Promise<ExportVerification> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${path}`, file: path, cause })
  })
  const verify = verifySignatureWith(createNodeVerifier())
  const verified = verifyExport(new Uint8Array(bytes), { verify, ...(set !== undefined && { set }) })
  if (verified.kind === 'verified') {
    const { contract, state, steps } = verified
    const custody = state.terms.custodyLabel
    const last = steps.at(-1)?.transition
    return {
      ok: true,
      contract,
      state: state.kind,
      custody,
      steps: steps.length,
      asOf: last === undefined ? null : { seq: last.seq, at: last.at },
      ended: isTerminal(state),
      code: null,
      step: null,
    }
  }
  const { code, step } = verified
  const known = Object.hasOwn(EXPORT_FAULTS, code)
    ? Object.entries(EXPORT_FAULTS).find(([name]) => name === code)?.[1]
    : explainRefusal(code)
  return {
    ok: false,
    contract: null,
    state: null,
    custody: null,
    steps: step ?? 0,
    asOf: null,
    ended: false,
    code,
    step: step ?? null,
    ...(known !== undefined && { cause: known.cause, remedy: known.remedy }),
  }
}

import { canonicalJson } from '../../../base/canonical-json.ts'
import type { EscrowState } from '../../../core/escrow/escrow-state.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import { checkNotarySet, type NotarySet } from '../../../core/notary/notary-set.ts'
import { firstSetOf, idsOf, refuseLineage, type SetLineage } from '../../../core/notary/set-lineage.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import type { VerifyBytes } from '../../../wire/v1/authenticate.ts'
import { readContractExport } from '../../../wire/v1/contract-export.ts'
import { termsText } from '../../../wire/v1/escrow-events.ts'
import { ContractReplay, type ReplayFault, verifyStatementWith } from './contract-replay.ts'
import { hashOfBytes } from './task-package.ts'

/** Bytes of one export at most. */
export const EXPORT_BYTES_MAX = 16_777_216
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()
const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/** Why an export is not taken. */
export const EXPORT_FAULTS = {
  EXPORT_MALFORMED: {
    cause: 'The file is no export of this version, or not in its canonical form.',
    remedy: 'Export the contract again.',
  },
  EXPORT_HASH_WRONG: { cause: 'A byte of the file was changed.', remedy: 'Export the contract again.' },
  EXPORT_SET_WRONG: {
    cause: 'The notary set of the file is none, or not the one that was asked for or that the contract names.',
    remedy: 'Check with the document of the set that the contract names.',
  },
  EXPORT_TERMS_WRONG: {
    cause: 'The terms of the file do not hash to the contract, or are not those of its offer.',
    remedy: 'Export the contract again.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type ExportFault = keyof typeof EXPORT_FAULTS | ReplayFault

/**
 * What a file of a contract shows by itself, or the first fault in it. `set` is the one that the file carries; `step` is absent where the fault is not in
 * one step.
 */
export type VerifiedExport =
  | {
      readonly kind: 'verified'
      readonly contract: ContractId
      readonly set: NotarySet
      readonly state: EscrowState
      readonly steps: ContractReplay['steps']
    }
  | {
      readonly kind: 'refused'
      readonly code: ExportFault
      /** Step of the evidence, from 0. */ readonly step?: number
    }

/** One contract as a file that anybody can check offline; `undefined` when the set does not know it. */
export async function exportContract(
  notary: Pick<NotaryClient, 'set' | 'before' | 'evidence'>,
  contract: ContractId,
  verify: VerifyBytes,
): Promise<Uint8Array | undefined> {
  const evidence = await notary.evidence(contract)
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  for (const piece of evidence) replay.take(piece)
  if (replay.state === undefined) return undefined
  const { id } = replay.state.terms.notarySet
  const all = notary.before ?? []
  const from = all.findIndex((former) => former.set.id === id)
  const before = from < 0 ? [] : all.slice(from)
  const content = {
    v: 1,
    contract,
    set: notary.set,
    ...(before.length > 0 && { before }),
    terms: termsText(replay.state.terms),
    evidence: evidence.map(({ envelope, receipt }) => ({
      ...(envelope !== undefined && { envelope: DECODER.decode(envelope) }),
      receipt: DECODER.decode(receipt),
    })),
  }
  const hash = hashOfBytes(ENCODER.encode(canonicalJson(content)))
  return ENCODER.encode(canonicalJson({ ...content, hash }))
}

/**
 * Checks a file of `exportContract` without asking anybody: hashes, every signature, every certificate, and the state table from the offer on. `set`: the set that the
 * reader trusts; without it the file is checked with the set that it carries, which its contract names by hash.
 */
export function verifyExport(
  bytes: Uint8Array,
  { verify, set: trusted }: { readonly verify: VerifyBytes; readonly set?: NotarySet | SetLineage },
): VerifiedExport {
  const text = bytes.byteLength > EXPORT_BYTES_MAX ? undefined : decodeUtf8(bytes)
  const read = text === undefined ? undefined : readContractExport(text)
  if (read === undefined) return { kind: 'refused', code: 'EXPORT_MALFORMED' }
  const { hash, ...content } = read
  const { contract } = content
  if (hashOfBytes(ENCODER.encode(canonicalJson(content))) !== hash)
    return { kind: 'refused', code: 'EXPORT_HASH_WRONG' }
  const made = checkNotarySet(content.set)
  if (made.kind === 'refused') return { kind: 'refused', code: 'EXPORT_SET_WRONG' }
  const lineage = { set: made.set, before: content.before ?? [] }
  if (trusted !== undefined && !isSameLog(lineage, 'before' in trusted ? trusted : { set: trusted, before: [] }))
    return { kind: 'refused', code: 'EXPORT_SET_WRONG' }
  if (hashOfBytes(ENCODER.encode(content.terms)) !== contract) return { kind: 'refused', code: 'EXPORT_TERMS_WRONG' }
  const replay = new ContractReplay({ set: made.set, contract, verify })
  for (const [step, { envelope, receipt }] of content.evidence.entries()) {
    const sent = envelope === undefined ? undefined : ENCODER.encode(envelope)
    const code = replay.take({ envelope: sent, receipt: ENCODER.encode(receipt) })
    if (code !== undefined) return { kind: 'refused', code, step }
  }
  const { state } = replay
  if (state === undefined || termsText(state.terms) !== content.terms)
    return { kind: 'refused', code: 'EXPORT_TERMS_WRONG' }
  // The set of the contract, or one to which it handed its log.
  const isTheirs =
    firstSetOf(lineage).id === state.terms.notarySet.id &&
    refuseLineage(lineage, verifyStatementWith(verify)) === undefined
  if (!isTheirs) return { kind: 'refused', code: 'EXPORT_SET_WRONG' }
  return { kind: 'verified', contract, set: made.set, state, steps: replay.steps }
}

/** Whether one of the two sets is the other one, or handed its log on to it. */
function isSameLog(one: SetLineage, other: SetLineage): boolean {
  return idsOf(one).includes(other.set.id) || idsOf(other).includes(one.set.id)
}

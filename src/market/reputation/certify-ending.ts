import { sha256Hex, sha256HexOfBytes } from '../../base/sha256.ts'
import { subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import { isTerminal } from '../../core/escrow/escrow-state.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { CertifiedEnding } from '../../core/reputation/certified-ending.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { VerifyBytes } from '../../wire/v1/authenticate.ts'
import { ContractReplay } from '../parties/contracts/contract-replay.ts'

export type EndingReading =
  | { readonly kind: 'ending'; readonly ending: CertifiedEnding }
  /** It goes on, or the set keeps nothing of it any more. */
  | { readonly kind: 'open' }
  /** It was never held, or its evidence is wrong: nothing is said about anybody. */
  | { readonly kind: 'none' }

export type CertifyEndingInit = {
  readonly notary: Pick<NotaryClient, 'set' | 'evidence'>
  readonly contract: ContractId
  readonly verify: VerifyBytes
  readonly signal: AbortSignal
}

/** What the certificates of a contract say of its end; every step is checked, and nothing else is believed. Rejects as `NotaryClient.evidence`. */
export async function certifyEnding({ notary, contract, verify, signal }: CertifyEndingInit): Promise<EndingReading> {
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  let heldAt: number | undefined
  for (const piece of await notary.evidence(contract, { signal })) {
    if (replay.take(piece) !== undefined) return { kind: 'none' }
    const transition = replay.steps.at(-1)?.transition
    if (transition?.edges.includes('hold') === true) heldAt ??= transition.at
    const { state } = replay
    if (state === undefined || transition === undefined || !isTerminal(state)) continue
    if (heldAt === undefined || state.kind === 'ABORTED') return { kind: 'none' }
    const { terms, cause, fault, capturedNanos, refundedNanos } = state
    const { payer, worker, currency, custody, maxNanos } = terms
    const ending: CertifiedEnding = {
      // Of the document in which the set has signed it; a SHA-256.
      certificate: sha256HexOfBytes(piece.receipt) as Hash,
      custody,
      contract,
      payer,
      worker,
      currency,
      heldNanos: maxNanos,
      workerNanos: subtractAmounts(capturedNanos, refundedNanos) ?? ZERO_AMOUNT,
      cause,
      fault,
      // Stamps of the set.
      heldAt: heldAt as Timestamp,
      endedAt: transition.at as Timestamp,
    }
    return { kind: 'ending', ending }
  }
  return { kind: 'open' }
}

/** Where a party's credits came from, as long as no issuer says more: the party itself. Two keys of one owner then look like two purses. */
export function sourceOf(party: Did): Hash {
  // A SHA-256.
  return sha256Hex(`kernell/reputation-source/v1\0${party}`) as Hash
}

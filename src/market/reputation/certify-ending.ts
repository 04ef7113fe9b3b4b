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
  /** The contract as it was followed to its end here, where it was: all of it is checked already. */
  readonly ended?: ContractReplay | undefined
}

/** What the certificates of a contract say of its end; every step is checked, and nothing else is believed. Rejects as `NotaryClient.evidence`. */
export async function certifyEnding({
  notary,
  contract,
  verify,
  signal,
  ended,
}: CertifyEndingInit): Promise<EndingReading> {
  if (ended !== undefined) return readEnding(ended, contract)
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  for (const piece of await notary.evidence(contract, { signal })) {
    if (replay.take(piece) !== undefined) return { kind: 'none' }
    if (replay.state !== undefined && isTerminal(replay.state)) break
  }
  return readEnding(replay, contract)
}

function readEnding({ state, steps, lastReceipt }: ContractReplay, contract: ContractId): EndingReading {
  const last = steps.at(-1)?.transition
  if (state === undefined || last === undefined || lastReceipt === undefined || !isTerminal(state))
    return { kind: 'open' }
  const heldAt = steps.find(({ transition }) => transition.edges.includes('hold'))?.transition.at
  if (heldAt === undefined || state.kind === 'ABORTED') return { kind: 'none' }
  const { terms, cause, fault, capturedNanos, refundedNanos } = state
  const { payer, worker, currency, custody, maxNanos } = terms
  const ending: CertifiedEnding = {
    // Of the document in which the set has signed it; a SHA-256.
    certificate: sha256HexOfBytes(lastReceipt) as Hash,
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
    endedAt: last.at as Timestamp,
  }
  return { kind: 'ending', ending }
}

/** Where a party's credits came from, as long as no issuer says more: the party itself. Two keys of one owner then look like two purses. */
export function sourceOf(party: Did): Hash {
  // A SHA-256.
  return sha256Hex(`kernell/reputation-source/v1\0${party}`) as Hash
}

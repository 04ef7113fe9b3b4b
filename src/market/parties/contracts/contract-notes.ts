import { CodedError } from '../../../base/errors.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { ContractCapability } from '../../../wire/ucan/contract-capability.ts'
import { ESCROW_TERMS, termsOfBody } from '../../../wire/v1/escrow-terms.ts'
import type { MarketTask } from '../../../wire/v1/market-frames.ts'

/** Topic of notes on contracts, by contract: what the envelopes do not say. */
export const CONTRACTS = 'contract'

/** How a contract ended that no notary set ever knew, or knows any more. */
export const LAPSED = 'LAPSED'

/** What a party remembers of a contract besides its evidence. */
export type ContractNote = {
  readonly role: 'payer' | 'worker'
  /** The other party, and the node at which it is reached. */
  readonly other: Did
  readonly peer: Did
  readonly task: MarketTask
  /** Canonical text of the predicate. */
  readonly predicate: string
  /** Name of the input's file; of one in pieces, of their list. */
  readonly input: Hash
  /** Canonical text of the terms. */
  readonly terms: string
  /** The payer's order and its chain, where the terms name one. */
  readonly capability?: ContractCapability
  /** Of the worker: the auction in which it had a place for it. */
  readonly bid?: string
  /** Of the worker: that the price was certified to be held. */
  readonly isHeld?: boolean
  /** Of the worker: name of the result's file, and whether the predicate passed on it. */
  readonly result?: Hash
  /** Its size, where it is in pieces: then the file is their list. */
  readonly resultBytes?: number
  readonly verdict?: Hash
  readonly meter?: Hash
  readonly outcome?: 'passed' | 'failed' | 'undecided'
  /** How it ended; absent while it goes on. */
  readonly ended?: string
  /** Of the worker: what the payer was charged in the end, fees included and refunds taken off; absent in notes of before. */
  readonly paidNanos?: string
  /** Its price was looked for, and is among those that are kept, or was. */
  readonly isPriced?: boolean
}

/** Terms as they were written down. Throws `STORE_CORRUPTED` for anything else. */
export function readTerms(text: string): EscrowTerms {
  try {
    return termsOfBody(ESCROW_TERMS.parse(JSON.parse(text)))
  } catch (cause) {
    throw new CodedError('STORE_CORRUPTED', { message: 'The terms of a contract are not as they were written', cause })
  }
}

import type { Timestamp } from '../../../base/time.ts'
import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'
import type { TransferId } from '../../../core/ledger/ledger-names.ts'
import type { Transition } from '../../../wire/v1/notary-transition.ts'
import type { ChainPlace } from './describe-transition.ts'

/** One entry of the log and what it came to. */
export type ArchivedEntry = {
  readonly slot: number
  /** Position in its block. */
  readonly index: number
  /** Position in the journal. */
  readonly entry: number
  readonly transition: Transition
  readonly transitionHash: Hash
  readonly isMessage: boolean
}

/** What is kept of a contract besides its state. */
export type ContractFile = {
  readonly entries: ArchivedEntry[]
  /** Nonces by issuer, and the message that used each. */
  readonly nonces: Map<string, Hash>
  readonly transfers: Set<TransferId>
  auction: Hash | undefined
  result: Hash | undefined
}

/** A message outside of contracts that may still come again. */
export type OutsideMessage = {
  readonly iss: Did
  readonly nonce: string
  readonly exp: Timestamp
  readonly archived: ArchivedEntry
}

export type ArchivedBlock = {
  readonly slot: number
  readonly at: Timestamp
  readonly previous: Hash
  readonly stateBefore: Hash
  readonly entries: readonly ArchivedEntry[]
}

/** All of an archive: enough to make it again. */
export type ArchiveContents = {
  /** Where the transitions outside of contracts stand. */
  readonly chain: ChainPlace
  /** Entries of the journal so far. */
  readonly count: number
  /** Oldest first. */
  readonly blocks: Iterable<ArchivedBlock>
  readonly files: ReadonlyMap<ContractId, ContractFile>
  readonly outside: Iterable<OutsideMessage>
}

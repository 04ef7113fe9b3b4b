/**
 * NotaryClient: the one door to a notary set, whether it runs in this process or elsewhere. Signed envelopes go in, and documents that anybody can check come
 * out: what an envelope came to, with the certificate of the set, or why it was refused, signed as well. It keeps nothing for the asker and signs nothing in the
 * asker's name: whoever submits keeps the envelope before it is sent, and sends it again until a receipt is there. An envelope that comes again is answered with
 * the very bytes of the first time.
 *
 * Amounts in views are decimal texts of nano-units; credits are a claim on their issuer, and `custody` says who keeps them.
 *
 * ```ts
 * import type { NotaryClient } from 'kernell-os/ports'
 *
 * const isSettled = async (notary: NotaryClient, accept: Uint8Array): Promise<boolean> => {
 *   const { effect } = await notary.submit(accept)
 *   return effect !== 'refused'
 * }
 * ```
 */
import type { ContractId, Did, Hash } from '../core/evidence/names.ts'
import type { EscrowStateKind } from '../core/escrow/escrow-state.ts'
import type { EscrowTimer } from '../core/escrow/escrow-timers.ts'
import type { AccountLine } from '../core/ledger/ledger-balances.ts'
import type { TransfersQuery } from '../core/ledger/ledger-pages.ts'
import type { TransferLine } from '../core/ledger/describe-transfer.ts'
import type { OwnerView } from '../core/ledger/view-owner.ts'
import type { Currency } from '../core/ledger/ledger-names.ts'
import type { ParameterName } from '../core/governance/parameter-set.ts'
import type { Certificate } from '../core/notary/certificate.ts'
import type { NotarySet } from '../core/notary/notary-set.ts'
import type { FormerSet } from '../core/notary/set-lineage.ts'
import type { Timestamp } from '../base/time.ts'
import type { ProposalEnd } from '../core/governance/governance-state.ts'
import type { WeightSource } from '../core/governance/weight-table.ts'
import type { AbortOptions } from './abort-options.ts'

/** Longest time that a follower may wait in one question, milliseconds. */
export const FOLLOW_WAIT_MS_MAX = 30_000

/** What became of an envelope. */
export type NotaryAnswer = {
  /** `applied`: it has changed the books now. `exists`: it did so before, or what it asks for stood already. `refused`: nothing has changed. */
  readonly effect: 'applied' | 'exists' | 'refused'
  /** Why it was refused; `undefined` otherwise. */
  readonly code: string | undefined
  /**
   * The receipt (`src/wire/v1/notary-receipt.ts`): canonical bytes of the transition with its certificate, or of the refusal with signatures of members. An
   * envelope that was applied gets the same bytes whenever it comes.
   */
  readonly receipt: Uint8Array
}

export type EvidenceOptions = AbortOptions & {
  /** Throws for evidence that does not hold, or is less than there is: where the set has several members, the next one is asked then. */
  readonly judge?: ((evidence: readonly ContractEvidence[]) => void) | undefined
}

/** One step of a contract, as the set certified it. */
export type ContractTransition = {
  /** Position among the contract's transitions, from 0. */
  readonly seq: number
  readonly from: EscrowStateKind
  /** Type of the event, such as `accepted` or `timer-fired`. */
  readonly event: string
  readonly to: EscrowStateKind
  /** Stamp of the set. */
  readonly at: Timestamp
  /** The message that brought it; `null` where the stamp did. */
  readonly envelopeHash: Hash | null
}

/** A contract as the notary set keeps it. Amounts are decimal texts of nano-units of `currency`. */
export type ContractView = {
  readonly contract: ContractId
  /** SHA-256 of the canonical terms: the contract's id. */
  readonly contractHash: Hash
  /** Hash of the task: the notary never sees the task itself. */
  readonly task: Hash
  /** Hash of the transcript that chose the worker; `null` without an auction. */
  readonly auction: Hash | null
  readonly payer: Did
  readonly worker: Did
  readonly state: EscrowStateKind
  readonly currency: Currency
  /** `C1`, `C2`, `C3`; `C2/f=0` and `C3/f=0` where one notary keeps it, which survives its crash and not its lie. */
  readonly custody: string
  /** The most that the work can cost. */
  readonly priceNanos: string
  /** Of the price: what was held when the work began, `0` before. */
  readonly heldNanos: string
  /** Of what was held: what went to the worker, the fee included; `0` before the end. */
  readonly capturedNanos: string
  /** Of what was held: what went back to the payer; `0` before the end. */
  readonly releasedNanos: string
  readonly feeNanos: string
  readonly refundedNanos: string
  /** Of what was delivered; `null` before. */
  readonly resultHash: Hash | null
  /** Of the last certified transition; `null` only while there is none. */
  readonly certificate: Certificate | null
  readonly timers: readonly EscrowTimer[]
  /** All of them, or those after `afterSeq`. */
  readonly transitions: readonly ContractTransition[]
  readonly transfers: readonly TransferLine[]
}

/**
 * Which transitions of a contract are answered, and whether new ones are waited for. Where none comes in time, the contract is answered as it stands,
 * without transitions.
 */
export type FollowOptions = AbortOptions & {
  /** Answers only transitions with a larger seq; absent: all of them. */
  readonly afterSeq?: number
  /** Waits so long for such a transition, at most `FOLLOW_WAIT_MS_MAX`; absent: answers at once. */
  readonly waitMs?: number
}

/** One envelope of a contract and what the set said of it, in the order of the set. */
export type ContractEvidence = {
  /** The envelope's canonical bytes; `undefined` for a step that the stamp brought. */
  readonly envelope: Uint8Array | undefined
  readonly receipt: Uint8Array
}

/** Proof that an entry is in a journal: RFC 6962 siblings from the leaf up. */
export type EntryProof = {
  readonly index: number
  readonly entries: number
  /** The entry's canonical text. */
  readonly entry: string
  readonly entryHash: Hash
  readonly root: Hash
  readonly proof: readonly Hash[]
  /** Covers `entries` with `root`. */
  readonly checkpoint: JournalCheckpoint
}

/** Two numbers of entries of a journal, `from <= to`. */
export type JournalSizes = { readonly from: number; readonly to: number }

/** How the journal of `to` entries begins. It is worth something to whoever holds signed checkpoints of both sizes. */
export type BeginningProof = JournalSizes & {
  readonly fromRoot: Hash
  readonly toRoot: Hash
  readonly proof: readonly Hash[]
}

/** Proof that a journal only grew: its first `from` entries are those that it had then. */
export type GrowthProof = {
  readonly from: number
  readonly to: number
  readonly fromRoot: Hash
  readonly toRoot: Hash
  readonly proof: readonly Hash[]
  /** Covers `to` with `toRoot`. */
  readonly checkpoint: JournalCheckpoint
}

/** Where a journal stands, signed by the member that keeps it (`src/wire/v1/checkpoint.ts`). */
export type JournalCheckpoint = {
  readonly checkpoint: {
    readonly v: 1
    readonly journal: Hash
    readonly entries: number
    readonly head: Hash
    readonly root: Hash
    readonly balances: Hash
    /** Of the whole state, where the checkpoint closes a segment. */
    readonly state?: Hash | undefined
    readonly at: Timestamp
    readonly signer: Did
  }
  readonly signature: string
}

/** A place in the set's log that a quorum has certified. Its block's hash covers everything before it. */
export type LogCheckpoint = {
  readonly slot: number
  /** Hash of the block. */
  readonly block: Hash
  /** Stamp of the block. */
  readonly at: Timestamp
  /** Of one entry of the block. */
  readonly certificate: Certificate
}

export type CheckpointOptions = AbortOptions & {
  /** Makes one that covers every entry. It is for whoever runs the notary: asked over a transport it means nothing. */
  readonly isFresh?: boolean
}

/** Where a list goes on: `next` of the page before. A page has `limit` lines at most, 1,000 where nothing is said; one that is shorter need not be the last. */
export type Paged = { readonly after?: string | undefined; readonly limit?: number | undefined }

export type AccountsQuery = Paged & { readonly owner?: Did | undefined; readonly currency?: Currency | undefined }

export type AccountsPage = {
  readonly ledgers: readonly CurrencyAccounts[]
  /** `null` at the end. */
  readonly next: string | null
}

/** `code`: `USD`, of whichever issuer; `currency`: whether this very one is registered; `isListed`: those alone of issuers that the set lists. */
export type CurrenciesQuery = Paged & {
  readonly code?: string | undefined
  readonly currency?: Currency | undefined
  readonly isListed?: boolean | undefined
}

export type CurrenciesPage = {
  readonly currencies: readonly Currency[]
  /** Of each, in the same order: the most of it that its issuer may owe now, in nano-units. */
  readonly capsNanos: readonly string[]
  readonly next: string | null
}

export type { TransfersQuery } from '../core/ledger/ledger-pages.ts'

/** Open holds first, then the newest first. */
export type TransfersPage = { readonly transfers: readonly TransferLine[]; readonly next: string | null }

/** Accounts of one currency. */
export type CurrencyAccounts = {
  readonly currency: Currency
  readonly accounts: readonly AccountLine[]
  /** Sum over the balances that are shown: `0` where those are all of the currency. */
  readonly sumNanos: string
  /** Of the journal; `null` before its first entry. */
  readonly head: { readonly index: number; readonly hash: Hash } | null
}

/** A proposal of other parameters. Weights are decimal text. */
export type ProposalView = {
  /** Hash of the message that proposed it. */
  readonly id: Hash
  readonly state: 'voting' | 'queued' | ProposalEnd
  readonly proposer: Did
  /** Hash of the set that it changes; it is executed on no other. */
  readonly base: Hash
  readonly changes: readonly { readonly name: ParameterName; readonly value: string }[]
  readonly weightsHash: Hash
  readonly timelockMs: number
  /** As it stands, or stood at the end of the vote; `null` where it was cancelled before. */
  readonly tally: {
    readonly for: string
    readonly against: string
    readonly abstain: string
    readonly total: string
  } | null
  /** Whether the tally carries it; `null` where there is none. */
  readonly isCarried: boolean | null
  /** First stamp at which no vote counts. */
  readonly closesAt: Timestamp
  /** From this stamp on it can be executed, if it was carried. */
  readonly executableAt: Timestamp
  /** First stamp at which it can no more; `null` before the vote has ended, and once it is over. */
  readonly expiresAt: Timestamp | null
  readonly endedAt: Timestamp | null
}

/** How a notary set is governed. Numbers of any size are decimal text. */
export type GovernanceView = {
  /** Hash of the set in force: what new contracts pin. */
  readonly current: Hash
  /** The set in force and those that live contracts name; values are milliseconds, millionths or nano-units. */
  readonly sets: readonly {
    readonly hash: Hash
    readonly values: Readonly<Record<ParameterName, string>>
    readonly liveContracts: number
  }[]
  /** Other sets that contracts may pin: those that the members published beside, until somebody has weight. */
  readonly beside: readonly Hash[]
  /** A timelock has to be longer than this. */
  readonly timelockBoundMs: number
  /** The newest table; `null` before the first. */
  readonly weights: {
    readonly hash: Hash
    readonly source: WeightSource
    readonly total: string
    readonly rows: readonly { readonly voter: Did; readonly weight: string }[]
  } | null
  readonly delegations: readonly { readonly from: Did; readonly to: Did }[]
  /** Newest first. */
  readonly proposals: readonly ProposalView[]
}

/**
 * The one door to a notary set, in this process or elsewhere: signed envelopes go in, and documents that anybody can check come out. An envelope that
 * comes again is answered with the bytes of the first time.
 */
export interface NotaryClient {
  /** Who answers here, and whose certificates count. */
  readonly set: NotarySet
  /** Sets that kept its log before, the oldest first; absent where there are none. */
  readonly before?: readonly FormerSet[]
  /**
   * Gives an envelope to the set. Asking twice is safe.
   *
   * @param envelope  Canonical bytes of a signed envelope, at most 32,768.
   * @throws `NOTARY_OVERLOADED` when too many wait, `NOTARY_CLOSED` after it has stopped, `NOTARY_UNREACHABLE` when too few members answer in time, and the
   *   signal's reason. Whether the envelope arrived is then not known.
   */
  submit(envelope: Uint8Array, options?: AbortOptions): Promise<NotaryAnswer>
  /** A contract as it stands; `undefined` when the set does not know it, or no longer. */
  contract(contract: ContractId, options?: FollowOptions): Promise<ContractView | undefined>
  /** Envelopes and receipts of a contract, in order, for whoever checks them without the set; empty for an unknown one. */
  evidence(contract: ContractId, options?: EvidenceOptions): Promise<readonly ContractEvidence[]>
  /** A page of accounts: of one owner or one currency where they are named. */
  accounts(query?: AccountsQuery, options?: AbortOptions): Promise<AccountsPage>
  /** A page of registered currencies. */
  currencies(query?: CurrenciesQuery, options?: AbortOptions): Promise<CurrenciesPage>
  /** A page of transfers that are remembered: of one contract, one owner or one hold where they are named. */
  transfers(query?: TransfersQuery, options?: AbortOptions): Promise<TransfersPage>
  /** Whose signature counts for an owner, and its recovery. */
  owner(owner: Did, options?: AbortOptions): Promise<OwnerView>
  /** Parameter sets, weights and proposals; `undefined` where the set has no governance. */
  governance(options?: AbortOptions): Promise<GovernanceView | undefined>
  /** Proves entry `index` of the journal, under a signed checkpoint. Throws `LEDGER_ENTRY_UNKNOWN`, and `LEDGER_ENTRY_PRUNED` where its text is gone. */
  prove(index: number, options?: AbortOptions): Promise<EntryProof>
  /**
   * The first block with a message in it that is stamped at `at` or behind it: nobody could know its hash before. `undefined` while there is none; a message, such as
   * `ledger-stamp`, makes one.
   */
  firstSince(at: Timestamp, options?: AbortOptions): Promise<LogCheckpoint | undefined>
  /** Proves that the journal under the newest checkpoint begins with its first `from` entries. Throws `LEDGER_ENTRY_UNKNOWN`. */
  proveGrowth(from: number, options?: AbortOptions): Promise<GrowthProof>
  /** Proves how the journal of `to` entries begins. Throws `LEDGER_ENTRY_UNKNOWN`. */
  proveBeginning(sizes: JournalSizes, options?: AbortOptions): Promise<BeginningProof>
  /** Where the journal stands, signed: the newest checkpoint that there is, at most some seconds behind. */
  checkpoint(options?: CheckpointOptions): Promise<JournalCheckpoint>
}

import { GOVERNED_BOOKS_MACHINE, type GovernedBooksState } from '../../core/books/governed-books.ts'
import type { ParameterSet } from '../../core/governance/parameter-set.ts'
import { viewGovernance } from '../governance/view-governance.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import type { Timestamp } from '../../base/time.ts'
import { blockOfCertificate } from '../../core/notary/certificate.ts'
import { describeTransfer } from '../../core/ledger/describe-transfer.ts'
import { lineOfCurrency, pageAccounts, pageCurrencies, pageTransfers } from '../../core/ledger/ledger-pages.ts'
import { keyOfHold } from '../../core/ledger/remembered-ids.ts'
import { viewAccounts } from '../ledger/ledger-views.ts'
import { type OwnerView, viewOwner } from '../../core/ledger/view-owner.ts'
import { unknownEntry } from '../ledger/journal-records.ts'
import type {
  AccountsPage,
  AccountsQuery,
  CheckpointOptions,
  CurrenciesPage,
  CurrenciesQuery,
  TransfersPage,
  TransfersQuery,
  ContractEvidence,
  ContractView,
  EntryProof,
  GovernanceView,
  BeginningProof,
  GrowthProof,
  JournalCheckpoint,
  JournalSizes,
  LogCheckpoint,
} from '../../ports/notary-client.ts'
import type { CheckpointKeeper } from './books/checkpoint-keeper.ts'
import { stamped } from './books/booked-event.ts'
import { missingParameters } from './books/due-entries.ts'
import type { KnownRules } from './books/known-rules.ts'
import type { NotaryArchive } from './books/notary-archive.ts'
import type { NotaryOrder } from './notary-order.ts'
import { readEvidence } from './books/read-evidence.ts'
import type { BooksJournal } from './books/books-journal.ts'
import { viewContract } from './view-contract.ts'

export type NotaryViewsInit = {
  readonly order: NotaryOrder
  readonly journal: BooksJournal
  readonly archive: NotaryArchive
  readonly checkpoints: CheckpointKeeper
  /** What governance begins with, with the first message that comes, and the rules that are published then. */
  readonly founding: ParameterSet | undefined
  readonly parameters: KnownRules['parameters']
}

/** What a notary tells of its books: what is durable, in bounded pieces, and under its signature where it is evidence. */
export class NotaryViews {
  private readonly init: NotaryViewsInit
  private governed: { readonly state: GovernedBooksState; readonly view: GovernanceView | undefined } | undefined

  constructor(init: NotaryViewsInit) {
    this.init = init
  }

  async contract(contract: ContractId, afterSeq: number): Promise<ContractView | undefined> {
    const { order, journal, archive } = this.init
    const read = await order.quiet(() => {
      const file = archive.files.get(contract)
      const view = file && viewContract(journal.state.books, contract, { file, afterSeq, certificate: undefined })
      return view && { view, last: file.entries.at(-1) }
    })
    if (read === undefined) return undefined
    const certificate = read.last && (await order.certificateOf(read.last))
    return { ...read.view, certificate: certificate ?? null }
  }

  async evidence(contract: ContractId): Promise<readonly ContractEvidence[]> {
    const { order, journal, archive } = this.init
    const entries = await order.quiet(() => [...(archive.files.get(contract)?.entries ?? [])])
    return await readEvidence(entries, {
      readEntry: async (index) => await journal.readEntry(index),
      receiptOf: async (entry) => await order.receiptOf(entry),
    })
  }

  async accounts(query: AccountsQuery): Promise<AccountsPage> {
    const { order, journal } = this.init
    return await order.quiet(() => {
      const { lines, next } = pageAccounts(journal.state.books.ledger, query)
      return { ledgers: viewAccounts(lines, journal.head), next: next ?? null }
    })
  }

  async currencies({ currency, ...query }: CurrenciesQuery): Promise<CurrenciesPage> {
    const { order, journal } = this.init
    return await order.quiet(() => {
      const { ledger } = journal.state.books
      const only = currency && lineOfCurrency(ledger, currency)
      const none = { lines: only === undefined ? [] : [only], next: undefined }
      const { lines, next } = currency === undefined ? pageCurrencies(ledger, query) : none
      const capsNanos = lines.map(({ cap }) => String(cap))
      return { currencies: lines.map((line) => line.currency), capsNanos, next: next ?? null }
    })
  }

  async transfers({ contract, hold, ...query }: TransfersQuery): Promise<TransfersPage> {
    const { order, journal, archive } = this.init
    return await order.quiet(() => {
      const { ledger } = journal.state.books
      if (hold !== undefined) {
        const line = describeTransfer(ledger, keyOfHold({ id: hold, contract: undefined }))
        return { transfers: line === undefined ? [] : [line], next: null }
      }
      if (contract !== undefined) {
        const ids = [...(archive.files.get(contract)?.transfers ?? [])]
        return { transfers: ids.flatMap((id) => describeTransfer(ledger, id) ?? []), next: null }
      }
      const { lines, next } = pageTransfers(ledger, query)
      return { transfers: lines, next: next ?? null }
    })
  }

  async firstSince(at: Timestamp): Promise<LogCheckpoint | undefined> {
    const { order, archive } = this.init
    const entry = await order.quiet(() => archive.firstSince(at))
    const certificate = entry && (await order.certificateOf(entry))
    const block = certificate && blockOfCertificate(certificate)
    return block && { slot: certificate.slot, block, at: certificate.at, certificate }
  }

  async owner(owner: Did): Promise<OwnerView> {
    const { order, journal } = this.init
    return await order.quiet(() => viewOwner(journal.state.books.ledger, owner))
  }

  async governance(): Promise<GovernanceView | undefined> {
    const { order, journal } = this.init
    return await order.quiet(() => {
      const { state } = journal
      // Every purchase begins with this question, and the answer is the same until something is booked.
      if (this.governed?.state !== state) this.governed = { state, view: viewGovernance(asOpened(state, this.init)) }
      return this.governed.view
    })
  }

  async prove(index: number): Promise<EntryProof> {
    const { journal, checkpoints } = this.init
    if (!(index >= 0 && index < journal.entries)) throw unknownEntry(index)
    const checkpoint = await checkpoints.covering(index + 1)
    const { entries } = checkpoint.checkpoint
    return { ...(await journal.proveEntry(index, { entries })), checkpoint }
  }

  async proveGrowth(from: number): Promise<GrowthProof> {
    const { journal, checkpoints } = this.init
    if (!(from >= 0 && from <= journal.entries)) throw unknownEntry(from)
    const checkpoint = await checkpoints.covering(from)
    return { ...(await journal.proveConsistency(from, checkpoint.checkpoint.entries)), checkpoint }
  }

  async proveBeginning({ from, to }: JournalSizes): Promise<BeginningProof> {
    return await this.init.journal.proveConsistency(from, to)
  }

  async checkpoint({ isFresh }: CheckpointOptions): Promise<JournalCheckpoint> {
    const { checkpoints } = this.init
    return isFresh === true ? await checkpoints.seal() : await checkpoints.newest()
  }
}

/** The books as they will be, where governance has not begun. */
function asOpened(
  state: GovernedBooksState,
  { founding, parameters }: Pick<NotaryViewsInit, 'founding' | 'parameters'>,
): GovernedBooksState {
  if (state.governance !== undefined || founding === undefined) return state
  const { at } = state.books
  const opened = missingParameters(state, parameters).reduce(
    (before, event) => GOVERNED_BOOKS_MACHINE.transition(before, stamped(event, at)).state,
    state,
  )
  return GOVERNED_BOOKS_MACHINE.transition(opened, { type: 'governance-founded', parameters: founding, at }).state
}

import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import { hashTrieGet } from '../../core/collections/hash-trie.ts'
import { versionedMapGet } from '../../core/collections/versioned-map.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import type { LedgerEffect } from '../../core/ledger/ledger-event.ts'
import type { AccountId, TransferId } from '../../core/ledger/ledger-names.ts'
import type { LedgerState } from '../../core/ledger/ledger-state.ts'
import type { HoldOrder, TransferOrder } from '../../core/ledger/transfer-order.ts'
import { JournalReader } from './journal-reader.ts'
import type { JournaledMachine } from './journaled-machine.ts'

/** What happened to a transfer: one line for each time that money moved. Amounts are decimal texts of nano-units. */
export type HistoryLine = {
  /** Entry of the journal in which it happened. */
  readonly index: number
  readonly at: Timestamp
  readonly id: TransferId
  readonly what: 'posted' | 'held' | 'voided' | 'expired'
  readonly contract: ContractId | null
  readonly reference: string | null
  readonly debit: AccountId | null
  readonly credit: AccountId | null
  readonly amountNanos: string
  /** Of what ends a hold: the hold, and what went back. */
  readonly heldId: TransferId | null
  readonly releasedNanos: string | null
}

export type HistoryQuery = {
  readonly contract?: ContractId | undefined
  readonly account?: AccountId | undefined
  /** As the page before said; absent for the oldest lines. */
  readonly after?: number | undefined
  /** Lines at most, 1 to `PAGE_MAX`. */
  readonly limit?: number | undefined
}

export type HistoryPage = {
  readonly lines: readonly HistoryLine[]
  /** For the next page; `undefined` at the end. */
  readonly next: number | undefined
  /** Entries before this one are not in the index: their text was pruned, or they were more than are kept. */
  readonly from: number
}

export const PAGE_MAX = 1_000
const PAGE_DEFAULT = 100

export type TransferHistoryInit = {
  /** First entry that will be added. */
  readonly from?: number
  /** Lines kept at most; the oldest tenth goes when there are more. Default 1,000,000. */
  readonly linesMax?: number
}

export type HistoryEntry = {
  readonly index: number
  readonly at: Timestamp
  /** Of the ledger, after the entry. */
  readonly state: LedgerState
  readonly effects: readonly LedgerEffect[]
}

/**
 * Every movement of money by contract and by account, also of transfers that the ledger itself has forgotten. It is made from the entries of a journal,
 * again at each start, and decides nothing. A journal shows it each entry by `onEntry`; `readHistory` makes it of a copy, archives included.
 */
export class TransferHistory {
  private readonly linesMax: number
  /** Line `number` is at `number - first`. */
  private lines: HistoryLine[] = []
  private first = 0
  private from: number
  private readonly byContract = new Map<ContractId, number[]>()
  private readonly byAccount = new Map<AccountId, number[]>()

  constructor(init: TransferHistoryInit = {}) {
    this.linesMax = init.linesMax ?? 1_000_000
    this.from = init.from ?? 0
    if (!Number.isSafeInteger(this.linesMax) || this.linesMax < 10) throw new RangeError('At least 10 lines are kept')
  }

  /** Of all lines that are kept. */
  get size(): number {
    return this.lines.length
  }

  /** Takes what an entry did: its effects, and the state right behind it, which still knows every order that they name. */
  add({ index, at, state, effects }: HistoryEntry): void {
    for (const effect of effects) {
      const line = lineOf(effect, state)
      if (line !== undefined) this.push({ index, at, ...line })
    }
    if (this.lines.length > this.linesMax) this.forget()
  }

  /** Lines in the order in which they happened. Throws `LEDGER_HISTORY_QUERY` for a limit or position that is none. */
  list(query: HistoryQuery): HistoryPage {
    const { contract, account, after = this.first - 1, limit = PAGE_DEFAULT } = query
    const isPage = Number.isSafeInteger(limit) && limit >= 1 && limit <= PAGE_MAX
    if (!isPage || !Number.isSafeInteger(after) || after < -1)
      throw new CodedError('LEDGER_HISTORY_QUERY', {
        message: `A page has 1 to ${PAGE_MAX} lines`,
        details: { limit, after },
      })
    const numbers = this.numbersOf(contract, account)
    const lines: HistoryLine[] = []
    let last = after
    for (let at = firstAbove(numbers, Math.max(after, this.first - 1)); at < numbers.length; at += 1) {
      const number = numbers.at(at)
      const line = number === undefined ? undefined : this.lines[number - this.first]
      if (number === undefined || line === undefined || !isOf(line, contract)) continue
      if (lines.length === limit) return { lines, next: last, from: this.from }
      lines.push(line)
      last = number
    }
    return { lines, next: undefined, from: this.from }
  }

  private numbersOf(contract: ContractId | undefined, account: AccountId | undefined): Numbers {
    if (account !== undefined) return this.byAccount.get(account) ?? []
    if (contract !== undefined) return this.byContract.get(contract) ?? []
    return { length: this.lines.length, at: (index) => this.first + index }
  }

  private push(line: HistoryLine): void {
    const number = this.first + this.lines.length
    this.lines.push(line)
    if (line.contract !== null) listAt(this.byContract, line.contract).push(number)
    if (line.debit !== null) listAt(this.byAccount, line.debit).push(number)
    if (line.credit !== null && line.credit !== line.debit) listAt(this.byAccount, line.credit).push(number)
  }

  /** Whole entries, so that a page shows all of an entry or nothing. */
  private forget(): void {
    const cut = this.lines[Math.ceil(this.linesMax / 10)]
    if (cut === undefined) return
    const gone = this.lines.findIndex(({ index }) => index >= cut.index)
    if (gone <= 0) return
    this.lines = this.lines.slice(gone)
    this.first += gone
    this.from = cut.index
    dropBelow(this.byContract, this.first)
    dropBelow(this.byAccount, this.first)
  }
}

type Numbers = { readonly length: number; at(index: number): number | undefined }

function isOf(line: HistoryLine, contract: ContractId | undefined): boolean {
  return contract === undefined || line.contract === contract
}

/** Index of the first number above `limit`, in a rising list. */
function firstAbove(numbers: Numbers, limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((numbers.at(middle) ?? 0) > limit) high = middle
    else low = middle + 1
  }
  return low
}

function listAt<Key>(lists: Map<Key, number[]>, key: Key): number[] {
  const list = lists.get(key)
  if (list !== undefined) return list
  const made: number[] = []
  lists.set(key, made)
  return made
}

function dropBelow<Key>(lists: Map<Key, number[]>, first: number): void {
  for (const [key, numbers] of lists) {
    const rest = numbers.slice(firstAbove(numbers, first - 1))
    if (rest.length === 0) lists.delete(key)
    else lists.set(key, rest)
  }
}

type Movement = Omit<HistoryLine, 'index' | 'at'>

function lineOf(effect: LedgerEffect, state: LedgerState): Movement | undefined {
  switch (effect.type) {
    case 'transfer-held':
      return lineOfOrder(state, { id: effect.id, what: 'held', amount: effect.amount })
    case 'transfer-posted':
      return lineOfOrder(state, { ...effect, what: 'posted' })
    case 'transfer-voided':
      return lineOfOrder(state, { ...effect, what: 'voided', amount: 0n })
    case 'transfer-expired':
      return lineOfOrder(state, { ...effect, what: 'expired', amount: 0n, heldId: effect.id })
    default:
      return undefined
  }
}

type Done = Pick<HistoryLine, 'id' | 'what'> & {
  readonly amount: bigint
  readonly heldId?: TransferId | undefined
  readonly released?: bigint
}

function lineOfOrder(state: LedgerState, { id, what, amount, heldId, released }: Done): Movement {
  const order = orderOf(state, id)
  const hold = heldId === undefined ? undefined : holdOf(state, heldId)
  const debit = order?.kind === 'post' || order?.kind === 'hold' ? order.debit : hold?.debit
  const credit = order?.kind === 'void-held' ? hold?.credit : order?.credit
  return {
    id,
    what,
    contract: order?.contract ?? null,
    reference: order?.reference ?? null,
    debit: debit ?? null,
    credit: credit ?? null,
    amountNanos: String(amount),
    heldId: heldId ?? null,
    releasedNanos: heldId === undefined ? null : String(released),
  }
}

function orderOf({ holds, remembered }: LedgerState, id: TransferId): TransferOrder | undefined {
  const known = versionedMapGet(remembered, id)
  return known === undefined || known.kind === 'failed' ? hashTrieGet(holds, id) : known.order
}

function holdOf(state: LedgerState, id: TransferId): HoldOrder | undefined {
  const order = orderOf(state, id)
  return order?.kind === 'hold' ? order : undefined
}

/** What of a machine's state and effects is the ledger's. */
export type LedgerView<State, Effect> = {
  ledgerOf(state: State): LedgerState
  effectsOf(effects: readonly Effect[]): readonly LedgerEffect[]
}

/** The history of a copy of a journal, up to its first bad line: of all of it where the copy is full, and from its cut on where it was pruned. */
export async function readHistory<State, Event, Effect>(
  lines: AsyncIterable<string>,
  init: LedgerView<State, Effect> & {
    readonly journaled: JournaledMachine<State, Event, Effect>
    readonly linesMax?: number
  },
): Promise<TransferHistory> {
  const reader = new JournalReader<State, Event, Effect>({
    journaled: init.journaled,
    name: undefined,
    verify: undefined,
  })
  let history: TransferHistory | undefined
  for await (const text of lines) {
    if (text === '') continue
    const line = reader.read(text)
    if (line.kind === 'bad') break
    if (line.kind !== 'entry') continue
    const { index, at, effects } = line
    history ??= new TransferHistory({ from: index, ...(init.linesMax !== undefined && { linesMax: init.linesMax }) })
    history.add({ index, at, state: init.ledgerOf(reader.state), effects: init.effectsOf(effects) })
  }
  return history ?? new TransferHistory()
}

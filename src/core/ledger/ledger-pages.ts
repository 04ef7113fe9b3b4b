import type { Timestamp } from '../../base/time.ts'
import { hashTrieGet, hashTriePage } from '../collections/hash-trie.ts'
import { versionedMapGet } from '../collections/versioned-map.ts'
import type { Amount } from '../../base/money.ts'
import type { ContractId, Did } from '../evidence/names.ts'
import { type AccountLine, lineOfAccount } from './ledger-balances.ts'
import { ACCOUNT_KINDS, type Currency, formatAccountId, parseTransferId, type TransferId } from './ledger-names.ts'
import type { AccountRow, Generation, IdSource, LedgerState, RememberedChunk } from './ledger-state.ts'
import { ownedBy } from './owned-accounts.ts'
import { chunksUntil } from './chunk-list.ts'
import { describeTransfer, type TransferLine } from './describe-transfer.ts'

/** Lines of one page at most. */
export const PAGE_LINES_MAX = 1_000
/** Rows that are looked at for one page at most: a page may be shorter than asked for, and still not be the last. */
const ROWS_MAX = 5_000

/** `next`: given as `after`, it goes on behind this page; `undefined` at the end. */
export type Page<Line> = { readonly lines: readonly Line[]; readonly next: string | undefined }

type Paged = { readonly after?: string | undefined; readonly limit?: number | undefined }

export type AccountsPageQuery = Paged & { readonly owner?: Did | undefined; readonly currency?: Currency | undefined }

/** Accounts, of one owner or one currency where they are named. */
export function pageAccounts(state: LedgerState, query: AccountsPageQuery): Page<AccountLine> {
  return query.owner === undefined ? pageOfAll(state, query) : pageOfOwner(state, query, query.owner)
}

function pageOfAll(state: LedgerState, { currency, after, limit }: AccountsPageQuery): Page<AccountLine> {
  const rows = hashTriePage(state.accounts, { after, limit: ROWS_MAX })
  const lines: AccountLine[] = []
  const max = linesMax(limit)
  for (const [index, [id, row]] of rows.entries()) {
    if (currency === undefined || row.name.currency === currency) lines.push(lineOfAccount(row))
    if (lines.length === max && index < rows.length - 1) return { lines, next: id }
  }
  return { lines, next: rows.length === ROWS_MAX ? rows.at(-1)?.[0] : undefined }
}

function pageOfOwner(state: LedgerState, { currency, after, limit }: AccountsPageQuery, owner: Did): Page<AccountLine> {
  const linesOf = (name: Currency): readonly AccountLine[] =>
    ACCOUNT_KINDS.flatMap((kind) => {
      const row = hashTrieGet(state.accounts, formatAccountId({ owner, kind, currency: name }))
      return row === undefined ? [] : [lineOfAccount(row)]
    })
  if (currency !== undefined) return { lines: linesOf(currency), next: undefined }
  const max = linesMax(limit)
  const ids = hashTriePage(ownedBy(state.owned, owner), { after, limit: max + 1 }).map(([, id]) => id)
  const rows = ids.slice(0, max).flatMap((id) => hashTrieGet(state.accounts, id) ?? [])
  const lines = rows.toSorted(byCurrencyAndKind).map(lineOfAccount)
  return { lines, next: ids.length > max ? ids[max - 1] : undefined }
}

/** Within a page, as a person reads them. */
function byCurrencyAndKind({ name: one }: AccountRow, { name: other }: AccountRow): number {
  if (one.currency !== other.currency) return one.currency < other.currency ? -1 : 1
  return ACCOUNT_KINDS.indexOf(one.kind) - ACCOUNT_KINDS.indexOf(other.kind)
}

export type CurrenciesPageQuery = Paged & {
  /** `USD`: of whichever issuer. */
  readonly code?: string | undefined
  /** Those alone of issuers that the notary set lists: free keys make no more of them. */
  readonly isListed?: boolean | undefined
}

export type CurrencyLine = { readonly currency: Currency; readonly cap: Amount }

/** Registered currencies. */
export function pageCurrencies(state: LedgerState, query: CurrenciesPageQuery): Page<CurrencyLine> {
  const { code, isListed, after, limit } = query
  if (isListed === true) return pageOfListed(state, query)
  const rows = hashTriePage(state.currencies, { after, limit: ROWS_MAX })
  const lines: CurrencyLine[] = []
  const max = linesMax(limit)
  for (const [index, [name, { currency, cap }]] of rows.entries()) {
    if (code === undefined || currency.startsWith(`${code}@`)) lines.push({ currency, cap })
    if (lines.length === max && index < rows.length - 1) return { lines, next: name }
  }
  return { lines, next: rows.length === ROWS_MAX ? rows.at(-1)?.[0] : undefined }
}

/** There are 1,024 at most. */
function pageOfListed(state: LedgerState, { code, after = '', limit }: CurrenciesPageQuery): Page<CurrencyLine> {
  const names = [...state.listed].filter((name) => name > after && (code === undefined || name.startsWith(`${code}@`)))
  const sorted = names.toSorted((one, other) => (one < other ? -1 : 1))
  const page = sorted.slice(0, linesMax(limit))
  const lines = page.flatMap((name) => lineOfCurrency(state, name) ?? [])
  return { lines, next: sorted.length > page.length ? page.at(-1) : undefined }
}

/** `undefined` where nobody has registered it. */
export function lineOfCurrency(state: LedgerState, currency: Currency): CurrencyLine | undefined {
  const row = hashTrieGet(state.currencies, currency)
  return row && { currency, cap: row.cap }
}

export type TransfersPageQuery = Paged & { readonly owner?: Did | undefined }

/** Of a contract all of them come at once; `hold`: the one deposit or other hold of no contract that has this id, however many transfers there are. */
export type TransfersQuery = TransfersPageQuery & {
  readonly contract?: ContractId | undefined
  readonly hold?: TransferId | undefined
}

/** Transfers that are remembered: open holds first, then the newest first. Of one owner where one is named. */
export function pageTransfers(state: LedgerState, { owner, after, limit }: TransfersPageQuery): Page<TransferLine> {
  const walk = new TransferWalk(state, { owner, limit: linesMax(limit) })
  const at = after === undefined || after.startsWith('hold/') ? undefined : readPlace(after)
  if (at === undefined && walk.holds(after?.slice('hold/'.length))) return walk.page
  walk.remembered(at)
  return walk.page
}

/** Where the newest-first walk stands: a chunk's stamp, and an id in it. */
type Place = { readonly at: number; readonly id: string }

class TransferWalk {
  private readonly state: LedgerState
  private readonly owner: Did | undefined
  private readonly limit: number
  private readonly lines: TransferLine[] = []
  private rows = 0
  private next: string | undefined

  constructor(state: LedgerState, { owner, limit }: { readonly owner: Did | undefined; readonly limit: number }) {
    this.state = state
    this.owner = owner
    this.limit = limit
  }

  get page(): Page<TransferLine> {
    return { lines: this.lines, next: this.next }
  }

  /** Whether the page is full. */
  holds(after: string | undefined): boolean {
    for (const [id] of hashTriePage(this.state.holds, { after, limit: ROWS_MAX })) {
      if (this.isFull) return true
      this.take(id, `hold/${id}`)
    }
    return this.isFull
  }

  remembered(from: Place | undefined): void {
    let isBehind = from === undefined
    for (const { at, ids } of newestFirst(this.state.generations, from?.at)) {
      isBehind ||= from !== undefined && at < from.at
      for (const id of ids.toReversed()) {
        if (isBehind) {
          if (this.isFull) return
          this.takeRemembered(id, at)
        } else isBehind = id === from?.id
      }
    }
    this.next = undefined
  }

  private get isFull(): boolean {
    return this.lines.length >= this.limit || this.rows >= ROWS_MAX
  }

  private takeRemembered(id: string, at: Timestamp): void {
    const known = versionedMapGet(this.state.remembered, id)
    // An id that was used again is listed where it was used last.
    if (known === undefined || known.at !== at) this.rows += 1
    else this.take(id, `${at}/${id}`)
  }

  private take(text: string, place: string): void {
    this.rows += 1
    this.next = place
    const id = parseTransferId(text)
    const line = id && describeTransfer(this.state, id)
    if (line !== undefined && isOf(line, this.owner)) this.lines.push(line)
  }
}

/** Chunks of all sources from a stamp back, in the order of their stamps; of two with one stamp always the same comes first. */
function* newestFirst(
  generations: readonly Generation[],
  from = Number.MAX_SAFE_INTEGER,
): Generator<RememberedChunk, void, undefined> {
  const sources = [chunksFrom(generations, 'clients', from), chunksFrom(generations, 'contracts', from)]
  const heads = sources.map((source) => source.next())
  for (;;) {
    let newest: { readonly index: number; readonly chunk: RememberedChunk } | undefined
    for (const [index, { done, value }] of heads.entries())
      if (done !== true && (newest === undefined || value.at > newest.chunk.at)) newest = { index, chunk: value }
    if (newest === undefined) return
    yield newest.chunk
    const { index } = newest
    const source = sources[index]
    if (source !== undefined) heads[index] = source.next()
  }
}

function* chunksFrom(
  generations: readonly Generation[],
  source: IdSource,
  from: number,
): Generator<RememberedChunk, void, undefined> {
  for (const generation of generations.toReversed()) {
    if (generation.source !== source || generation.from > from) continue
    for (let list = chunksUntil(generation.chunks, from); list !== undefined; list = list.next) yield list.chunk
  }
}

function isOf({ debit, credit }: TransferLine, owner: Did | undefined): boolean {
  return owner === undefined || [debit, credit].some((account) => account?.startsWith(`${owner}/`) === true)
}

/** A place that is none begins anew. */
function readPlace(text: string): Place | undefined {
  const [at = '', id = ''] = text.split('/')
  return /^\d{1,16}$/.test(at) ? { at: Number(at), id } : undefined
}

function linesMax(limit: number | undefined): number {
  return Math.min(PAGE_LINES_MAX, Math.max(1, limit ?? PAGE_LINES_MAX))
}

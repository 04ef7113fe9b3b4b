import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { Timestamp } from '../../base/time.ts'
import { emptyHashTrie, type HashTrie, hashTrieApply, hashTrieEntries } from '../collections/hash-trie.ts'
import { emptyVersionedMap, versionedMapApply, versionedMapEntries } from '../collections/versioned-map.ts'
import { COUNT_FIELD, DID_FIELD, type FieldCodec, memberOf, oneOf, recordOf } from './codec-fields.ts'
import type { Did } from '../evidence/names.ts'
import { isLedgerFormat, LEDGER_FORMAT } from './ledger-codec.ts'
import {
  ACCOUNT_FIELD_ROW,
  CHUNK,
  CURRENCY_ROW,
  followingFrom,
  generationOf,
  HOLD_FIELD,
  ISSUE_ROW,
  LIMITS,
  OWNER_ROW,
  REMEMBERED_ROW,
} from './ledger-state-codec.ts'
import { LISTED_ISSUERS_MAX } from './rooms.ts'
import type {
  AccountRow,
  CurrencyRow,
  Generation,
  LedgerLimits,
  LedgerState,
  OpenIssue,
  OwnerRow,
  Remembered,
  RememberedChunk,
} from './ledger-state.ts'
import { chunksOf, keyOfHold } from './remembered-ids.ts'
import type { HoldOrder } from './transfer-order.ts'

const PERIOD: FieldCodec = recordOf([
  ['source', 'source', oneOf(['contracts', 'clients'])],
  ['from', 'from', COUNT_FIELD],
  ['last', 'last', COUNT_FIELD],
])

/**
 * A state line by line, each canonical JSON of one member, in one order for equal states: a large one is written and read without ever being in memory
 * as text.
 *
 * ```text
 * {"head":{"at":...,"format":1,"limits":{...}}}
 * {"issuer":"did:key:..."}  {"currency":{...}}  {"owner":{...}}  {"account":{...}}  {"hold":{...}}  {"issue":{...}}  {"remembered":{...}}
 * {"generation":{"from":...,"last":...,"source":...}}  {"chunk":{"at":...,"ids":[...]}}      chunks newest first, behind their generation
 * ```
 *
 * What is listed is taken when the first line is asked for; the lines may be asked for slowly, while other states are made from this one.
 */
export function* ledgerStateLines(state: LedgerState): Generator<string, void, undefined> {
  const { at, limits, generations } = state
  const rows: readonly (readonly [string, FieldCodec, readonly unknown[]])[] = [
    ['currency', CURRENCY_ROW, valuesOf(state.currencies)],
    ['owner', OWNER_ROW, valuesOf(state.owners)],
    ['account', ACCOUNT_FIELD_ROW, valuesOf(state.accounts)],
    ['hold', HOLD_FIELD, valuesOf(state.holds)],
    ['issue', ISSUE_ROW, hashTrieEntries(state.issues).map(([id, issue]) => ({ id, issue }))],
    ['remembered', REMEMBERED_ROW, versionedMapEntries(state.remembered).map(([id, known]) => ({ id, known }))],
  ]
  yield lineOf('head', { at, format: LEDGER_FORMAT, limits: LIMITS.write(limits) })
  for (const issuer of [...state.issuers].sort()) yield lineOf('issuer', issuer)
  for (const [name, codec, values] of rows) for (const value of values) yield lineOf(name, codec.write(value))
  for (const generation of generations) {
    yield lineOf('generation', PERIOD.write(generation))
    for (const chunk of chunksOf(generation)) yield lineOf('chunk', CHUNK.write(chunk))
  }
}

function lineOf(name: string, json: JsonValue): string {
  return canonicalJson({ [name]: json })
}

function valuesOf<Value>(trie: HashTrie<Value>): readonly Value[] {
  return hashTrieEntries(trie).map(([, value]) => value)
}

type Period = Pick<Generation, 'source' | 'from' | 'last'>
type WrittenPeriod = Period & { readonly chunks: RememberedChunk[] }

/** Takes the lines of `ledgerStateLines` as JSON, one after the other. Whether what comes out is sound is said by `violations`. */
export class LedgerStateReader {
  private head: { readonly at: Timestamp; readonly limits: LedgerLimits } | undefined
  private readonly issuers = new Set<Did>()
  private readonly currencies = new Map<string, CurrencyRow>()
  private readonly owners = new Map<string, OwnerRow>()
  private readonly accounts = new Map<string, AccountRow>()
  private readonly holds = new Map<string, HoldOrder>()
  private readonly issues = new Map<string, OpenIssue>()
  private readonly remembered: [string, Remembered][] = []
  private readonly periods: WrittenPeriod[] = []

  /** False for what `ledgerStateLines` never writes: then there is no state. */
  add(line: unknown): boolean {
    if (typeof line !== 'object' || line === null) return false
    const [entry, ...rest] = Object.entries(line)
    if (entry === undefined || rest.length > 0) return false
    const [name, json] = entry
    return name === 'head' ? this.addHead(json) : this.head !== undefined && this.addRow(name, json)
  }

  end(): LedgerState | undefined {
    const { head } = this
    if (head === undefined) return undefined
    const remembered = versionedMapApply(emptyVersionedMap<Remembered>(), this.remembered)
    if (remembered.size !== this.remembered.length) return undefined
    const parts = {
      issuers: this.issuers,
      currencies: trieOf(this.currencies),
      owners: trieOf(this.owners),
      accounts: trieOf(this.accounts),
      holds: trieOf(this.holds),
    }
    return {
      at: head.at,
      limits: head.limits,
      issues: trieOf(this.issues),
      remembered,
      generations: this.periods.map(generationOf),
      ...parts,
      ...followingFrom(parts),
    }
  }

  private addHead(json: unknown): boolean {
    const at = COUNT_FIELD.read(memberOf(json, 'at')) as Timestamp | undefined
    const limits = LIMITS.read(memberOf(json, 'limits')) as LedgerLimits | undefined
    if (this.head !== undefined || at === undefined || limits === undefined || !isLedgerFormat(json)) return false
    this.head = { at, limits }
    return true
  }

  private addRow(name: string, json: unknown): boolean {
    switch (name) {
      case 'issuer':
        return this.addIssuer(DID_FIELD.read(json) as Did | undefined)
      case 'currency':
        return put(this.currencies, CURRENCY_ROW.read(json) as CurrencyRow | undefined, ({ currency }) => currency)
      case 'owner':
        return put(this.owners, OWNER_ROW.read(json) as OwnerRow | undefined, ({ owner }) => owner)
      case 'account':
        return put(this.accounts, ACCOUNT_FIELD_ROW.read(json) as AccountRow | undefined, ({ id }) => id)
      case 'hold':
        return put(this.holds, HOLD_FIELD.read(json) as HoldOrder | undefined, keyOfHold)
      case 'issue':
        return this.addIssue(ISSUE_ROW.read(json) as { id: string; issue: OpenIssue } | undefined)
      case 'remembered':
        return this.addRemembered(REMEMBERED_ROW.read(json) as { id: string; known: Remembered } | undefined)
      case 'generation':
        return this.addPeriod(PERIOD.read(json) as Period | undefined)
      case 'chunk':
        return this.addChunk(CHUNK.read(json) as RememberedChunk | undefined)
      default:
        return false
    }
  }

  private addIssuer(issuer: Did | undefined): boolean {
    if (issuer === undefined || this.issuers.has(issuer)) return false
    this.issuers.add(issuer)
    return this.issuers.size <= LISTED_ISSUERS_MAX
  }

  private addIssue(row: { readonly id: string; readonly issue: OpenIssue } | undefined): boolean {
    if (row !== undefined) this.issues.set(row.id, row.issue)
    return row !== undefined
  }

  private addRemembered(row: { readonly id: string; readonly known: Remembered } | undefined): boolean {
    if (row !== undefined) this.remembered.push([row.id, this.shared(row.known)])
    return row !== undefined
  }

  /** Account texts are those of the rows, which come first. */
  private shared(known: Remembered): Remembered {
    if (known.kind !== 'applied' || known.order.kind !== 'post') return known
    const debit = this.accounts.get(known.order.debit)?.id ?? known.order.debit
    const credit = this.accounts.get(known.order.credit)?.id ?? known.order.credit
    return { ...known, order: { ...known.order, debit, credit } }
  }

  private addPeriod(period: Period | undefined): boolean {
    if (period !== undefined) this.periods.push({ ...period, chunks: [] })
    return period !== undefined
  }

  private addChunk(chunk: RememberedChunk | undefined): boolean {
    const period = this.periods.at(-1)
    if (chunk === undefined || period === undefined) return false
    period.chunks.push(chunk)
    return true
  }
}

function put<Value>(rows: Map<string, Value>, value: Value | undefined, keyOf: (value: Value) => string): boolean {
  if (value === undefined || rows.has(keyOf(value))) return false
  rows.set(keyOf(value), value)
  return true
}

function trieOf<Value>(rows: ReadonlyMap<string, Value>): HashTrie<Value> {
  return hashTrieApply(emptyHashTrie<Value>(), rows)
}

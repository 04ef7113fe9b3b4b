import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { Timestamp } from '../../base/time.ts'
import { revocationEntries } from '../capability/revocations.ts'
import { hashTrieEntries } from '../collections/hash-trie.ts'
import { ESCROW_STATE_FIELD, NOTARY_SET_FIELD } from '../escrow/escrow-codec.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import type { NotarySetTerms } from '../escrow/escrow-terms.ts'
import { COUNT_FIELD, memberOf } from '../ledger/codec-fields.ts'
import { ledgerStateLines, LedgerStateReader } from '../ledger/ledger-state-lines.ts'
import {
  BOOKS_FORMAT,
  type BooksParts,
  booksOfParts,
  LIMITS_FIELD,
  PARAMETERS_ROW,
  type ParametersRow,
  REVOCATION_ROW,
  type RevocationRow,
} from './books-codec.ts'
import type { BooksLimits, BooksState } from './books-state.ts'

/**
 * The books line by line, each canonical JSON of one member, in one order for books that stand equal: what a journal keeps behind a closed segment. Timers, exposures
 * and the number of open contracts follow from the contracts and are not written.
 *
 * ```text
 * {"books":{"at":...,"format":1,"limits":{...},"set":{...}}}
 * {"ledger":LINE OF THE LEDGER}*  {"contract":{...}}*  {"parameters":{"hash":...,"rules":{...}}}*  {"revocation":{...}}*
 * ```
 */
export function* booksStateLines(state: BooksState): Generator<string, void, undefined> {
  const { at, set, limits, ledger, contracts, parameters, revocations } = state
  const head = { at, format: BOOKS_FORMAT, limits: LIMITS_FIELD.write(limits), set: NOTARY_SET_FIELD.write(set) }
  yield lineOf('books', head)
  for (const line of ledgerStateLines(ledger)) yield `{"ledger":${line}}`
  for (const [, contract] of hashTrieEntries(contracts)) yield lineOf('contract', ESCROW_STATE_FIELD.write(contract))
  for (const [hash, rules] of hashTrieEntries(parameters))
    yield lineOf('parameters', PARAMETERS_ROW.write({ hash, rules }))
  for (const row of revocationEntries(revocations)) yield lineOf('revocation', REVOCATION_ROW.write(row))
}

/** Takes the lines of `booksStateLines` as JSON, one after the other. Whether what comes out is sound is said by `violations`. */
export class BooksStateReader {
  private head: Pick<BooksParts, 'at' | 'set' | 'limits'> | undefined
  private readonly ledger = new LedgerStateReader()
  private readonly contracts: EscrowState[] = []
  private readonly parameters: ParametersRow[] = []
  private readonly revocations: RevocationRow[] = []

  /** False for what `booksStateLines` never writes: then there is no state. */
  add(line: unknown): boolean {
    if (typeof line !== 'object' || line === null) return false
    const [entry, ...rest] = Object.entries(line)
    if (entry === undefined || rest.length > 0) return false
    const [name, json] = entry
    if (name === 'books') return this.addHead(json)
    return this.head !== undefined && this.addRow(name, json)
  }

  end(): BooksState | undefined {
    const { head, contracts, parameters, revocations } = this
    const ledger = this.ledger.end()
    return head === undefined || ledger === undefined
      ? undefined
      : booksOfParts({ ...head, ledger, contracts, parameters, revocations })
  }

  private addHead(json: unknown): boolean {
    const at = COUNT_FIELD.read(memberOf(json, 'at')) as Timestamp | undefined
    const set = NOTARY_SET_FIELD.read(memberOf(json, 'set')) as NotarySetTerms | undefined
    const limits = LIMITS_FIELD.read(memberOf(json, 'limits')) as BooksLimits | undefined
    const isKnown = memberOf(json, 'format') === BOOKS_FORMAT
    if (this.head !== undefined || !isKnown || at === undefined || set === undefined || limits === undefined)
      return false
    this.head = { at, set, limits }
    return true
  }

  private addRow(name: string, json: unknown): boolean {
    switch (name) {
      case 'ledger':
        return this.ledger.add(json)
      case 'contract':
        return push(this.contracts, ESCROW_STATE_FIELD.read(json) as EscrowState | undefined)
      case 'parameters':
        return push(this.parameters, PARAMETERS_ROW.read(json) as ParametersRow | undefined)
      case 'revocation':
        return push(this.revocations, REVOCATION_ROW.read(json) as RevocationRow | undefined)
      default:
        return false
    }
  }
}

function push<Value>(list: Value[], value: Value | undefined): boolean {
  if (value === undefined) return false
  list.push(value)
  return true
}

function lineOf(name: string, json: JsonValue): string {
  return canonicalJson({ [name]: json })
}

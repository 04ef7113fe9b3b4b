import { canonicalJson } from '../../base/canonical-json.ts'
import { formatGovernanceState, parseGovernanceState } from '../governance/governance-codec.ts'
import type { GovernanceState } from '../governance/governance-state.ts'
import { booksStateLines, BooksStateReader } from './books-state-lines.ts'
import type { GovernedBooksState } from './governed-books.ts'

/** The lines of the books, and one of their governance where it has begun: `{"governance":{...}}`. Books from before it are read as they are. */
export function* governedStateLines({ books, governance }: GovernedBooksState): Generator<string, void, undefined> {
  yield* booksStateLines(books)
  if (governance !== undefined) yield canonicalJson({ governance: formatGovernanceState(governance) })
}

/** Takes the lines of `governedStateLines` as JSON, one after the other. Whether what comes out is sound is said by `violations`. */
export class GovernedStateReader {
  private readonly books = new BooksStateReader()
  private governance: GovernanceState | undefined

  /** False for what is no such line, and for anything behind that of governance. */
  add(line: unknown): boolean {
    if (this.governance !== undefined) return false
    if (typeof line !== 'object' || line === null || !('governance' in line)) return this.books.add(line)
    this.governance = Object.keys(line).length === 1 ? parseGovernanceState(line.governance) : undefined
    return this.governance !== undefined
  }

  end(): GovernedBooksState | undefined {
    const books = this.books.end()
    return books && { books, governance: this.governance }
  }
}

import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import {
  formatGovernanceEvent,
  formatGovernanceState,
  parseGovernanceEvent,
  parseGovernanceState,
} from '../governance/governance-codec.ts'
import { memberOf } from '../ledger/codec-fields.ts'
import { formatBooksEvent, formatBooksState, parseBooksEvent, parseBooksState } from './books-codec.ts'
import type { GovernedBooksEvent, GovernedBooksState } from './governed-books.ts'

const GOVERNANCE_TYPE = 'governance-event-received'

/** Canonical JSON of an event: one record of the journal. */
export function formatGovernedBooksEvent(event: GovernedBooksEvent): string {
  if (event.type !== GOVERNANCE_TYPE) return formatBooksEvent(event)
  return canonicalJson({ type: GOVERNANCE_TYPE, event: formatGovernanceEvent(event.event) })
}

/** Reads the JSON of `formatGovernedBooksEvent`; `undefined` for anything else. */
export function parseGovernedBooksEvent(json: unknown): GovernedBooksEvent | undefined {
  if (memberOf(json, 'type') !== GOVERNANCE_TYPE) {
    const event = parseBooksEvent(json)
    return event?.type === 'parameters-published' || event?.type === 'parameters-retired' ? undefined : event
  }
  const event = parseGovernanceEvent(memberOf(json, 'event'))
  if (event === undefined || event.type === 'contract-opened' || event.type === 'contract-closed') return undefined
  return { type: GOVERNANCE_TYPE, event }
}

/** Canonical JSON of both states. */
export function formatGovernedBooksState({ books, governance }: GovernedBooksState): string {
  const kept = JSON.parse(formatBooksState(books)) as JsonValue
  return canonicalJson({ books: kept, governance: formatGovernanceState(governance) })
}

/** Reads the JSON of `formatGovernedBooksState`; `undefined` for anything else. Whether it is sound is said by `violations`. */
export function parseGovernedBooksState(json: unknown): GovernedBooksState | undefined {
  const books = parseBooksState(memberOf(json, 'books'))
  const governance = parseGovernanceState(memberOf(json, 'governance'))
  return books && governance && { books, governance }
}

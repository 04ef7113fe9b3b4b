import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { Timestamp } from '../../base/time.ts'
import {
  formatGovernanceEvent,
  formatGovernanceState,
  formatParameterSet,
  parseGovernanceEvent,
  parseGovernanceState,
  parseParameterSet,
} from '../governance/governance-codec.ts'
import { COUNT_FIELD, memberOf } from '../ledger/codec-fields.ts'
import { formatBooksEvent, formatBooksState, parseBooksEvent, parseBooksState } from './books-codec.ts'
import type { GovernedBooksEvent, GovernedBooksState } from './governed-books.ts'

const GOVERNANCE_TYPE = 'governance-event-received'

/** Canonical JSON of an event: one record of the journal. */
export function formatGovernedBooksEvent(event: GovernedBooksEvent): string {
  if (event.type === 'governance-founded') {
    const { type, at, parameters } = event
    return canonicalJson({ type, at, parameters: formatParameterSet(parameters) })
  }
  if (event.type !== GOVERNANCE_TYPE) return formatBooksEvent(event)
  return canonicalJson({ type: GOVERNANCE_TYPE, event: formatGovernanceEvent(event.event) })
}

/** Reads the JSON of `formatGovernedBooksEvent`; `undefined` for anything else. */
export function parseGovernedBooksEvent(json: unknown): GovernedBooksEvent | undefined {
  const type = memberOf(json, 'type')
  if (type === 'governance-founded') return readFounded(json)
  if (type !== GOVERNANCE_TYPE) return parseBooksEvent(json)
  const event = parseGovernanceEvent(memberOf(json, 'event'))
  if (event === undefined || event.type === 'contract-opened' || event.type === 'contract-closed') return undefined
  return { type: GOVERNANCE_TYPE, event }
}

function readFounded(json: unknown): GovernedBooksEvent | undefined {
  const at = COUNT_FIELD.read(memberOf(json, 'at')) as Timestamp | undefined
  const parameters = parseParameterSet(memberOf(json, 'parameters'))
  return at === undefined || parameters === undefined ? undefined : { type: 'governance-founded', parameters, at }
}

/** Canonical JSON of both states. */
export function formatGovernedBooksState({ books, governance }: GovernedBooksState): string {
  const kept = JSON.parse(formatBooksState(books)) as JsonValue
  return canonicalJson({ books: kept, governance: governance === undefined ? null : formatGovernanceState(governance) })
}

/** Reads the JSON of `formatGovernedBooksState`; `undefined` for anything else. Whether it is sound is said by `violations`. */
export function parseGovernedBooksState(json: unknown): GovernedBooksState | undefined {
  const books = parseBooksState(memberOf(json, 'books'))
  if (books === undefined || memberOf(json, 'governance') === null) return books && { books, governance: undefined }
  const governance = parseGovernanceState(memberOf(json, 'governance'))
  return governance && { books, governance }
}

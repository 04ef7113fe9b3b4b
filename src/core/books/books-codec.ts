import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import {
  listRevocation,
  NO_REVOCATIONS,
  REVOCATIONS_MAX,
  revocationEntries,
  type Revocations,
} from '../capability/revocations.ts'
import {
  type HashTrie,
  emptyHashTrie,
  hashTrieApply,
  hashTrieEntries,
  hashTrieForEach,
  hashTrieSet,
} from '../collections/hash-trie.ts'
import {
  ESCROW_MESSAGE_FIELD,
  ESCROW_STATE_FIELD,
  NOTARY_SET_FIELD,
  TERMS_FIELD,
  TIMERS_FIELD,
} from '../escrow/escrow-codec.ts'
import type { EscrowRules } from '../escrow/escrow-rules.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import type { NotarySetTerms } from '../escrow/escrow-terms.ts'
import { ESCROW_TIMER_NAMES, timersOf } from '../escrow/escrow-timers.ts'
import {
  AMOUNT_FIELD,
  CID_FIELD,
  CONTRACT_FIELD,
  COUNT_FIELD,
  DID_FIELD,
  type FieldCodec,
  FLAG_FIELD,
  HASH_FIELD,
  listOf,
  memberOf,
  oneOf,
  optional,
  recordOf,
  unionOf,
} from '../ledger/codec-fields.ts'
import { LEDGER_EVENT_FIELD } from '../ledger/ledger-codec.ts'
import { formatLedgerState, parseLedgerState } from '../ledger/ledger-state-codec.ts'
import type { LedgerState } from '../ledger/ledger-state.ts'
import { type BooksEvent, type BooksLimits, type BooksState, isOpen, isUnheld } from './books-state.ts'
import { exposureKey, exposureOf } from './credit-exposure.ts'
import { promisedByAll } from './ready-for-hold.ts'
import { addFiring, type TimerHeap } from './timer-heap.ts'

/** Of events and states. A reader refuses any other. */
export const BOOKS_FORMAT = 1

const RULES_FIELD = recordOf([
  ['minimums', 'minimums', TIMERS_FIELD],
  ['maximums', 'maximums', TIMERS_FIELD],
])
export const LIMITS_FIELD: FieldCodec = recordOf([
  ['openMax', 'openMax', COUNT_FIELD],
  ['keptMax', 'keptMax', COUNT_FIELD],
  ['offeredMax', 'offeredMax', COUNT_FIELD],
  ['parametersMax', 'parametersMax', COUNT_FIELD],
  ['firingsMax', 'firingsMax', COUNT_FIELD],
])
/** Rules by the hash that contracts pin, as a row of a state. */
export const PARAMETERS_ROW: FieldCodec = recordOf([
  ['hash', 'hash', HASH_FIELD],
  ['rules', 'rules', RULES_FIELD],
])
export type ParametersRow = { readonly hash: string; readonly rules: EscrowRules }
const CONTRACT = ['contract', 'contract', CONTRACT_FIELD] as const
const AT = ['at', 'at', COUNT_FIELD] as const
const CID = ['cid', 'cid', CID_FIELD] as const
const REVOKER = ['revoker', 'revoker', DID_FIELD] as const
const EXPIRES_AT = ['expiresAt', 'expiresAt', optional(COUNT_FIELD)] as const
export const REVOCATION_ROW: FieldCodec = recordOf([CID, REVOKER, EXPIRES_AT, AT])
export type RevocationRow = ReturnType<typeof revocationEntries>[number]
const REVOCATIONS_FIELD = listOf(REVOCATION_ROW, REVOCATIONS_MAX)

const EVENT_FIELD: FieldCodec = unionOf('type', {
  'message-received': [
    CONTRACT,
    ['terms', 'terms', optional(TERMS_FIELD)],
    ['message', 'message', ESCROW_MESSAGE_FIELD],
  ],
  'ledger-event-received': [['event', 'event', LEDGER_EVENT_FIELD]],
  'parameters-published': [['hash', 'hash', HASH_FIELD], ['rules', 'rules', RULES_FIELD], AT],
  'capability-revoked': [CID, REVOKER, EXPIRES_AT, AT],
  'parameters-retired': [['hash', 'hash', HASH_FIELD], AT],
  'issuer-listed': [['issuer', 'issuer', DID_FIELD], ['isListed', 'isListed', FLAG_FIELD], AT],
  'set-changed': [['set', 'set', NOTARY_SET_FIELD], AT],
  'timer-fired': [CONTRACT, ['name', 'name', oneOf(ESCROW_TIMER_NAMES)], AT],
  'stamp-advanced': [AT],
})

/** Canonical JSON of an event: one record of the journal. */
export function formatBooksEvent(event: BooksEvent): string {
  return canonicalJson(EVENT_FIELD.write(event))
}

/** Reads the JSON of `formatBooksEvent`; `undefined` for anything else. */
export function parseBooksEvent(json: unknown): BooksEvent | undefined {
  const event = EVENT_FIELD.read(json) as BooksEvent | undefined
  const isInner = event?.type === 'ledger-event-received' && isOrdersOfContracts(event.event.type)
  return isInner ? undefined : event
}

/** Orders of contracts are made by the books, never sent to them; and whom the set lists, it says itself. */
function isOrdersOfContracts(type: string): boolean {
  return type === 'transfers-submitted' || type === 'holds-expired' || type === 'issuer-listed'
}

/**
 * Canonical JSON of the books: equal for books that stand equal. Timers, exposures and the number of open contracts follow from the contracts and are not
 * written.
 */
export function formatBooksState(state: BooksState): string {
  const ledger: JsonValue = JSON.parse(formatLedgerState(state.ledger)) as JsonValue
  return canonicalJson({
    format: BOOKS_FORMAT,
    at: state.at,
    set: NOTARY_SET_FIELD.write(state.set),
    limits: LIMITS_FIELD.write(state.limits),
    ledger,
    contracts: hashTrieEntries(state.contracts).map(([, contract]) => ESCROW_STATE_FIELD.write(contract)),
    // Absent where there are none.
    ...(state.revocations.entries.size > 0 && {
      revocations: REVOCATIONS_FIELD.write(revocationEntries(state.revocations)),
    }),
    parameters: hashTrieEntries(state.parameters).map(([hash, rules]) => ({ hash, rules: RULES_FIELD.write(rules) })),
  })
}

/** Reads the JSON of `formatBooksState`; `undefined` for anything else. Whether it is sound is said by `violations`. */
export function parseBooksState(json: unknown): BooksState | undefined {
  if (memberOf(json, 'format') !== BOOKS_FORMAT) return undefined
  const at = COUNT_FIELD.read(memberOf(json, 'at')) as Timestamp | undefined
  const set = NOTARY_SET_FIELD.read(memberOf(json, 'set')) as NotarySetTerms | undefined
  const limits = LIMITS_FIELD.read(memberOf(json, 'limits')) as BooksLimits | undefined
  const ledger = parseLedgerState(memberOf(json, 'ledger'))
  const contracts = readContracts(memberOf(json, 'contracts'))
  const parameters = readParameters(memberOf(json, 'parameters'))
  const revocations = readRevocations(memberOf(json, 'revocations') ?? [])
  if (at === undefined || set === undefined || limits === undefined || ledger === undefined) return undefined
  if (contracts === undefined || parameters === undefined || revocations === undefined) return undefined
  return { at, set, limits, contracts, parameters, revocations, ...followingFrom(contracts, ledger) }
}

/** What is written of books; the rest follows from it. */
export type BooksParts = Pick<BooksState, 'at' | 'set' | 'limits' | 'ledger'> & {
  readonly contracts: readonly EscrowState[]
  readonly parameters: readonly ParametersRow[]
  readonly revocations: readonly RevocationRow[]
}

/** The books of their parts; `undefined` where two contracts or two rules have one name. */
export function booksOfParts({
  ledger,
  contracts,
  parameters,
  revocations: rows,
  ...head
}: BooksParts): BooksState | undefined {
  const states = hashTrieApply(
    emptyHashTrie<EscrowState>(),
    contracts.map((state) => [state.contract, state]),
  )
  const rules = hashTrieApply(
    emptyHashTrie<EscrowRules>(),
    parameters.map((row) => [row.hash, row.rules]),
  )
  const revocations = revocationsOf(rows)
  if (states.size !== contracts.length || rules.size !== parameters.length || revocations === undefined)
    return undefined
  return { ...head, contracts: states, parameters: rules, revocations, ...followingFrom(states, ledger) }
}

function readContracts(json: unknown): HashTrie<EscrowState> | undefined {
  if (!Array.isArray(json)) return undefined
  let contracts = emptyHashTrie<EscrowState>()
  for (const item of json) {
    const state = ESCROW_STATE_FIELD.read(item) as EscrowState | undefined
    if (state === undefined) return undefined
    contracts = hashTrieSet(contracts, state.contract, state)
  }
  return contracts
}

function readParameters(json: unknown): HashTrie<EscrowRules> | undefined {
  if (!Array.isArray(json)) return undefined
  let parameters = emptyHashTrie<EscrowRules>()
  for (const item of json) {
    const hash = HASH_FIELD.read(memberOf(item, 'hash')) as string | undefined
    const rules = RULES_FIELD.read(memberOf(item, 'rules')) as EscrowRules | undefined
    if (hash === undefined || rules === undefined) return undefined
    parameters = hashTrieSet(parameters, hash, rules)
  }
  return parameters
}

function readRevocations(json: unknown): Revocations | undefined {
  const entries = REVOCATIONS_FIELD.read(json) as readonly RevocationRow[] | undefined
  return entries && revocationsOf(entries)
}

function revocationsOf(entries: readonly RevocationRow[]): Revocations | undefined {
  let revocations = NO_REVOCATIONS
  for (const entry of entries) {
    const outcome = listRevocation(revocations, entry, { at: entry.at })
    if (outcome.kind !== 'revoked') return undefined
    revocations = outcome.revocations
  }
  return revocations
}

type Following = Pick<BooksState, 'ledger' | 'open' | 'unheld' | 'timers' | 'exposures'>

function followingFrom(contracts: HashTrie<EscrowState>, ledger: LedgerState): Following {
  let open = 0
  let unheld = 0
  let timers: TimerHeap
  const sums = new Map<string, bigint>()
  hashTrieForEach(contracts, (state) => {
    if (isOpen(state)) open += 1
    if (isUnheld(state)) unheld += 1
    for (const { name, firesAt } of timersOf(state)) {
      timers = addFiring(timers, { at: firesAt, contract: state.contract, name })
    }
    const exposed = exposureOf(state)
    const key = exposureKey(state.terms)
    if (exposed > 0n) sums.set(key, (sums.get(key) ?? 0n) + exposed)
  })
  let exposures = emptyHashTrie<Amount>()
  for (const [key, sum] of sums) {
    const amount = AMOUNT_FIELD.read(String(sum)) as Amount | undefined
    if (amount !== undefined) exposures = hashTrieSet(exposures, key, amount)
  }
  return { ledger: promisedByAll(ledger, contracts), open, unheld, timers, exposures }
}

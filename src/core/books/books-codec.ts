import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import {
  type HashTrie,
  emptyHashTrie,
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
  CONTRACT_FIELD,
  COUNT_FIELD,
  type FieldCodec,
  HASH_FIELD,
  memberOf,
  oneOf,
  optional,
  recordOf,
  unionOf,
} from '../ledger/codec-fields.ts'
import { LEDGER_EVENT_FIELD } from '../ledger/ledger-codec.ts'
import { formatLedgerState, parseLedgerState } from '../ledger/ledger-state-codec.ts'
import { type BooksEvent, type BooksLimits, type BooksState, isOpen, isUnheld } from './books-state.ts'
import { exposureKey, exposureOf } from './credit-exposure.ts'
import { addFiring, type TimerHeap } from './timer-heap.ts'

/** Of events and states. A reader refuses any other. */
export const BOOKS_FORMAT = 1

const RULES_FIELD = recordOf([
  ['minimums', 'minimums', TIMERS_FIELD],
  ['maximums', 'maximums', TIMERS_FIELD],
])
const LIMITS_FIELD = recordOf([
  ['openMax', 'openMax', COUNT_FIELD],
  ['keptMax', 'keptMax', COUNT_FIELD],
  ['offeredMax', 'offeredMax', COUNT_FIELD],
  ['parametersMax', 'parametersMax', COUNT_FIELD],
  ['firingsMax', 'firingsMax', COUNT_FIELD],
])
const CONTRACT = ['contract', 'contract', CONTRACT_FIELD] as const
const AT = ['at', 'at', COUNT_FIELD] as const

const EVENT_FIELD: FieldCodec = unionOf('type', {
  'message-received': [
    CONTRACT,
    ['terms', 'terms', optional(TERMS_FIELD)],
    ['message', 'message', ESCROW_MESSAGE_FIELD],
  ],
  'ledger-event-received': [['event', 'event', LEDGER_EVENT_FIELD]],
  'parameters-published': [['hash', 'hash', HASH_FIELD], ['rules', 'rules', RULES_FIELD], AT],
  'parameters-retired': [['hash', 'hash', HASH_FIELD], AT],
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

/** Orders of contracts are made by the books, never sent to them. */
function isOrdersOfContracts(type: string): boolean {
  return type === 'transfers-submitted' || type === 'holds-expired'
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
  if (at === undefined || set === undefined || limits === undefined || ledger === undefined) return undefined
  if (contracts === undefined || parameters === undefined) return undefined
  return { at, set, limits, ledger, contracts, parameters, ...followingFrom(contracts) }
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

function followingFrom(contracts: HashTrie<EscrowState>): Pick<BooksState, 'open' | 'unheld' | 'timers' | 'exposures'> {
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
  return { open, unheld, timers, exposures }
}

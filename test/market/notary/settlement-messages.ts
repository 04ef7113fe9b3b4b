import { timestampFromMs } from '../../../src/base/time.ts'
import type { BooksEvent } from '../../../src/core/books/books-state.ts'
import { type Currency, parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { NotaryMessage } from '../../../src/market/notary/set/notary-application.ts'
import {
  type Body,
  contractNamed,
  hashNamed,
  ISSUER,
  message,
  ms,
  nanos,
  NOTARY,
  PAYER,
  RULES,
  RULES_HASH,
  START,
  termsOf,
  USD,
  WORKER,
} from '../../core/escrow/escrow-builder.ts'
import { messageOf } from './books-application.ts'

export const CONTRACT = contractNamed('contract')
export const TERMS = termsOf({
  timers: {
    ...termsOf().timers,
    holdMs: ms(9_000),
    startMs: ms(9_000),
    offerMs: ms(9_000),
    deliverMs: ms(60_000),
    beatMs: ms(30_000),
    acceptMs: ms(30_000),
  },
})

function ledger(event: Extract<BooksEvent, { type: 'ledger-event-received' }>['event']): NotaryMessage {
  return messageOf({ type: 'ledger-event-received', event })
}

function register(currency: Currency, iss: Did): NotaryMessage {
  return ledger({
    type: 'currency-registered',
    envelope: hashNamed(`register ${currency}`),
    iss,
    seq: 0,
    prev: undefined,
    at: START,
    currency,
    cap: nanos(10_000),
    recoveryKey: NOTARY,
    recoveryDelay: ms(3_600_000),
  })
}

export function issue(owner: Did, number: number): NotaryMessage {
  const id = parseTransferId(number.toString(16).padStart(32, '0'))
  if (id === undefined) throw new TypeError('unreachable')
  return ledger({
    type: 'credits-issued',
    envelope: hashNamed(`issue ${id}`),
    iss: ISSUER,
    seq: number,
    prev: undefined,
    at: START,
    id,
    owner,
    currency: USD,
    amount: nanos(1_000),
    reference: `payment ${number}`,
    isConfirmed: true,
  })
}

function say(iss: Did, seq: number, body: Body): NotaryMessage {
  const sent = message(body, { iss, seq, at: START })
  return messageOf({
    type: 'message-received',
    contract: CONTRACT,
    terms: sent.type === 'offered' ? TERMS : undefined,
    message: sent,
  })
}

/** Time has passed: the set puts its stamp on it. `number` makes it a message of its own. */
export function tick(number: number): NotaryMessage {
  const body = messageOf({ type: 'parameters-published', hash: hashNamed(`tick ${number}`), rules: RULES, at: START })
  return body
}

const [piece, meter] = [hashNamed('piece'), hashNamed('meter')]

/** From an empty ledger to a contract that was accepted, message by message. */
export const SETTLEMENT: readonly NotaryMessage[] = [
  messageOf({ type: 'parameters-published', hash: RULES_HASH, rules: RULES, at: START }),
  register(USD, ISSUER),
  issue(PAYER, 1),
  issue(WORKER, 2),
  say(PAYER, 0, { type: 'offered', expiresAt: timestampFromMs(START + 60_000) }),
  say(PAYER, 1, { type: 'awarded' }),
  say(PAYER, 2, { type: 'contract-signed', signers: [PAYER, WORKER] }),
  say(PAYER, 3, { type: 'hold-requested' }),
  say(WORKER, 0, { type: 'started' }),
  say(WORKER, 1, {
    type: 'delivered',
    result: piece,
    manifest: piece,
    meter,
    verdict: piece,
    claimNanos: nanos(100),
  }),
  say(PAYER, 4, { type: 'accepted', amountNanos: nanos(100) }),
]

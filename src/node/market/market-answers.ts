import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { timestampFromMs } from '../../base/time.ts'
import { type ContractId, parseDid } from '../../core/evidence/names.ts'
import { pause } from '../../market/parties/contract-follower.ts'
import { statePeriod } from '../../market/parties/statements.ts'
import type { ReputationKeeper } from '../../market/reputation/reputation-keeper.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { Timers } from '../../ports/timers.ts'
import {
  type ControlAnswer,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import { contractOf, type CreditDesk, plain } from './credit-desk.ts'
import type { EscrowDesk } from './escrow-desk.ts'
import { marketRefusal } from './market-refusals.ts'
import { attestCapability, listPrices } from './price-desk.ts'
import type { PartyRole } from './party-role.ts'
import { listStandings, showStandings } from './reputation-desk.ts'
import type { RecoveryDesk } from './recovery-desk.ts'
import type { TradeDesk } from './trade-desk.ts'

/** What a node can do once it knows its notary set; without an escrow key it only looks. */
export type MarketDesks = {
  readonly notary: NotaryClient
  readonly role: PartyRole | undefined
  readonly credits: CreditDesk | undefined
  readonly recoveries: RecoveryDesk
  readonly trade: TradeDesk | undefined
  readonly escrow: EscrowDesk
  readonly clock: Pick<Clock, 'now'>
  readonly timers: Timers
}

type Asked = { readonly request: ControlRequest; readonly signal: AbortSignal }
type Answer = (desks: MarketDesks, asked: Asked) => Promise<JsonValue>

/** Answers one request about credits, the market or contracts. Throws `REQUEST_INVALID` for an `op` that there is none of, and as its answer does. */
export async function answerMarket(
  desks: MarketDesks,
  request: ControlRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<ControlAnswer> {
  const op = requiredText(request, 'op')
  if (op === 'inbox-watch') return { kind: 'lines', lines: watchInbox(desks, signal) }
  const answer = Object.hasOwn(ANSWERS, op) ? ANSWERS[op] : undefined
  if (answer === undefined) throw invalidRequest('op', `op must be one of ${Object.keys(ANSWERS).join(', ')}`)
  return { kind: 'json', body: await answer(desks, { request, signal }) }
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  issue: async (desks, { request }) => plain(await creditsOf(desks).issue(request)),
  redeem: async (desks, { request }) => plain(await creditsOf(desks).redeem(request)),
  accounts: async ({ notary }, { request, signal }) => {
    const text = optionalText(request, 'owner')
    const owner = text === undefined ? undefined : parseDid(text)
    if (text !== undefined && owner === undefined) throw invalidRequest('owner', 'owner must be a did:key')
    return { ledgers: plain(await notary.accounts(owner, { signal })) }
  },
  transfers: async ({ notary }, { request, signal }) => {
    const contract: ContractId | undefined =
      optionalText(request, 'contract') === undefined ? undefined : contractOf(request)
    return { transfers: plain(await notary.transfers(contract, { signal })) }
  },
  prove: async ({ notary }, { request, signal }) => {
    const entry = optionalNumber(request, 'entry')
    if (entry === undefined) throw invalidRequest('entry', 'entry must be a number')
    return plain(await notary.prove(entry, { signal }))
  },
  growth: async ({ notary }, { request, signal }) => {
    const from = optionalNumber(request, 'from')
    if (from === undefined) throw invalidRequest('from', 'from must be a number')
    return plain(await notary.proveGrowth(from, { signal }))
  },
  checkpoint: async ({ notary }, { signal }) => plain(await notary.checkpoint({ isFresh: true, signal })),
  account: async ({ recoveries }, { request }) => await recoveries.show(request),
  collect: async ({ recoveries }, { request }) => await recoveries.collect(request),
  'recovery-request': async ({ recoveries }, { request }) => await recoveries.request(request),
  'recovery-cancel': async ({ recoveries }, { request }) => await recoveries.cancel(request),
  'recovery-complete': async ({ recoveries }, { request }) => await recoveries.complete(request),
  'give-up': async ({ recoveries }, { request }) => await recoveries.giveUp(request),
  offer: async (desks, { request }) => await tradeOf(desks).offer(request),
  withdraw: async (desks, { request }) => await tradeOf(desks).withdraw(request),
  offers: async (desks) => await Promise.resolve(tradeOf(desks).list()),
  buy: async (desks, { request }) => await tradeOf(desks).buy(request),
  purchase: async (desks, { request }) => await tradeOf(desks).purchase(request),
  result: async (desks, { request }) => await Promise.resolve(tradeOf(desks).result(request)),
  auction: async (desks, { request }) => await Promise.resolve(tradeOf(desks).transcript(request)),
  prices: async (desks, { request }) => await Promise.resolve(listPrices(roleOf(desks), request)),
  attest: async (desks, { request }) => await attestCapability(roleOf(desks), request),
  statement: async (desks, { request }) => await statementOf(desks, request),
  contract: async ({ escrow }, { request }) => await escrow.show(request),
  contracts: async ({ escrow }) => await escrow.list(),
  act: async ({ escrow }, { request }) => await escrow.act(request),
  inbox: async ({ escrow }, { signal }) => await escrow.inbox(signal),
  export: async ({ escrow }, { request }) => await escrow.export(request),
  reputation: async (desks, { request }) => await Promise.resolve(listStandings(reputationOf(desks), request)),
  'reputation-of': async (desks, { request }) => await Promise.resolve(showStandings(reputationOf(desks), request)),
}

/** What this node used, received and paid in a period, as CSV and as sums that it has signed. Throws `REQUEST_INVALID`, `MARKET_REFUSED`. */
async function statementOf(desks: MarketDesks, request: ControlRequest): Promise<JsonValue> {
  const [from, to] = [optionalNumber(request, 'from'), optionalNumber(request, 'to')]
  if (from === undefined || to === undefined || from < 0 || to <= from)
    throw invalidRequest('to', 'The period ends after it begins: from and to are milliseconds')
  const currency = await tradeOf(desks).currencyOf(request)
  const { role } = desks
  if (role === undefined) throw keyless('has no statement')
  const [fromAt, toAt] = [timestampFromMs(from), timestampFromMs(to)]
  const made = await statePeriod(role.party, { currency, from: fromAt, to: toAt, prices: new Map() })
  if (made.kind === 'refused') throw marketRefusal(made.code)
  const { statement, csv, signed } = made
  return plain({
    currency,
    from,
    to,
    total: statement.total,
    transfers: statement.transfers.length,
    csv,
    signed: signed.envelope.hash,
  })
}

/** How often the inbox is looked at, and how often at least a watcher hears of it. */
const LOOK_MS = 1_000
const SIGN_OF_LIFE_LOOKS = 30

/** The inbox as it changes; the same again now and then, so that whoever watches knows that somebody does. */
async function* watchInbox(
  { escrow, timers }: MarketDesks,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  let shown: string | undefined
  for (let looks = 0; !signal.aborted; looks += 1) {
    const text = JSON.stringify(await escrow.inbox(signal))
    if (text !== shown || looks % SIGN_OF_LIFE_LOOKS === 0) yield `${text}\n`
    shown = text
    await pause(timers, LOOK_MS, signal)
  }
}

function creditsOf({ credits }: MarketDesks): CreditDesk {
  if (credits === undefined) throw keyless('moves no credits')
  return credits
}

function tradeOf({ trade }: MarketDesks): TradeDesk {
  if (trade === undefined) throw keyless('buys and sells nothing')
  return trade
}

function reputationOf(desks: MarketDesks): ReputationKeeper {
  return roleOf(desks).reputation
}

function roleOf({ role }: MarketDesks): PartyRole {
  if (role === undefined) throw keyless('has no contracts to know anybody from')
  return role
}

function keyless(what: string): CodedError {
  return new CodedError('MARKET_ROLE_MISSING', {
    message: `This node has no escrow key, so it ${what}`,
    details: { remedy: 'Make one with `kernell key create --role escrow`, and start the node again.' },
  })
}

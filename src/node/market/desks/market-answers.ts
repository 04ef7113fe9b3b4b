import { isAbsolute } from 'node:path'
import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { timestampFromMs } from '../../../base/time.ts'
import { type ContractId, type Did, parseDid } from '../../../core/evidence/names.ts'
import { parseCurrency } from '../../../core/ledger/ledger-names.ts'
import { pause } from '../../../market/parties/contracts/contract-follower.ts'
import { statePeriod } from '../../../market/parties/accounts/statements.ts'
import type { ReputationKeeper } from '../../../market/reputation/reputation-keeper.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { AccountsQuery, NotaryClient, Paged } from '../../../ports/notary-client.ts'
import type { Timers } from '../../../ports/timers.ts'
import {
  type ControlAnswer,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { beginInput, keepInput, readPieces, readResult } from './artifact-desk.ts'
import { grantCapability, listCapabilities, revokeCapability, showCapability } from './capability-answers.ts'
import { contractOf, type CreditDesk } from './credit-desk.ts'
import { plain } from './plain-json.ts'
import type { EscrowDesk } from './escrow-desk.ts'
import type { GovernanceDesk } from './governance-desk.ts'
import type { OperatedBooks } from '../market-components.ts'
import { marketRefusal } from './market-refusals.ts'
import { attestCapability, listPrices } from './price-desk.ts'
import { parsePriceList } from './price-list.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'
import { lookIntoDispute } from './replication-desk.ts'
import { listStandings, showStandings } from './reputation-desk.ts'
import type { RecoveryDesk } from './recovery-desk.ts'
import { callOff } from './call-off.ts'
import { endSale, listSales } from './end-sale.ts'
import { showSale } from './sale.ts'
import type { TradeDesk } from './trade-desk.ts'

/** What a node can do once it knows its notary set; without an escrow key it only looks. */
export type MarketDesks = {
  readonly notary: NotaryClient
  /** Where this node keeps the books itself. */
  readonly books: OperatedBooks | undefined
  readonly role: PartyRole | undefined
  readonly credits: CreditDesk | undefined
  readonly recoveries: RecoveryDesk
  readonly trade: TradeDesk | undefined
  readonly escrow: EscrowDesk
  readonly governance: GovernanceDesk
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
  reconcile: async (desks, { request }) => plain(await creditsOf(desks).reconcile(request)),
  redeem: async (desks, { request }) => plain(await creditsOf(desks).redeem(request)),
  accounts: async ({ notary }, { request, signal }) => plain(await notary.accounts(accountsQuery(request), { signal })),
  currencies: async ({ notary }, { request, signal }) => {
    const isListed = request['isListed'] === true || undefined
    return plain(
      await notary.currencies({ code: optionalText(request, 'code'), isListed, ...pagedOf(request) }, { signal }),
    )
  },
  transfers: async ({ notary }, { request, signal }) => {
    const contract: ContractId | undefined =
      optionalText(request, 'contract') === undefined ? undefined : contractOf(request)
    return plain(await notary.transfers({ contract, owner: ownerOf(request), ...pagedOf(request) }, { signal }))
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
  prune: async ({ books }, { request }) => {
    if (books === undefined) throw notKeeping()
    const archive = optionalText(request, 'archive')
    if (archive !== undefined && !isAbsolute(archive))
      throw invalidRequest('archive', 'archive must be an absolute path')
    return plain(await books.prune({ archive, isDry: request['isDry'] === true }))
  },
  account: async ({ recoveries }, { request }) => await recoveries.show(request),
  collect: async ({ recoveries }, { request }) => await recoveries.collect(request),
  'recovery-request': async ({ recoveries }, { request }) => await recoveries.request(request),
  'recovery-cancel': async ({ recoveries }, { request }) => await recoveries.cancel(request),
  'recovery-complete': async ({ recoveries }, { request }) => await recoveries.complete(request),
  'give-up': async ({ recoveries }, { request }) => await recoveries.giveUp(request),
  offer: async (desks, { request }) => await tradeOf(desks).offer(request),
  withdraw: async (desks, { request }) => await tradeOf(desks).withdraw(request),
  'offer-text': async (desks, { request }) => await Promise.resolve(tradeOf(desks).offerText(request)),
  currency: async (desks, { request }) => ({ currency: await tradeOf(desks).currencyOf(request) }),
  sale: async (desks, { request }) => await showSale(roleOf(desks).party, desks.notary, request),
  sales: async (desks, { request }) => await listSales(roleOf(desks).party, desks.notary, request),
  'call-off': async (desks, { request }) => await callOff(roleOf(desks).buyer, request),
  'end-sale': async (desks, { request }) => await endSale(roleOf(desks).party, desks.notary, request),
  offers: async (desks) => await Promise.resolve(tradeOf(desks).list()),
  buy: async (desks, { request }) => await tradeOf(desks).buy(request),
  disclosure: async (desks, { request }) => await tradeOf(desks).disclosure(request),
  'input-fits': async (desks, { request }) => await tradeOf(desks).checkSize(request),
  purchase: async (desks, { request }) => await tradeOf(desks).purchase(request),
  'input-begin': async (desks, { request }) => await beginInput(roleOf(desks).party, request),
  'input-pieces': async (desks, { request }) => await keepInput(roleOf(desks).party, request),
  result: async (desks, { request }) => await readResult(roleOf(desks).party, request),
  'result-pieces': async (desks, { request }) => await readPieces(roleOf(desks).party, request),
  auction: async (desks, { request }) => await Promise.resolve(tradeOf(desks).transcript(request)),
  prices: async (desks, { request }) => await Promise.resolve(listPrices(roleOf(desks), request)),
  attest: async (desks, { request }) => await attestCapability(roleOf(desks), request),
  statement: async (desks, { request }) => await statementOf(desks, request),
  contract: async ({ escrow }, { request }) => await escrow.show(request),
  contracts: async ({ escrow }) => await escrow.list(),
  act: async ({ escrow }, { request }) => await escrow.act(request),
  replicate: async (desks, { request }) => {
    const peers = tradeOf(desks).peers()
    return await lookIntoDispute({ role: roleOf(desks), notary: desks.notary, peers }, request)
  },
  inbox: async ({ escrow }, { signal }) => await escrow.inbox(signal),
  export: async ({ escrow }, { request }) => await escrow.export(request),
  governance: async ({ governance }) => await governance.show(),
  'governance-propose': async ({ governance }, { request }) => await governance.propose(request),
  'governance-vote': async ({ governance }, { request }) => await governance.vote(request),
  'governance-delegate': async ({ governance }, { request }) => await governance.delegate(request),
  'governance-execute': async ({ governance }, { request }) => await governance.execute(request),
  'governance-cancel': async ({ governance }, { request }) => await governance.cancel(request),
  'governance-weights': async ({ governance }, { request, signal }) => await governance.publishWeights(request, signal),
  'capability-grant': async (desks, { request }) => {
    const trade = tradeOf(desks)
    return await grantCapability(roleOf(desks), request, async (asked) => await trade.currencyOf(asked))
  },
  'capability-show': async (desks, { request }) => await Promise.resolve(showCapability(roleOf(desks), request)),
  'capability-list': async (desks) => await Promise.resolve(listCapabilities(roleOf(desks))),
  'capability-revoke': async (desks, { request }) =>
    await revokeCapability(roleOf(desks), request, tradeOf(desks).peers()),
  reputation: async (desks, { request }) => await Promise.resolve(listStandings(reputationOf(desks), request)),
  'reputation-of': async (desks, { request }) => await Promise.resolve(showStandings(reputationOf(desks), request)),
}

function accountsQuery(request: ControlRequest): AccountsQuery {
  const text = optionalText(request, 'currency')
  const currency = text === undefined ? undefined : parseCurrency(text)
  if (text !== undefined && currency === undefined) throw invalidRequest('currency', 'currency must be CODE@DID')
  return { owner: ownerOf(request), currency, ...pagedOf(request) }
}

function ownerOf(request: ControlRequest): Did | undefined {
  const text = optionalText(request, 'owner')
  const owner = text === undefined ? undefined : parseDid(text)
  if (text !== undefined && owner === undefined) throw invalidRequest('owner', 'owner must be a did:key')
  return owner
}

function pagedOf(request: ControlRequest): Paged {
  return { after: optionalText(request, 'after'), limit: optionalNumber(request, 'limit') }
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
  const prices = request['prices'] === undefined ? undefined : parsePriceList(request['prices'])
  const period = { from: fromAt, to: toAt }
  const made = await statePeriod(role.party, { currency, keys: role.accounts.accounts, ...period, prices })
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
    const text = JSON.stringify(await escrow.inbox(signal, { isQuiet: true }))
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

function roleOf({ role }: MarketDesks): PartyRole {
  if (role === undefined) throw keyless('acts for nobody')
  return role
}

function reputationOf({ role }: MarketDesks): ReputationKeeper {
  if (role === undefined) throw keyless('has no contracts to know anybody from')
  return role.reputation
}

function notKeeping(): CodedError {
  return new CodedError('MARKET_ROLE_MISSING', {
    message: 'This node keeps no books: it is no notary',
    details: { remedy: 'Ask the node that runs with --notary.' },
  })
}

function keyless(what: string): CodedError {
  return new CodedError('MARKET_ROLE_MISSING', {
    message: `This node has no escrow key, so it ${what}`,
    details: { remedy: 'Make one with `kernell key create --role escrow`, and start the node again.' },
  })
}

/** Three sellers bid in secret, each with a deposit, and the cheapest wins at the second price; then openly: `node agents/auctioneer/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { formatAmount, sha256Hex, type Amount } from 'kernell-os/core'
import { LOST_DEPOSITS, parseHash, ReputationKeeper, standingOf, type Did } from 'kernell-os/market'
import { createMemoryEventLog } from 'kernell-os/storage'
import { OfflineMarket } from '../offline/offline-market.ts'
import { auctioneer, type AuctioneerInput, type Closed } from './agent.ts'

const market = await OfflineMarket.open([10, 11, 12, 13])
for (const [number, price] of [
  [11, 900_000_000n],
  [12, 700_000_000n],
  [13, 800_000_000n],
] as const)
  await market.seller(number, price)
const party = await market.party(10)
const span = (ms: number): never => ms as never
// What this auctioneer knows of others, from its own contracts: nothing yet, so that all of them are newcomers.
const reputation = await ReputationKeeper.open({ party, log: createMemoryEventLog() })
reputation.start()
const deposit = 10_000_000n as Amount
const rules = {
  bidMs: span(200),
  revealMs: span(200),
  settleMs: span(200),
  latencyMsMax: span(10_000),
  peers: [11, 12, 13].map((number) => market.didOf(number)),
  standingOf: async (bidder: Did) => await Promise.resolve(standingOf(reputation, bidder)),
  depositNanos: deposit,
  forfeitTo: LOST_DEPOSITS,
  notarySet: market.set.id,
  filter: { capabilities: [], reputationPpmMin: 500_000, newcomerExposureNanos: 1_000_000_000n as Amount },
  openAuctionLog: async () => createMemoryEventLog(),
}
const input: AuctioneerInput = { party, rules }
const system = createActorSystem()
const ref = system.spawn(auctioneer, { id: 'auctioneer', input })
const task = parseHash(sha256Hex('a task and its salt'))
const call = {
  type: 'auction',
  skill: 'text.word-count',
  task,
  currency: market.currency,
  reserveNanos: 1_000_000_000n,
}
const closed = await ref.ask<Closed>(call, { timeoutMs: 15_000 })
assert.equal(closed.type, 'closed')
assert.equal(closed.winner, market.didOf(12))
assert.equal(closed.clearingNanos, 800_000_000n)
assert.equal(closed.bids, 3)
for (const number of [11, 12, 13]) assert.equal(await market.balanceOf(market.didOf(number)), 10_000_000_000n)
const open = await ref.ask<Closed>({ ...call, kind: 'english' }, { timeoutMs: 15_000 })
assert.equal(open.winner, market.didOf(12))
assert.equal(open.clearingNanos, 700_000_000n)
const tooLow = await ref.ask<Closed>({ ...call, reserveNanos: 100_000_000n }, { timeoutMs: 15_000 })
assert.equal(tooLow.winner, null)

const lines = [
  `bids: ${closed.bids}, sealed, then revealed`,
  `winner: ${closed.winner?.slice(-8)} with 0.70`,
  `price: ${formatAmount(closed.clearingNanos ?? (0n as Amount))}, the second lowest`,
  `transcript: ${closed.transcript?.slice(0, 16)}..., which anybody recomputes`,
  `deposits of ${formatAmount(deposit)}, held by the notary and given back`,
  `openly: ${formatAmount(open.clearingNanos ?? (0n as Amount))}, where nobody undercuts`,
  'a reserve below all offers: nobody is awarded',
]
process.stdout.write(`${lines.join('\n')}\n`)
await system.stop()
await market.close()

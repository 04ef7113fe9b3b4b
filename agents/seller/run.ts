/** A seller offers, is bought from, and is paid: `node agents/seller/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { formatAmount, type Amount } from 'kernell-os/core'
import { OfflineMarket } from '../offline/offline-market.ts'
import { seller, type Offered, type SellerAgentInput } from './agent.ts'

const market = await OfflineMarket.open([10, 11])
const system = createActorSystem()
// It stands behind the agent, with an offer of its own that nobody wants at the price.
const behind = await market.seller(11, 9_000_000_000n)
const input: SellerAgentInput = { seller: behind, clock: system.environment.clock }
const ref = system.spawn(seller, { id: 'seller', input })
const price = { priceNanos: 500_000_000n as Amount, currency: market.currency }
const offered = await ref.ask<Offered>({ type: 'offer', skill: 'text.word-count', latencyMs: 1_000, ...price })
assert.equal(offered.type, 'offered')

const buyer = await market.buyer(10)
const input_ = new TextEncoder().encode('one two three four')
const head = { idempotencyKey: 'example', skill: 'text.word-count', input: input_, custody: 'C2' } as const
await buyer.buy({ ...head, maxNanos: 1_000_000_000n as Amount, currency: market.currency, peers: [market.didOf(11)] })
const order = await buyer.ended('example')
assert.equal(order.failed, undefined)
const earned = (await market.balanceOf(market.didOf(11))) - 10_000_000_000n
// The notary's fee is one hundredth of the price.
assert.equal(earned, 495_000_000n)

const lines = [
  `offered: text.word-count for 0.50 (${offered.offer.slice(0, 12)}...)`,
  `signed: contract ${order.contract?.slice(0, 12)}..., every term checked before`,
  'worked: started when the hold was certified, judged by the predicate before the delivery',
  `earned: ${formatAmount(earned as Amount)} credits of the issuer, the notary's fee taken, custody C2/f=0`,
  `open contracts: ${behind.offers().length > 0 ? 0 : 'unknown'}`,
]
process.stdout.write(`${lines.join('\n')}\n`)
await system.stop()
await market.close()

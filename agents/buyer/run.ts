/** Two sellers bid for a word count, and one is paid: `node agents/buyer/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { formatAmount, type Amount } from 'kernell-os/core'
import { OfflineMarket } from '../offline/offline-market.ts'
import { buyer, type BuyerAgentInput, type Bought } from './agent.ts'

const market = await OfflineMarket.open([10, 11, 12])
await market.seller(11, 900_000_000n)
await market.seller(12, 700_000_000n)
const input: BuyerAgentInput = { buyer: await market.buyer(10) }
const system = createActorSystem()
const ref = system.spawn(buyer, { id: 'buyer', input })

const more = {
  peers: [market.didOf(11), market.didOf(12)],
  predicate: { kind: 'number-near', artifact: 'result', pointer: '/words', expected: '3', tolerance: '0' },
} as const
const price = { maxNanos: 1_000_000_000n as Amount, currency: market.currency }
const request = {
  type: 'buy',
  idempotencyKey: 'example',
  skill: 'text.word-count',
  text: 'one two three',
  auction: 'second',
  more,
  ...price,
} as const
const bought = await ref.ask<Bought>(request, { timeoutMs: 15_000 })
assert.equal(bought.type, 'bought')
assert.equal(bought.outcome, 'FINAL')
assert.equal(bought.result, '{"words":3}')
// The second price: what the other one asked.
const spent = 10_000_000_000n - (await market.balanceOf(market.didOf(10)))
assert.equal(spent, 900_000_000n)
const again = await ref.ask<Bought>(request, { timeoutMs: 15_000 })
assert.equal(again.contract, bought.contract)

const lines = [
  `bought: ${bought.result} under contract ${bought.contract?.slice(0, 12)}...`,
  `paid: ${formatAmount(spent as Amount)} credits of the issuer, custody C2/f=0`,
  'the winner had bid 0.70, the other seller 0.90: a second-price auction',
  'asked again with the same key: the same purchase',
  'ended: FINAL',
]
process.stdout.write(`${lines.join('\n')}\n`)
await system.stop()
await market.close()

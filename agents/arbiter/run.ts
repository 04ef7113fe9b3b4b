/** A payer rejects good work without reason, and two arbiters put it right: `node agents/arbiter/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { formatAmount, sha256Hex, type Amount } from 'kernell-os/core'
import { Arbiter, parseContractId, parseHash } from 'kernell-os/market'
import { OfflineMarket } from '../offline/offline-market.ts'
import { arbiter, type ArbiterInput, type ArbiterReply } from './agent.ts'

const market = await OfflineMarket.open([10, 11])
await market.seller(11, 800_000_000n)
const buyer = await market.buyer(10, { acceptsAlone: false, arbiters: [14, 15] })
const system = createActorSystem()
const refs = []
for (const number of [14, 15]) {
  const given = new Arbiter({ party: await market.party(number) })
  given.start()
  const input: ArbiterInput = { arbiter: given }
  refs.push(system.spawn(arbiter, { id: `arbiter-${number}`, input }))
}

const words = new TextEncoder().encode('one two three')
const predicate = { kind: 'number-near', artifact: 'result', pointer: '/words', expected: '3', tolerance: '0' } as const
const head = { idempotencyKey: 'example', skill: 'text.word-count', input: words, custody: 'C2', predicate } as const
await buyer.buy({ ...head, maxNanos: 1_000_000_000n as Amount, currency: market.currency, peers: [market.didOf(11)] })
const isDelivered = (): boolean => [...buyer.party.states.values()].some(({ kind }) => kind === 'DELIVERED')
for (let looks = 0; looks < 100 && !isDelivered(); looks += 1) await new Promise((resolve) => setTimeout(resolve, 20))
const contract = parseContractId(buyer.order('example')?.contract ?? '')
const evidence = parseHash(sha256Hex('nothing'))
assert.ok(contract !== undefined && evidence !== undefined && isDelivered())
for (const ref of refs) assert.equal((await ref.ask<ArbiterReply>({ type: 'take', contract })).type, 'taken')

// The lie: nothing failed, and nothing is conceded.
const body = { reason: 'dislike', evidence, concededNanos: 0n as Amount, currency: market.currency }
await buyer.party.tellNotary(contract, { act: 'reject', type: 'escrow-reject', body })
await buyer.ended('example')
const earned = (await market.balanceOf(market.didOf(11))) - 10_000_000_000n
assert.equal(earned, 792_000_000n)

const lines = [
  'delivered: good work; rejected without reason',
  'record closed: the worker had filed its evidence in time',
  'ruled: both arbiters ran the predicate themselves and signed the same split',
  `worker: ${formatAmount(earned as Amount)} credits of the issuer, all that it claimed less the fee`,
  'ended: FINAL, custody C2/f=0',
]
process.stdout.write(`${lines.join('\n')}\n`)
await system.stop()
await market.close()

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstreamServer, type UpstreamServer } from '../../fixtures/upstream-server.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** Four real processes: a notary, a node that only passes on, a seller and a buyer that both know that one alone. */
const { folder, kernell, makeKey, start, end } = openMarketFolder()
const TCP = ['--listen', '/ip4/127.0.0.1/tcp/0']
const QUESTION =
  'Explain in detail how rivers shaped trade in Europe, compare three of them, and give reasons why one of them mattered most for each century since 1500.'
let models: UpstreamServer

/** A dear model of the buyer's, which judges too, and a cheap one of the seller's. */
function writeConfigs(issuer: string): void {
  const provider = (model: string, local: boolean): object => ({
    [model]: { kind: 'openai', baseUrl: models.baseUrl, models: [model], local },
  })
  const grand = { tier: 'premium_api', prices: { inputUsdPerMillion: '1', outputUsdPerMillion: '200' } }
  const buyer = {
    discover: false,
    providers: provider('grand', false),
    models: { 'grand/grand': grand },
    router: { judge: 'grand/grand' },
    market: { discover: true },
    peers: { currency: `USD@${issuer}`, usdPerCredit: '1', tenants: ['default'] },
  }
  writeFileSync(join(folder, 'buyer.json'), JSON.stringify(buyer))
  writeFileSync(join(folder, 'seller.json'), JSON.stringify({ discover: false, providers: provider('near', true) }))
}

beforeAll(async () => {
  models = await startUpstreamServer({
    models: ['grand', 'near'],
    behaviour: ({ body }) => {
      const text = JSON.stringify(body)
      if (text.includes('You judge whether')) return { kind: 'answer', text: '{"verdict":"accept","confidence":1}' }
      return { kind: 'answer', text: text.includes('"near"') ? 'Rhine, Loire, Ebro.' : 'The model.' }
    },
  })
  const notary = await makeKey('notary', 'notary')
  const issuer = await makeKey('notary', 'escrow')
  await makeKey('seller', 'escrow')
  const buyer = await makeKey('buyer', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  writeConfigs(issuer)
  writeFileSync(join(folder, 'letter.txt'), 'one two three')
  await start('notary', '--notary')
  const deposit = ['--amount', '1', '--currency', 'USD', '--idempotency-key', 'deposit', '--data-dir', 'notary']
  await kernell('ledger', 'issue', '--account', buyer, ...deposit)
  const middle = await start('middle', ...TCP)
  await start('seller', ...TCP, '--bootstrap', middle, '--config', 'seller.json')
  await start('buyer', ...TCP, '--bootstrap', middle, '--config', 'buyer.json')
  await kernell('market', 'offer', '--skill', 'text.word-count', '--price', '0.25', '--data-dir', 'seller')
  const answers = ['--skill', 'chat.general', '--price', '0.002', '--agent', 'chat', '--currency', `USD@${issuer}`]
  await kernell('market', 'offer', ...answers, '--data-dir', 'seller')
}, 110_000)

afterAll(async () => {
  await end()
  await models.close()
}, 30_000)

describe('a seller that nobody has named', () => {
  test('is found by its card, and paid for its work', { timeout: 100_000 }, async () => {
    let sellers: readonly Json[] = []
    // The card is said when the node looks next.
    for (let tries = 0; tries < 20 && sellers.length === 0; tries += 1)
      sellers = told(await kernell('market', 'sellers', '--data-dir', 'buyer'))['sellers'] as readonly Json[]
    expect(sellers).toMatchObject([{ isKnown: false }])
    const offered = sellers[0]?.['offers']
    expect(offered).toContainEqual(expect.objectContaining({ skill: 'text.word-count', priceNanos: '250000000' }))
    const words = ['--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.5', '--custody', 'C2']
    const bought = await kernell('market', 'buy', ...words, '--idempotency-key', 'letter', '--data-dir', 'buyer')
    expect(bought.code).toBe(0)
    // From then on the seller's card shows what its payer has signed.
    let [shown] = sellers
    for (let tries = 0; tries < 40 && receiptsOf(shown).length === 0; tries += 1)
      [shown] = told(await kernell('market', 'sellers', '--data-dir', 'buyer'))['sellers'] as readonly Json[]
    expect(shown).toMatchObject({ receipts: [{ endedAt: expect.any(Number) }] })
  })

  test('has its answers bought by the router, from the offer on its card', { timeout: 100_000 }, async () => {
    let task: Json = {}
    // A card is said again when something has changed.
    for (let tries = 0; tries < 20 && task['tier'] !== 'peer'; tries += 1) {
      const words = ['--data-dir', 'buyer', '--config', 'buyer.json', '--explain']
      task = told(await kernell('route', `${QUESTION} (${tries})`, ...words))
    }
    expect(task).toMatchObject({ tier: 'peer', output: 'Rhine, Loire, Ebro.' })
    const { candidates } = task['decision'] as { readonly candidates: readonly Json[] }
    expect(candidates).toContainEqual(expect.objectContaining({ tier: 'peer', offer_source: 'card' }))
  })
})

function receiptsOf(seller: Json | undefined): readonly unknown[] {
  const { receipts } = seller ?? {}
  return Array.isArray(receipts) ? receipts : []
}

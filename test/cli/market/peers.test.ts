import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstreamServer, type UpstreamServer } from '../../fixtures/upstream-server.ts'
import { runBinary } from '../run-binary.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** Three real processes: a notary that issues, a node that sells answers of its model, and one whose router buys them. */
const { folder, environment, kernell, makeKey, start, end } = openMarketFolder()
const QUESTION =
  'Explain in detail how rivers shaped trade in Europe, compare three of them, and give reasons why one of them mattered most for each century since 1500.'
let own: UpstreamServer
let sold: UpstreamServer

beforeAll(async () => {
  own = await startUpstreamServer({
    models: ['grand-1'],
    behaviour: ({ body }) => {
      const isJudging = JSON.stringify(body).includes('You judge whether')
      return { kind: 'answer', text: isJudging ? '{"verdict":"accept","confidence":1}' : 'The model.' }
    },
  })
  sold = await startUpstreamServer({ models: ['near-3b'], behaviour: { kind: 'answer', text: 'Rhine, Loire, Ebro.' } })
  const notary = await makeKey('notary', 'notary')
  const issuer = await makeKey('notary', 'escrow')
  await makeKey('seller', 'escrow')
  const buyer = await makeKey('buyer', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  await start('notary', '--notary')
  const deposit = ['--amount', '1', '--currency', 'USD', '--idempotency-key', 'deposit', '--data-dir', 'notary']
  await kernell('ledger', 'issue', '--account', buyer, ...deposit)
  const providers = (name: string, model: string, baseUrl: string, isLocal: boolean): object => ({
    [name]: { kind: 'openai', baseUrl, models: [model], local: isLocal },
  })
  writeFileSync(
    join(folder, 'seller.json'),
    JSON.stringify({ discover: false, providers: providers('near', 'near-3b', sold.baseUrl, true) }),
  )
  writeFileSync(
    join(folder, 'buyer.json'),
    JSON.stringify({
      discover: false,
      providers: providers('grand', 'grand-1', own.baseUrl, false),
      models: {
        'grand/grand-1': { tier: 'premium_api', prices: { inputUsdPerMillion: '1', outputUsdPerMillion: '200' } },
      },
      router: { judge: 'grand/grand-1' },
      peers: { currency: `USD@${issuer}`, usdPerCredit: '1', tenants: ['default'] },
    }),
  )
  const address = await start('seller', '--config', 'seller.json')
  const offer = ['--skill', 'chat.general', '--price', '0.002', '--agent', 'chat', '--currency', `USD@${issuer}`]
  await kernell('market', 'offer', ...offer, '--data-dir', 'seller')
  await start('buyer', '--config', 'buyer.json', '--bootstrap', address)
}, 120_000)

afterAll(async () => {
  await end()
  await own.close()
  await sold.close()
}, 30_000)

describe('a node that may buy answers', () => {
  test('has a question answered by another node, judged, and paid in credits', { timeout: 60_000 }, async () => {
    let task: Json = {}
    // The offers are read once the node is up.
    for (let tries = 0; tries < 10 && task['tier'] !== 'peer'; tries += 1)
      task = told(await kernell('route', `${QUESTION} (${tries})`, '--data-dir', 'buyer', '--config', 'buyer.json'))
    expect(task).toMatchObject({ tier: 'peer', output: 'Rhine, Loire, Ebro.' })
    const [asked] = sold.calls
    expect(asked?.body).toMatchObject({
      messages: [{ role: 'user', content: expect.stringContaining(QUESTION) as unknown }],
    })
    const { contracts } = told(await kernell('escrow', 'list', '--data-dir', 'buyer')) as { contracts: readonly Json[] }
    expect(contracts).toMatchObject([{ priceNanos: '2000000' }])
  })

  test('says of a task that it keeps why no peer was asked, with all candidates', { timeout: 60_000 }, async () => {
    const risky = 'My child swallowed 12 ibuprofen tablets, which dose of charcoal should I give her?'
    const words = ['route', risky, '--data-dir', 'buyer', '--config', 'buyer.json', '--explain']
    const { decision } = told(await kernell(...words)) as { decision: Json }
    expect(decision).toMatchObject({ risk: 'high', no_peer_because: 'tasks of high risk do not leave' })
    expect(decision['candidates']).toContainEqual(expect.objectContaining({ model: 'grand/grand-1' }))
    const people = await runBinary([...words, '--cache', 'off'], { folder, environment })
    expect(people.errors).toMatch(/- no peer is asked: tasks of high risk do not leave\n[^]*candidate +tier/)
  })

  test('says who would learn what before it buys anything', { timeout: 60_000 }, async () => {
    writeFileSync(join(folder, 'letter.txt'), 'one two three')
    const words = ['market', 'buy', '--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.5']
    const dry = ['--idempotency-key', 'dry', '--data-dir', 'buyer', '--dry-run']
    const { output } = await runBinary([...words, ...dry], { folder, environment })
    expect(output).toContain('What leaves this node, and to whom:')
    expect(output).toContain('that somebody at this node looks for text.word-count, and nothing of the input')
    expect(output).toContain('the seller: the whole input (13 bytes), after it has signed the contract')
    const { discloses } = told(await kernell(...words, '--custody', 'C3', '--auction', 'first', ...dry))
    expect((discloses as readonly Json[]).map(({ to }) => to)).toEqual(['asked-nodes', 'bidders', 'seller', 'notaries'])
    expect(JSON.stringify(discloses)).toContain('before it signs')
    const { contracts } = told(await kernell('escrow', 'list', '--data-dir', 'buyer')) as { contracts: readonly Json[] }
    expect(contracts).toHaveLength(1)
  })
})

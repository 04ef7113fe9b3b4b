import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrowserSession } from '../browser/browser-session.ts'
import { type Json, openMarketFolder, told } from '../cli/market/market-folder.ts'
import { CHROMIUM, DashboardTab } from './served-dashboard.ts'

/** So that a line holds several words. */
const line = (...all: readonly string[]): readonly string[] => all

/** A notary that also issues, a seller and a buyer, each a process of its own; whoever looks is the buyer. */
describe.skipIf('reason' in CHROMIUM)('the market on the dashboard', { timeout: 120_000 }, () => {
  const market = openMarketFolder()
  const { folder, kernell, makeKey, start } = market
  let browser: BrowserSession
  let page: DashboardTab
  const dids = { buyer: '', seller: '' }

  beforeAll(async () => {
    writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
    const notary = await makeKey('notary', 'notary')
    await makeKey('notary', 'escrow')
    dids.seller = await makeKey('seller', 'escrow')
    dids.buyer = await makeKey('buyer', 'escrow')
    const member = `${notary}@/unix${join(folder, 'n.sock')}`
    await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
    await start('notary', '--notary')
    const seller = await start('seller')
    await start('buyer', '--bootstrap', seller)
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    const { link } = told(await kernell('dashboard', '--data-dir', 'buyer')) as { readonly link: string }
    page = await DashboardTab.open(browser, link)
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await market.end()
  }, 60_000)

  it('says who this node is, and what to do where nothing was bought or sold', async () => {
    await page.show('market')
    await page.untilShown('Nothing is offered here')
    await page.untilShown('No other node has said that it sells')
    await page.until(`document.querySelector('[title="${dids.buyer}"]') !== null`)
    await page.show('escrows')
    await page.untilShown('No contract yet')
  })

  it('shows credits as soon as they are issued', async () => {
    await page.show('ledger')
    await page.untilShown('No account yet')
    const issued = await kernell(
      ...line('ledger', 'issue', '--account', dids.buyer, '--amount', '1.25', '--currency', 'USD'),
      ...line('--idempotency-key', 'first', '--data-dir', 'notary'),
    )
    expect(issued.code).toBe(0)
    await page.untilShown('1.25 USD', 2_000)
  })

  it('shows a contract with its state, its chart and its evidence as it comes about, and who was paid', async () => {
    const offer = ['market', 'offer', '--skill', 'text.word-count', '--price', '0.5', '--agent', 'word-count']
    expect((await kernell(...offer, '--data-dir', 'seller')).code).toBe(0)
    await page.show('escrows')
    const bought = await kernell(
      ...line(
        'market',
        'buy',
        '--skill',
        'text.word-count',
        '--input',
        'letter.txt',
        '--max',
        '0.6',
        '--currency',
        'USD',
      ),
      ...line('--custody', 'C2', '--notary-set', 'set.json', '--idempotency-key', 'letter', '--data-dir', 'buyer'),
      ...line('--output', 'count.json'),
    )
    const { contract, state } = told(bought) as { readonly contract: string; readonly state: string }
    expect(JSON.parse(readFileSync(join(folder, 'count.json'), 'utf8')) as Json).toMatchObject({ words: 3 })
    await page.untilShown('0.5 USD', 2_000)
    await page.untilShown(state, 2_000)
    await page.show(`escrows/${contract}`)
    await page.untilShown('signed pieces')
    await page.until(`document.querySelector('.statechart .current')?.textContent.includes('${state}') === true`)
    expect(await page.value("document.querySelectorAll('.statechart .edge.taken').length >= 5")).toBe(true)
    for (const shown of ['DRAFT → OFFERED', 'WORKING → DELIVERED', '0.005 USD', 'escrow-accept'])
      await page.untilShown(shown)
    await page.show('ledger')
    await page.until(`document.querySelector('[title="${dids.seller}"]') !== null`)
    await page.untilShown('0.495 USD')
    await page.untilShown('0.75 USD')
  })
})

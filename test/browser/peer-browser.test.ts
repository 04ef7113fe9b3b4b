import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { told } from '../cli/market/market-folder.ts'
import { BrowserSession, type BrowserTab } from './browser-session.ts'
import { findChromium } from './chromium.ts'
import { startPageServer, type PageServer } from './page-server.ts'
import { openPeerMarket, type PeerMarket, SKILL, TIMERS } from './peer-market.ts'

const PAGES = {
  peer: {
    allowsWasm: false,
    connects: 'ws://127.0.0.1:*',
    script: `globalThis.kernell = await import('kernell-os/peer-browser/bundle')
  globalThis.bytes = (text) => new TextEncoder().encode(text)
  globalThis.textOf = (bytes) => new TextDecoder().decode(bytes)`,
  },
} as const

const chromium = findChromium()
if ('reason' in chromium) console.warn(`No page takes part in the market: ${chromium.reason}`)

describe.skipIf('reason' in chromium)('a peer in a page', { timeout: 60_000 }, () => {
  let market: PeerMarket
  let server: PageServer
  let browser: BrowserSession
  let tab: BrowserTab

  /** Opens the peer of a tab; `more` are members of its init, as code. */
  const openPeer = async (in_: BrowserTab, more = ''): Promise<string> =>
    String(
      await in_.run(`
      const init = { notarySet: ${JSON.stringify(market.notarySet)}, peers: [${JSON.stringify(market.trader)}], ${more} }
      globalThis.failures = []
      globalThis.peer = await kernell.openBrowserPeer({ onFailure: (cause) => failures.push(String(cause?.message)), ...init })
      return peer.account`),
    )
  const order = (key: string): string =>
    `{ key: '${key}', skill: '${SKILL}', input: bytes('one two three\\n'), maxNanos: 500_000_000n, currency: '${market.currency}', timers: ${JSON.stringify(TIMERS)} }`

  beforeAll(async () => {
    market = await openPeerMarket()
    server = await startPageServer(PAGES, {})
    browser = await BrowserSession.open('path' in chromium ? chromium.path : '')
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    server.close()
    await market.end()
  }, 60_000)
  beforeEach(async () => {
    tab = await browser.openTab(server.urlOf('peer'))
  })
  afterEach(async () => await tab.close())

  it('buys from a node: it says first who learns what, and the contract is FINAL', async () => {
    await market.fund(await openPeer(tab))
    const bought = await tab.run(`
      const order = ${order('first')}
      const lines = await peer.disclosure(order)
      const before = peer.purchase
      await peer.buy(order)
      const { ended, failed, contract } = await peer.ended('first')
      const { ledgers } = await peer.accounts()
      return { to: lines.map(({ to, who }) => to + ' ' + who.length), ended, failed, contract, result: textOf(await peer.result('first')), ledgers, failures }`)
    expect(bought).toMatchObject({
      to: ['asked-nodes 1', 'seller 0', 'notaries 1'],
      ended: 'FINAL',
      failed: null,
      result: '{"characters":14,"lines":1,"words":3}',
      failures: [],
    })
  })
})

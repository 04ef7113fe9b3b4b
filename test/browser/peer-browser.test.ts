import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildExample } from '../../examples/browser/build.ts'
import { told } from '../cli/market/market-folder.ts'
import type { BinaryRun } from '../cli/run-binary.ts'
import { BrowserSession, type BrowserTab } from './browser-session.ts'
import { readRepositoryFile } from '../repo/repository.ts'
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

/** So that a line holds several words. */
const line = (...all: readonly string[]): readonly string[] => all

/** Opens a peer with what it is sent, and says whose it is. */
const WORKER = `import { openBrowserPeer } from '/dist/browser/peer.js'
onmessage = async ({ data }) => {
  try {
    const peer = await openBrowserPeer(data)
    const accounts = await peer.accounts()
    await peer.close()
    postMessage({ account: peer.account, accounts, isPersistent: peer.isPersistent })
  } catch (error) {
    postMessage({ code: error.code, message: error.message })
  }
}`

/** The example as a site serves it. */
async function exampleFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const output = await buildExample(join(folder, 'page'))
  return Object.fromEntries(
    readdirSync(output).map((name) => [`/example/${name}`, readFileSync(join(output, name))] as const),
  )
}

const chromium = findChromium()
if ('reason' in chromium) console.warn(`No page takes part in the market: ${chromium.reason}`)

describe.skipIf('reason' in chromium)('a peer in a page', { timeout: 60_000 }, () => {
  let market: PeerMarket
  let server: PageServer
  let browser: BrowserSession
  let tab: BrowserTab
  const example = mkdtempSync(join(tmpdir(), 'kernell-example-'))

  /** Opens the peer of a tab; `more` are members of its init, as code. */
  const openPeer = async (in_: BrowserTab, more = ''): Promise<string> =>
    String(
      await in_.run(`
      const init = { notarySet: ${JSON.stringify(market.notarySet)}, peers: [${JSON.stringify(market.trader)}], ${more} }
      globalThis.failures = []
      globalThis.until = (is) => new Promise((resolve) => { const look = () => { if (is()) resolve() }; peer.watch(look); look() })
      globalThis.peer = await kernell.openBrowserPeer({ onFailure: (cause) => failures.push(String(cause?.message)), ...init })
      return peer.account`),
    )
  const order = (key: string): string =>
    `{ key: '${key}', skill: '${SKILL}', input: bytes('one two three\\n'), maxNanos: 500_000_000n, currency: '${market.currency}', timers: ${JSON.stringify(TIMERS)} }`

  /** Nobody asks a page that is not connected yet. */
  const offerShout = async (in_: BrowserTab): Promise<void> =>
    void (await in_.run(
      `await until(() => peer.connected.some((node) => !${JSON.stringify(market.notarySet)}.includes(node)))
      await peer.offer({ skill: 'page.shout', priceNanos: 250_000_000n, currency: '${market.currency}' })`,
    ))
  const buyShout = async (key: string): Promise<BinaryRun> =>
    await market.kernell(
      ...line('market', 'buy', '--skill', 'page.shout', '--input', 'letter.txt', '--max', '0.5', '--custody', 'C2'),
      ...line('--currency', market.currency, '--timers', 'timers.json', '--idempotency-key', key),
      ...line('--output', `${key}.txt`, '--data-dir', 'trader'),
    )

  beforeAll(async () => {
    market = await openPeerMarket()
    const peer = readRepositoryFile('dist/browser/peer.js')
    const [, page = ''] = /```html\n([\s\S]*?)```/.exec(readRepositoryFile('README.md')) ?? []
    server = await startPageServer(PAGES, {
      '/readme/page.html': page,
      '/readme/peer.js': peer,
      '/readme/set.json': market.notarySet,
      '/worker.js': WORKER,
      ...(await exampleFiles(example)),
    })
    browser = await BrowserSession.open('path' in chromium ? chromium.path : '')
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    server.close()
    await market.end()
    rmSync(example, { recursive: true, force: true })
  }, 120_000)
  beforeEach(async () => {
    tab = await browser.openTab(server.urlOf('peer'))
  })
  afterEach(async () => await tab.close())

  it('buys from a node: it says first who learns what, and the contract is FINAL', async () => {
    await market.fund(await openPeer(tab))
    const bought = await tab.run(`
      const order = ${order('first')}
      const lines = await peer.disclosure(order)
      await peer.buy(order)
      const { ended, failed } = await peer.ended('first')
      return { to: lines.map(({ to, who }) => to + ' ' + who.length), ended, failed, result: textOf(await peer.result('first')), failures }`)
    expect(bought).toMatchObject({
      to: ['asked-nodes 1', 'seller 0', 'notaries 1'],
      ended: 'FINAL',
      failed: null,
      result: '{"characters":14,"lines":1,"words":3}',
      failures: [],
    })
  })

  it('sells to a node, which asks over the connection that the page has opened', async () => {
    const account = await openPeer(
      tab,
      `workers: { 'page.shout': async (input) => bytes(textOf(input).toUpperCase()) }`,
    )
    await offerShout(tab)
    const run = await buyShout('shouted')
    expect([run.code, told(run)]).toMatchObject([0, { state: 'FINAL', worker: account, capturedNanos: '250000000' }])
    expect(readFileSync(join(market.folder, 'shouted.txt'), 'utf8')).toBe('ONE TWO THREE\n')
    expect(await tab.run(`return failures`)).toEqual([])
  })

  it('is resumed as the payer that it was when its tab was closed in the middle of a contract', async () => {
    // In several pieces, which the seller fetches over the connection that the page has opened.
    const long = `{ ...${order('interrupted')}, input: bytes('word '.repeat(300_000)) }`
    await openPeer(tab)
    await tab.runUntilPaused(`
      peer.watch(() => { if (['HELD', 'WORKING', 'DELIVERED'].includes([...peer.contracts.values()][0])) debugger })
      await peer.buy(${long})`)
    await tab.close()
    tab = await browser.openTab(server.urlOf('peer'))
    await openPeer(tab)
    const ended = await tab.run(`
      const { ended, failed } = await peer.ended('interrupted')
      return { ended, failed, result: textOf(await peer.result('interrupted')), again: (await peer.buy(${long})).contract === peer.purchase('interrupted').contract }`)
    expect(ended).toEqual({
      ended: 'FINAL',
      failed: null,
      result: '{"characters":1500000,"lines":1,"words":300000}',
      again: true,
    })
  })

  it('is resumed as the worker that it was, with the same task', async () => {
    await openPeer(tab, `workers: { 'page.shout': async () => { debugger; await new Promise(() => {}) } }`)
    await offerShout(tab)
    const paused = tab.event('Debugger.paused')
    const buying = buyShout('resumed')
    await paused
    await tab.close()
    tab = await browser.openTab(server.urlOf('peer'))
    await openPeer(tab, `workers: { 'page.shout': async (input) => bytes(textOf(input).toUpperCase()) }`)
    const run = await buying
    expect([run.code, told(run)]).toMatchObject([0, { state: 'FINAL' }])
    expect(readFileSync(join(market.folder, 'resumed.txt'), 'utf8')).toBe('ONE TWO THREE\n')
  })

  it('is refused in a second tab, and opens there once the first is closed', async () => {
    const account = await openPeer(tab)
    const second = await browser.openTab(server.urlOf('peer'))
    await expect(openPeer(second)).rejects.toMatchObject({ code: 'STORE_LOCKED', details: { store: 'kernell' } })
    expect(await openPeer(second, `store: 'another'`)).not.toBe(account)
    await second.run(`await peer.close()`)
    await tab.run(`await peer.close()`)
    expect(await openPeer(second)).toBe(account)
    await second.close()
  })

  it('connects again when its connection breaks', async () => {
    await openPeer(tab, `workers: { 'page.shout': async (input) => input }`)
    await tab.run(`await until(() => peer.connected.length > 0)`)
    await market.wire.cut()
    await tab.run(`await until(() => peer.connected.length > 0)`)
    await offerShout(tab)
    expect((await buyShout('reconnected')).code).toBe(0)
  })

  it('opens in a worker of a page too', async () => {
    const told = await tab.run(`
      const worker = new Worker('/worker.js', { type: 'module' })
      const answer = new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)))
      worker.postMessage({ notarySet: ${JSON.stringify(market.notarySet)}, peers: ['${market.trader}'], store: 'worker' })
      return await answer`)
    expect(told).toMatchObject({ account: expect.stringMatching(/^did:key:z6Mk/) as string, accounts: { ledgers: [] } })
  })

  it('is the page of the README', async () => {
    const query = new URLSearchParams({ node: market.trader, currency: market.currency })
    const page = await browser.openTab(new URL(`/readme/page.html?${query.toString()}`, server.urlOf('')).href)
    await page.run(`
      globalThis.told = document.getElementById('told')
      globalThis.says = (text) => new Promise((resolve) => {
        const look = () => { if (told.textContent.includes(text)) resolve(told.textContent) }
        new MutationObserver(look).observe(told, { childList: true })
        look()
      })
      await says('The account of this page is did:key:')`)
    const asked = page.event('Page.javascriptDialogOpening')
    await page.run(`document.getElementById('buy').click()`)
    expect((await asked).params?.['message']).toMatch(/^asked-nodes: that somebody[^]*\nseller: the whole input/)
    await page.ask('Page.handleJavaScriptDialog', { accept: true })
    expect(await page.run(`return await says('words')`)).toContain('{"characters":13,"lines":1,"words":3}')
    await page.close()
  })

  it('is opened by the peer page of the example, which says whose it is and when it is connected', async () => {
    const page = await browser.openTab(new URL('/example/peer.html', server.urlOf('')).href)
    await page.run(`
      const at = (id) => document.getElementById(id)
      at('node').value = ${JSON.stringify(market.trader)}
      at('notary-set').value = ${JSON.stringify(market.notarySet)}
      const isConnected = new Promise((resolve) => {
        const look = () => { if (/^Connected to [12] nodes\\.$/.test(at('connected').textContent)) resolve() }
        new MutationObserver(look).observe(at('connected'), { childList: true })
      })
      at('open').click()
      await isConnected`)
    expect(await page.run(`return document.getElementById('peer-told').firstElementChild.textContent`)).toMatch(
      /^The account of this page is did:key:z6Mk/,
    )
    await page.close()
  })

  it('that has no room for a purchase has begun none, and says how it gets room', async () => {
    const site = await startPageServer(PAGES, {})
    const small = await browser.openTab(site.urlOf('peer'))
    await small.ask('Storage.overrideQuotaForOrigin', {
      origin: new URL(site.urlOf('peer')).origin,
      quotaSize: 400_000,
    })
    await openPeer(small)
    // What can be compressed takes no room.
    await small.run(`
      globalThis.noise = new Uint8Array(900_000)
      for (let at = 0; at < 900_000; at += 60_000) crypto.getRandomValues(noise.subarray(at, at + 60_000))`)
    const large = `{ ...${order('large')}, input: noise }`
    await expect(small.run(`await peer.buy(${large})`)).rejects.toMatchObject({
      code: 'STORE_WRITE_FAILED',
      details: { isQuotaExceeded: true },
    })
    await small.run(`await peer.close()`)
    await openPeer(small)
    expect(await small.run(`try { return peer.purchase('large') } catch ({ code }) { return code }`)).toBe(
      'MARKET_OBJECT_UNKNOWN',
    )
    await small.close()
    site.close()
  })

  it('calls nobody in the clear but on this machine, and leaves nothing open where it may not call', async () => {
    const id = market.trader.split('/p2p/')[1]
    for (const address of ['/ip4/10.1.2.3/tcp/4001/ws', '/ip4/127.0.0.1/tcp/4001'])
      await expect(openPeer(tab, `peers: ['${address}/p2p/${id}']`)).rejects.toMatchObject({
        code: 'NETWORK_ADDRESS_INVALID',
      })
    await openPeer(tab)
  })

  it('that sends what is no protocol is cut off, and others are served on', async () => {
    const { port } = market.wire
    const ends = await tab.run(`
      const flood = (send) => new Promise((resolve) => {
        const socket = new WebSocket('ws://127.0.0.1:${port}')
        socket.onopen = () => send(socket)
        socket.onclose = () => resolve('closed')
      })
      return await Promise.all([
        flood((socket) => socket.send(crypto.getRandomValues(new Uint8Array(60_000)))),
        flood((socket) => { for (let at = 0; at < 64; at += 1) socket.send(new Uint8Array(65_536).fill(0xff)) }),
      ])`)
    expect(ends).toEqual(['closed', 'closed'])
    await openPeer(tab)
    expect(await tab.run(`return (await peer.disclosure(${order('never')})).length`)).toBe(3)
  })

  it('leaves books and directories behind that pass `ledger verify`', async () => {
    await market.stop('trader')
    await market.stop('notary')
    for (const name of ['trader', 'notary']) {
      const run = await market.kernell('ledger', 'verify', name, '--notary-set', 'set.json')
      expect([run.code, told(run)['ok']]).toEqual([0, true])
    }
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrowserSession } from '../browser/browser-session.ts'
import { removeFolders, runBinary } from '../cli/run-binary.ts'
import { CHROMIUM, DashboardTab, ServedNode } from './served-dashboard.ts'

if ('reason' in CHROMIUM) console.warn(`The dashboard is not opened: ${CHROMIUM.reason}`)

describe.skipIf('reason' in CHROMIUM)('the dashboard of a served node', { timeout: 60_000 }, () => {
  let browser: BrowserSession
  let node: ServedNode
  let page: DashboardTab

  beforeAll(async () => {
    node = await ServedNode.start({ config: { budgets: [{ scope: 'node', window: 'day', limitUsd: 5 }] } })
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    page = await DashboardTab.open(browser, node.link)
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await node.stop()
    removeFolders()
  })

  it('opens with the link that was printed, once, and leaves no secret in the address', async () => {
    await page.untilShown('What the node decided')
    expect(await page.value('location.href')).toBe(`${node.url}/dashboard/#/`)
    const again = await DashboardTab.open(browser, node.link)
    await again.untilShown('The ticket opens no session')
    await again.tab.close()
  })

  it('has its pages beside their list, and on a small screen below a bar', async () => {
    const place =
      "(() => { const { left, top, width } = document.querySelector('main').getBoundingClientRect(); return { left, top, width } })()"
    expect(await page.value(place)).toMatchObject({ left: 216, top: 56 })
    await page.tab.ask('Emulation.setDeviceMetricsOverride', {
      width: 360,
      height: 740,
      deviceScaleFactor: 1,
      mobile: false,
    })
    expect(await page.value(place)).toMatchObject({ left: 0, top: 56 })
    await page.tab.ask('Emulation.setDeviceMetricsOverride', {
      width: 1280,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    })
  })

  it('says what to do where nothing has happened yet, on every page', async () => {
    const words: Readonly<Record<string, string>> = {
      overview: 'No task since the node started',
      run: 'Nothing was asked yet',
      decisions: 'No task since the node started',
      costs: 'No task in this time',
      policies: 'No policy was trained on your data',
      agents: 'Nothing is stored',
      peers: 'This node takes no part in the market',
      market: 'This node takes no part in the market',
      escrows: 'This node takes no part in the market',
      ledger: 'This node takes no part in the market',
      simulations: 'No report is there',
    }
    for (const [name, text] of Object.entries(words)) {
      await page.show(name)
      await page.untilShown(text)
    }
  })

  it('shows a task of a client within two seconds, with its exact cost, and why it went where it went', async () => {
    await page.show('decisions')
    node.upstream.respondWith({ kind: 'answer', text: 'A calm sea.', usage: { input: 40, output: 15 } })
    const response = await node.ask('Write a line about the sea.')
    const task = response.headers.get('x-kernell-task-id') ?? ''
    expect(response.headers.get('x-kernell-cost-usd')).toBe('0.055')
    await response.text()
    await page.untilShown('thrifty/thrifty-1', 2_000)
    await page.untilShown('$0.0550', 2_000)
    await page.show(`decisions/${task}`)
    await page.untilShown('expected success')
    expect(await page.value("document.querySelector('.reasons, .plan') !== null")).toBe(true)
    expect(await page.value("document.querySelector('.explanation').innerText.includes('$0.0550')")).toBe(true)
  })

  it('adds costs, savings and the budget up to what was spent', async () => {
    await page.show('costs')
    await page.untilShown('$0.0550', 2_000)
    // The premium model has five times the price.
    await page.untilShown('$0.2200', 2_000)
    await page.show('budgets')
    await page.untilShown('$5.00')
    await page.untilShown('$0.0550', 2_000)
    const before = await page.value("document.querySelector('.row:not(.head)').innerText")
    await (await node.ask('Write another line about the sea.')).text()
    await page.untilShown('$0.1100', 2_000)
    expect(before).not.toContain('$0.1100')
  })

  it('runs a task from the page: the answer, its cost, and the decision', async () => {
    await page.show('run')
    node.upstream.respondWith({
      kind: 'answer',
      text: 'Forty-two lines, no fewer.',
      usage: { input: 20, output: 10 },
      chunkCount: 5,
    })
    await page.type('textarea', 'How many lines has the poem?')
    await page.press('Run')
    await page.untilShown('Forty-two lines, no fewer.')
    await page.untilShown('$0.0300')
    await page.untilShown('Why it went there')
    await page.until("document.querySelector('.explanation .facts') !== null")
  })

  it('stops everything after it was asked twice, says who did, and lets it go on', async () => {
    await page.press('Stop all')
    await page.until("document.querySelector('dialog[open]') !== null")
    await page.type('dialog input', 'a runaway <b>agent</b>')
    expect((await node.ask('Is anybody there?')).status).toBe(200)
    await page.tab.run("document.querySelector('dialog button[type=submit]').click()")
    await page.untilShown('All work is stopped by the dashboard: a runaway <b>agent</b>', 2_000)
    expect((await node.ask('And now?')).status).toBe(503)
    await runBinary(['stop-all', '--release'], { folder: node.folder })
    await page.until("!document.body.innerText.includes('All work is stopped')", 2_000)
    expect((await node.ask('And again?')).status).toBe(200)
  })

  it('goes by keys: pages, help, themes', async () => {
    await page.tab.run('document.activeElement.blur()')
    await page.key('g')
    await page.key('a')
    await page.until("location.hash === '#/agents'")
    await page.until("document.activeElement.id === 'page-title'")
    await page.key('?')
    await page.until("document.querySelector('dialog[open]')?.innerText.includes('to the filter of the page') === true")
    await page.key('Escape')
    await page.until("document.querySelector('dialog') === null")
    await page.key('t')
    await page.until("document.documentElement.dataset.theme === 'light'")
    await page.key('t')
    await page.until("getComputedStyle(document.documentElement).colorScheme === 'dark'")
    await page.key('t')
    await page.until('document.documentElement.dataset.theme === undefined')
  })

  it('ends its session when somebody signs out', async () => {
    const other = await DashboardTab.open(browser, await node.newLink())
    await other.untilShown('What the node decided')
    const token = String(await other.value("sessionStorage.getItem('kernell-token')"))
    const status = async (): Promise<number> =>
      (await fetch(`${node.url}/v1/node/overview`, { headers: { authorization: `Bearer ${token}` } })).status
    expect(await status()).toBe(200)
    await other.press('Sign out')
    await other.untilShown('kernell dashboard')
    expect(await status()).toBe(401)
    expect(await other.value("sessionStorage.getItem('kernell-token')")).toBeNull()
    await other.tab.close()
  })
})

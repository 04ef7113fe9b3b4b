import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrowserSession } from '../browser/browser-session.ts'
import { removeFolders } from '../cli/run-binary.ts'
import { CHROMIUM, DashboardTab, ServedNode } from './served-dashboard.ts'

const SCRIPT = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
const TURNED = 'paid \u202e5$ \u2066 nothing\u0007'
const LONG = 'x'.repeat(1024 * 1024)

describe.skipIf('reason' in CHROMIUM)('text of strangers on the dashboard', { timeout: 60_000 }, () => {
  let browser: BrowserSession
  let node: ServedNode
  let page: DashboardTab

  beforeAll(async () => {
    node = await ServedNode.start({ model: 'cheap<img/src=x/onerror=window.pwned=1>' })
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    page = await DashboardTab.open(browser, node.link)
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await node.stop()
    removeFolders()
  })

  /** Nothing of it became a part of the page, and nothing of it ran. */
  const isOnlyText = async (): Promise<void> => {
    expect(await page.value("document.querySelectorAll('img, iframe, object, embed, main script').length")).toBe(0)
    expect(await page.value('window.pwned')).toBeUndefined()
    // A page that is wider than its window has been pushed apart.
    expect(await page.value('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  }

  it('is text where a model answers', async () => {
    await page.show('run')
    node.upstream.respondWith({ kind: 'answer', text: `${SCRIPT} ${TURNED}`, chunkCount: 7 })
    await page.type('textarea', 'What do you say?')
    await page.until("[...document.querySelectorAll('option')].some(({ value }) => value === 'kernell-cheap')")
    await page.tab.run(`
      const select = document.querySelector('select')
      select.value = 'kernell-cheap'
      select.dispatchEvent(new Event('change', { bubbles: true }))`)
    await page.press('Run')
    await page.untilShown(SCRIPT)
    await page.untilShown('paid \\u{202e}5$ \\u{2066} nothing\\u{7}')
    await isOnlyText()
  })

  it('is text in the names of models, wherever they are shown', async () => {
    for (const name of ['decisions', 'costs', 'overview']) {
      await page.show(name)
      await page.untilShown('cheap<img/src=x/onerror=window.pwned=1>')
      await isOnlyText()
    }
  })

  it('is text, and no more of it than there is room for, in an answer of a megabyte', async () => {
    await page.show('run')
    node.upstream.respondWith({ kind: 'answer', text: `${SCRIPT}${LONG}`, chunkCount: 40 })
    await page.type('textarea', 'Go on and on.')
    await page.press('Run')
    await page.untilShown('characters)')
    expect(await page.value("document.querySelector('.answer').innerText.length < 300000")).toBe(true)
    await isOnlyText()
  })

  it('is text in a reason, a filter and an address', async () => {
    await page.press('Stop all')
    await page.until("document.querySelector('dialog[open]') !== null")
    await page.type('dialog input', SCRIPT.slice(0, 60))
    await page.tab.run("document.querySelector('dialog button[type=submit]').click()")
    await page.untilShown(SCRIPT.slice(0, 60), 2_000)
    await isOnlyText()
    const token = String(await page.value("sessionStorage.getItem('kernell-token')"))
    await fetch(`${node.url}/v1/node/stop`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ stopped: false, reason: TURNED }),
    })
    await page.show(`agents/${encodeURIComponent(SCRIPT)}`)
    await page.untilShown('No actor')
    await isOnlyText()
    await page.show(`decisions/${encodeURIComponent(`${TURNED}${'y'.repeat(5_000)}`)}`)
    await page.untilShown('No task')
    await isOnlyText()
  })

  it('is text in reports that lie in the data directory, and unknown words are shown as they are', async () => {
    const folder = join(node.folder, 'data/simulations')
    mkdirSync(folder, { recursive: true })
    const report = {
      scenario: SCRIPT,
      seed: TURNED,
      events: 'many',
      found: { violations: 2 },
      violations: [
        { checker: 'never-heard-of', what: `${SCRIPT}${LONG}` },
        { checker: 7, what: null },
      ],
      metrics: { [SCRIPT]: LONG, 'a state of tomorrow': { deep: [TURNED] } },
    }
    writeFileSync(join(folder, 'hostile.json'), JSON.stringify(report))
    writeFileSync(join(folder, 'broken.json'), '{')
    await page.show('simulations')
    await page.untilShown('hostile.json', 2_000)
    await page.show('simulations/hostile.json')
    await page.untilShown('never-heard-of')
    await page.untilShown('2 violations')
    await page.untilShown(`(${String(SCRIPT.length + LONG.length).replace(/^1048/, '1,048,')} characters)`)
    await page.untilShown('a state of tomorrow')
    await isOnlyText()
    await page.show('simulations/broken.json')
    await page.untilShown('is no JSON')
    await page.show(`simulations/${encodeURIComponent('../keys/node.json')}`)
    await page.untilShown('is not the name of a report')
  })
})

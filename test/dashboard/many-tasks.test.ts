import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Agent } from 'undici'
import { BrowserSession } from '../browser/browser-session.ts'
import { removeFolders } from '../cli/run-binary.ts'
import { CHROMIUM, DashboardTab, ServedNode } from './served-dashboard.ts'

const CONNECTIONS = 16

describe.skipIf('reason' in CHROMIUM)('the dashboard of a busy node', { timeout: 120_000 }, () => {
  let browser: BrowserSession
  let node: ServedNode
  let page: DashboardTab
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 })

  /** Sums, which the node answers itself: nothing but decisions. */
  const askMany = async (count: number, perSecond = Number.POSITIVE_INFINITY): Promise<void> => {
    const beganMs = performance.now()
    let next = 0
    const work = async (): Promise<void> => {
      while (next < count) {
        const index = next
        next += 1
        const dueMs = beganMs + (index / perSecond) * 1_000
        if (dueMs > performance.now()) await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()))
        const { statusCode, body } = await agent.request({
          origin: node.url,
          path: '/v1/chat/completions',
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: `{"model":"kernell","messages":[{"role":"user","content":"What is ${index} + ${index % 7}?"}]}`,
        })
        await body.dump()
        if (statusCode !== 200) throw new Error(`A task was answered with ${statusCode}`)
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, work))
  }

  beforeAll(async () => {
    node = await ServedNode.start({ config: { cache: { enabled: false } } })
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    page = await DashboardTab.open(browser, node.link)
  }, 60_000)
  afterAll(async () => {
    await agent.close()
    await browser.close()
    await node.stop()
    removeFolders()
  })

  it('keeps up with what comes quickly: each is listed or counted, and no frame waits for long', async () => {
    await page.show('decisions')
    await page.tab.run(`
      window.watched = { longestMs: 0, frames: 0 }
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) watched.longestMs = Math.max(watched.longestMs, duration)
      }).observe({ type: 'longtask' })
      const count = () => { watched.frames += 1; requestAnimationFrame(count) }
      count()`)
    await askMany(4_000, 1_000)
    const shown = String.raw`Number((document.querySelector('.table-foot')?.innerText.match(/of ([\d,]+) tasks/)?.[1] ?? '0').replaceAll(',', ''))`
    const skipped = String.raw`Number((document.querySelector('.table-foot')?.innerText.match(/([\d,]+) came too quickly/)?.[1] ?? '0').replaceAll(',', ''))`
    await page.until(`${shown} + ${skipped} === 4000`, 2_000)
    const { longestMs, frames } = (await page.value('watched')) as { longestMs: number; frames: number }
    expect(frames).toBeGreaterThan(20)
    // A machine that is shared makes everything slower; a page that froze would be far beyond.
    expect(longestMs).toBeLessThan(1_000)
  })

  it('shows ten thousand rows with few of them in the document, to the last one', async () => {
    await askMany(6_500)
    await page.navigate(await node.newLink())
    await page.show('decisions')
    await page.untilShown('10,000 of 10,000 tasks')
    expect(await page.value("document.querySelector('[role=table]').getAttribute('aria-rowcount')")).toBe('10001')
    expect(await page.value("document.querySelectorAll('[role=row]').length < 60")).toBe(true)
    await page.tab.run(`
      const scroller = document.querySelector('.scroller')
      scroller.scrollTop = scroller.scrollHeight`)
    await page.until('document.querySelector(\'[aria-rowindex="10001"]\') !== null')
    await page.type('input[type=search]', 'deterministic accepted')
    await page.untilShown('10,000 of 10,000 tasks')
    await page.type('input[type=search]', ' nothing-like-it')
    await page.untilShown('No task fits the filter')
  })
})

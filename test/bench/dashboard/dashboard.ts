/**
 * The dashboard of a served node in Chromium: how soon something is seen that was opened for the first time, and how a page fares on which a thousand
 * decisions a second come in.
 */
import { Agent } from 'undici'
import { BrowserSession } from '../../browser/browser-session.ts'
import { removeFolders } from '../../cli/run-binary.ts'
import { CHROMIUM, DashboardTab, ServedNode } from '../../dashboard/served-dashboard.ts'
import { type Bench, type BenchRow, median, roundFigure } from '../bench.ts'

const CONNECTIONS = 16
const PER_SECOND = 1_000

type Watched = { readonly longestMs: number; readonly longMs: number; readonly frames: number; readonly spanMs: number }

export const bench: Bench = async ({ isQuick, log }) => {
  if ('reason' in CHROMIUM) return { rows: [], skipped: [{ peer: 'Chromium', why: CHROMIUM.reason }] }
  const node = await ServedNode.start({ config: { cache: { enabled: false } } })
  const browser = await BrowserSession.open(CHROMIUM.path)
  try {
    const paints: number[] = []
    for (let repeat = 0; repeat < (isQuick ? 1 : 7); repeat += 1) paints.push(await firstPaintOf(browser, node))
    log(`first paint: ${paints.map((ms) => Math.round(ms)).join(', ')} ms`)
    const seconds = isQuick ? 1 : 10
    const watched = await watchBurst({ browser, node, seconds })
    log(`burst: ${JSON.stringify(watched)}`)
    return { rows: rowsOf(paints, watched), skipped: [] }
  } finally {
    await browser.close()
    await node.stop()
    removeFolders()
  }
}

function rowsOf(paints: readonly number[], watched: Watched): readonly BenchRow[] {
  const row = { peers: {}, better: 'lower' as const, limit: null, note: '' }
  return [
    {
      ...row,
      case: 'first contentful paint, nothing cached',
      unit: 'ms',
      ours: roundFigure(median(paints)),
      limit: 1_000,
    },
    {
      ...row,
      case: `longest task while ${PER_SECOND} decisions/s come in`,
      unit: 'ms',
      ours: roundFigure(watched.longestMs),
      note: '0: none above 50 ms',
    },
    {
      ...row,
      case: 'share of that time in tasks above 50 ms',
      unit: '%',
      ours: roundFigure((100 * watched.longMs) / watched.spanMs),
    },
    {
      ...row,
      case: 'frames in that time',
      unit: '1/s',
      better: 'higher',
      ours: roundFigure((1_000 * watched.frames) / watched.spanMs),
    },
  ]
}

/** In a tab without anything of the page, with the link that opens a session. */
async function firstPaintOf(browser: BrowserSession, node: ServedNode): Promise<number> {
  const page = await DashboardTab.open(browser, await node.newLink())
  await page.untilShown('What the node decided')
  await page.tab.ask('Network.enable')
  await page.tab.ask('Network.setCacheDisabled', { cacheDisabled: true })
  await page.navigate(await node.newLink())
  await page.until("performance.getEntriesByName('first-contentful-paint').length === 1")
  const ms = Number(await page.value("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
  await page.tab.close()
  return ms
}

type Burst = { readonly browser: BrowserSession; readonly node: ServedNode; readonly seconds: number }

async function watchBurst({ browser, node, seconds }: Burst): Promise<Watched> {
  const page = await DashboardTab.open(browser, await node.newLink())
  await page.show('decisions')
  await page.tab.run(`
    window.watched = { longestMs: 0, longMs: 0, frames: 0, spanMs: 0 }
    const beganMs = performance.now()
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        watched.longestMs = Math.max(watched.longestMs, duration)
        watched.longMs += duration
      }
    }).observe({ type: 'longtask' })
    const count = () => {
      watched.frames += 1
      watched.spanMs = performance.now() - beganMs
      requestAnimationFrame(count)
    }
    count()`)
  await sendTasks(node, seconds * PER_SECOND)
  return (await page.value('watched')) as Watched
}

/** Sums, which the node answers itself: nothing but decisions. */
async function sendTasks(node: ServedNode, count: number): Promise<void> {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 })
  const beganMs = performance.now()
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next
      next += 1
      const waitMs = beganMs + (index / PER_SECOND) * 1_000 - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
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
  await agent.close()
}

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrowserSession } from '../browser/browser-session.ts'
import { removeFolders } from '../cli/run-binary.ts'
import { PAGES } from '../../src/dashboard/state/page-names.ts'
import { CHROMIUM, DashboardTab, ServedNode } from './served-dashboard.ts'

type Violation = {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly any: readonly { readonly message: string }[] }[]
}

describe.skipIf('reason' in CHROMIUM)('the dashboard by axe', { timeout: 120_000 }, () => {
  let browser: BrowserSession
  let node: ServedNode
  let page: DashboardTab
  let task: string

  beforeAll(async () => {
    node = await ServedNode.start({ config: { budgets: [{ scope: 'node', window: 'day', limitUsd: 5 }] } })
    const response = await node.ask('Write a line about the sea.')
    task = response.headers.get('x-kernell-task-id') ?? ''
    await response.text()
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    page = await DashboardTab.open(browser, node.link)
    await page.tab.run(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await node.stop()
    removeFolders()
  })

  const violations = async (): Promise<readonly string[]> => {
    const found = (await page.tab.run(
      "return (await axe.run(document, { resultTypes: ['violations'] })).violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, any }) => ({ html, any: any.map(({ message }) => ({ message })) })) }))",
    )) as readonly Violation[]
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ''}`),
    )
  }

  it.each(['light', 'dark'])('has no fault on any page, in %s', async (theme) => {
    await page.tab.ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] })
    for (const name of [...PAGES, `decisions/${task}`, 'agents/budgets']) {
      await page.show(name)
      expect({ name, theme, violations: await violations() }).toEqual({ name, theme, violations: [] })
    }
  })

  it('has no fault in its windows, and on a small screen', async () => {
    await page.press('Stop all')
    await page.until("document.querySelector('dialog[open]') !== null")
    expect(await violations()).toEqual([])
    await page.press('Cancel')
    await page.press('Keys')
    await page.until("document.querySelector('dialog[open]') !== null")
    expect(await violations()).toEqual([])
    await page.press('Close')
    await page.tab.ask('Emulation.setDeviceMetricsOverride', {
      width: 360,
      height: 740,
      deviceScaleFactor: 1,
      mobile: true,
    })
    for (const name of [...PAGES, `decisions/${task}`]) {
      await page.show(name)
      expect({ name, violations: await violations() }).toEqual({ name, violations: [] })
      expect([name, await page.value('document.documentElement.scrollWidth')]).toEqual([name, 360])
    }
    await page.press('Pages')
    await page.press('Costs')
    await page.untilShown('What tasks cost since the node started')
  })
})

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrowserSession } from '../browser/browser-session.ts'
import { removeFolders } from '../cli/run-binary.ts'
import { CHROMIUM, DashboardTab, ServedNode } from './served-dashboard.ts'

const keyOf = (id: string, role: string): object => ({
  id,
  role,
  tenant: `tenant-${id}`,
  sha256: createHash('sha256').update(`sk-${id}`).digest('hex'),
})

describe.skipIf('reason' in CHROMIUM)('who may look at the dashboard', { timeout: 60_000 }, () => {
  let browser: BrowserSession

  beforeAll(async () => {
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
  })
  afterAll(async () => {
    await browser.close()
    removeFolders()
  })

  it('is whoever has a key of an operator, and nobody with that of a member, or none', async () => {
    const keys = [keyOf('keeper', 'operator'), keyOf('user', 'member')]
    const node = await ServedNode.start({ config: { keys } })
    const page = await DashboardTab.open(browser, `${node.url}/dashboard/`)
    await page.untilShown('Run kernell dashboard on the machine of the node')
    await page.type('input', 'sk-user')
    await page.press('Open')
    await page.untilShown('A key with the role member may not use')
    await page.type('input', 'sk-guessed')
    await page.press('Open')
    await page.untilShown('The API key is not known to this node')
    await page.type('input', 'sk-keeper')
    await page.press('Open')
    await page.untilShown('What the node decided')
    expect(await page.value('location.href')).not.toContain('sk-')
    // What others of this node may not see, an operator does.
    await (await node.ask('What is 17% of 2340?', { key: 'sk-user', model: 'kernell' })).text()
    await page.show('costs')
    await page.untilShown('tenant-user', 2_000)
    await page.tab.close()
    await node.stop()
  })

  it('is told within two seconds when the node is gone, keeps what it knows, and goes on when it is back', async () => {
    const node = await ServedNode.start()
    await (await node.ask('What is 17% of 2340?', { model: 'kernell' })).text()
    const page = await DashboardTab.open(browser, node.link)
    await page.show('decisions')
    await page.untilShown('deterministic')
    await node.kill()
    await page.untilShown('The node does not answer', 2_000)
    await page.untilShown('no connection', 2_000)
    expect(await page.value("document.body.innerText.includes('deterministic')")).toBe(true)
    // Its sessions are of one start: the page asks for a new link as soon as the node is there.
    const { port } = new URL(node.url)
    const again = await ServedNode.start({ folder: node.folder, port: Number(port) })
    await page.untilShown('Run kernell dashboard on the machine of the node')
    await page.navigate(again.link)
    await page.untilShown('live')
    await page.tab.close()
    await again.stop()
    await node.upstream.close()
  })

  it('goes on with its key when the node was away', async () => {
    const node = await ServedNode.start({ config: { keys: [keyOf('keeper', 'admin')] } })
    const page = await DashboardTab.open(browser, `${node.url}/dashboard/`)
    await page.type('input', 'sk-keeper')
    await page.press('Open')
    await page.untilShown('What the node decided')
    await node.kill()
    await page.untilShown('The node does not answer', 2_000)
    const again = await ServedNode.start({
      folder: node.folder,
      port: Number(new URL(node.url).port),
      config: { keys: [keyOf('keeper', 'admin')] },
    })
    await page.until("!document.body.innerText.includes('The node does not answer')")
    await (await again.ask('What is 17% of 2340?', { key: 'sk-keeper', model: 'kernell' })).text()
    await page.show('decisions')
    await page.untilShown('1 of 1 tasks', 2_000)
    await page.tab.close()
    await again.stop()
    await node.upstream.close()
  })
})

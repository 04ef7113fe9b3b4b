import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrowserSession } from '../browser/browser-session.ts'
import { removeFolders, runBinary } from '../cli/run-binary.ts'
import { CHROMIUM, DashboardTab, ServedNode } from './served-dashboard.ts'

const HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'

describe.skipIf('reason' in CHROMIUM)('keys and budgets on the dashboard', { timeout: 60_000 }, () => {
  let browser: BrowserSession
  let node: ServedNode
  let page: DashboardTab

  /** As somebody else does who has the admin token. */
  const administer = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const token = readFileSync(join(node.folder, 'data/admin-token'), 'utf8').trim()
    const response = await fetch(`${node.url}/v1/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return (await response.json()) as Record<string, unknown>
  }
  /** Opens a window, writes into its fields and presses the button that does it. */
  const fill = async (button: string, values: Readonly<Record<string, string>>): Promise<void> => {
    await page.press(button)
    await page.until("document.querySelector('dialog[open] form') !== null")
    for (const [name, value] of Object.entries(values)) {
      const field = `dialog [name="${name}"]`
      const isChoice = await page.value(`document.querySelector('${field}').tagName === 'SELECT'`)
      if (isChoice === true)
        await page.tab.run(`
          const select = document.querySelector('${field}')
          select.value = ${JSON.stringify(value)}
          select.dispatchEvent(new Event('change', { bubbles: true }))`)
      else {
        await page.tab.run(`document.querySelector('${field}').select()`)
        if (value === '') await page.tab.run("document.execCommand('delete')")
        else await page.type(field, value)
      }
    }
    await page.tab.run("document.querySelector('dialog button[type=submit]').click()")
  }
  const isDone = async (): Promise<void> => await page.until("document.querySelector('dialog') === null", 2_000)
  const violations = async (): Promise<unknown> => {
    await page.tab.run(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
    return await page.tab.run(
      "return (await axe.run(document, { resultTypes: ['violations'] })).violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200))",
    )
  }

  beforeAll(async () => {
    node = await ServedNode.start({ config: { budgets: [{ scope: 'node', window: 'month', limitUsd: 9 }] } })
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    page = await DashboardTab.open(browser, node.link)
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await node.stop()
    removeFolders()
  })

  it('makes a key by the keyboard alone, shows its secret once, and the node takes it', async () => {
    await page.show('access')
    await page.untilShown('There is no key')
    await page.until("[...document.querySelectorAll('button')].some((one) => one.textContent === 'New key')")
    await page.tab.run("[...document.querySelectorAll('button')].find((one) => one.textContent === 'New key').focus()")
    await page.tab.ask('Input.dispatchKeyEvent', {
      type: 'keyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 13,
      text: '\r',
    })
    await page.until("document.querySelector('dialog[open]')?.contains(document.activeElement)")
    expect(await violations()).toEqual([])
    await page.type('dialog [name=label]', HOSTILE)
    await page.type('dialog [name=day]', '150.50')
    await page.tab.ask('Input.dispatchKeyEvent', {
      type: 'keyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 13,
      text: '\r',
    })
    await page.until("document.querySelector('dialog .secret') !== null", 2_000)
    expect(await violations()).toEqual([])
    // A slip of the finger does not take it away.
    await page.key('Escape')
    await page.tab.run("document.querySelector('dialog').click()")
    const key = String(await page.value("document.querySelector('dialog .secret').value"))
    expect(key).toMatch(/^kos_[A-Za-z0-9_-]{43}$/)
    await page.press('I have it')
    await isDone()
    const everything =
      'document.documentElement.outerHTML + JSON.stringify(sessionStorage) + JSON.stringify(localStorage) + location.href'
    expect(String(await page.value(everything))).not.toContain(key)
    await page.untilShown(HOSTILE.slice(0, 60), 2_000)
    expect(await page.value("document.querySelectorAll('main img, main script').length")).toBe(0)
    expect(await page.value('window.pwned')).toBeUndefined()
    expect((await node.ask('Is anybody there?', { key })).status).toBe(200)
    expect((await node.ask('Is anybody there?')).status).toBe(401)
  })

  it('shows within two seconds what others change, with the exact figures', async () => {
    await page.show('access')
    await administer('POST', 'tenants', { id: 'acme' })
    await page.untilShown('acme', 2_000)
    await administer('POST', 'keys', { tenant: 'default', label: HOSTILE })
    await page.until("document.querySelector('[role=table]')?.innerText.includes('<img') === true", 2_000)
    const { id } = await administer('POST', 'keys', { tenant: 'acme', label: 'of the API', budgets: { day: '2.5' } })
    await page.untilShown('of the API', 2_000)
    await page.show(`access/${String(id)}`)
    await page.untilShown('$2.5')
    await page.untilShown('registry', 2_000)
    await administer('PATCH', `keys/${String(id)}`, { budgets: { day: '4.25' } })
    await page.untilShown('$4.25', 2_000)
    await page.type('input[type=search]', 'acme')
    await page.until("document.querySelector('[role=table]')?.innerText.includes('<img') === false", 2_000)
    await page.tab.run("document.querySelector('input[type=search]').select()")
    await page.tab.run("document.execCommand('delete')")
  })

  it('limits a key, gives it another secret, takes it back and deletes it', async () => {
    const limits = { tenant: 'default', label: 'made elsewhere', budgets: { day: '150.50' } }
    const made = await administer('POST', 'keys', limits)
    const { id, key } = made as { id: string; key: string }
    await page.show(`access/${id}`)
    await page.untilShown('$150.5')
    await fill('Set limits', { label: 'for tests', day: '', month: '7.75', requests_per_minute: '600' })
    await isDone()
    await page.untilShown('for tests', 2_000)
    await page.untilShown('$7.75', 2_000)
    await page.untilShown('600 requests per minute', 2_000)
    expect(await administer('GET', `keys/${id}`)).toMatchObject({
      label: 'for tests',
      budgets: [{ window: 'month', limit_usd: '7.75' }],
      rate_limits: { requests_per_minute: 600 },
    })
    await fill('New secret', { hours: '0' })
    await page.until("document.querySelector('dialog .secret') !== null", 2_000)
    const next = String(await page.value("document.querySelector('dialog .secret').value"))
    await page.press('I have it')
    await isDone()
    expect([(await node.ask('And now?', { key })).status, (await node.ask('And now?', { key: next })).status]).toEqual([
      401, 200,
    ])
    await fill('Revoke', {})
    await isDone()
    await page.untilShown('revoked', 2_000)
    expect((await node.ask('And now?', { key: next })).status).toBe(401)
    await fill('Delete', {})
    await isDone()
    await page.show('access')
    await page.until("!document.body.innerText.includes('for tests')", 2_000)
  })

  it('sets, changes and takes away a budget, as the command line sees it too; those of the configuration stand', async () => {
    await administer('POST', 'tenants', { id: 'spenders' })
    await page.show('budgets')
    await page.untilShown('$9.00')
    await fill('New budget', { scope: 'tenant:spenders', window: 'day', limit_usd: '2.50' })
    await isDone()
    await page.untilShown('$2.50', 2_000)
    await fill('Change tenant:spenders day', { limit_usd: '3.75' })
    await isDone()
    await page.untilShown('$3.75', 2_000)
    const { output } = await runBinary(['access', 'budget', 'list', '--json', '--config', 'config.json'], {
      folder: node.folder,
    })
    expect(output).toContain('"limit_usd":"3.75"')
    await fill('Remove tenant:spenders day', {})
    await isDone()
    await page.until("!document.body.innerText.includes('$3.75')", 2_000)
    expect(await page.value("document.body.innerText.includes('configuration')")).toBe(true)
    for (const name of ['node month', 'shadow day'])
      expect(await page.value(`document.querySelector('[aria-label="Change ${name}"]')`)).toBeNull()
  })

  it('shows whose each limit is and how much is used on a small screen, and the rest where the table is moved', async () => {
    const sized = async (width: number): Promise<void> => {
      await page.tab.ask('Emulation.setDeviceMetricsOverride', {
        width,
        height: 740,
        deviceScaleFactor: 1,
        mobile: width < 500,
      })
    }
    await sized(360)
    try {
      await page.show('budgets')
      await page.untilShown('node')
      const widths = await page.value(
        "Object.fromEntries([...document.querySelectorAll('[aria-label=Budgets] [role=columnheader]')].map((one) => [one.textContent, one.clientWidth]))",
      )
      for (const heading of ['of', 'window', 'used', 'limit', 'set'])
        expect([heading, (widths as Record<string, number>)[heading]]).toEqual([heading, expect.any(Number)])
      expect(Math.min(...Object.values(widths as Record<string, number>))).toBeGreaterThan(60)
      const place = (heading: string): string =>
        `[...document.querySelectorAll('[aria-label=Budgets] [role=columnheader]')].find((one) => one.textContent === '${heading}').getBoundingClientRect().right`
      expect(Number(await page.value(place('used')))).toBeLessThanOrEqual(360)
      await page.tab.run("document.querySelector('.table.scroller').scrollLeft = 1_000")
      expect(Number(await page.value(place('set')))).toBeLessThanOrEqual(360)
    } finally {
      await sized(1280)
    }
  })

  it('says what the node refuses, and keeps what was written', async () => {
    await page.show('budgets')
    await fill('New budget', { scope: 'tenant:nobody', limit_usd: '1' })
    await page.until("document.querySelector('dialog .notice') !== null", 2_000)
    expect(await page.value("document.querySelector('dialog .notice').innerText")).toContain('tenant:nobody')
    await page.press('Cancel')
    await page.until("document.querySelector('dialog') === null")
    await page.show('access')
    await fill('New key', { requests_per_minute: 'many' })
    await page.until("document.querySelector('dialog .notice') !== null", 2_000)
    expect(await page.value("document.querySelector('dialog .notice').innerText")).toContain(
      '"many" is no whole number',
    )
    expect(await page.value("document.querySelector('dialog [name=requests_per_minute]').value")).toBe('many')
    await page.key('Escape')
    await isDone()
  })

  it('is not for operators: nothing can be pressed, and the page says why', async () => {
    await administer('POST', 'tenants', { id: 'operated' })
    const { key: operator } = await administer('POST', 'keys', { tenant: 'operated', role: 'operator' })
    const other = await DashboardTab.open(browser, `${node.url}/dashboard/`)
    await other.tab.run("sessionStorage.clear(); location.hash = ''")
    await other.navigate(`${node.url}/dashboard/`)
    await other.type('input', String(operator))
    await other.press('Open')
    await other.untilShown('What the node decided')
    await other.show('access')
    await other.untilShown('GATEWAY_ROLE_REFUSED')
    await other.show('budgets')
    await other.untilShown('$9.00')
    expect(await other.value("[...document.querySelectorAll('main button')].map((one) => one.textContent)")).toEqual([])
    await other.tab.close()
  })
})

describe.skipIf('reason' in CHROMIUM)('costs of before the start', { timeout: 60_000 }, () => {
  afterAll(() => removeFolders())

  it('are on the page after a restart, and what comes since is added within two seconds', async () => {
    const config = { telemetry: { consent: true } }
    const before = await ServedNode.start({ config })
    before.upstream.respondWith({ kind: 'answer', text: 'A calm sea.', usage: { input: 40, output: 15 } })
    await (await before.ask('Write a line about the sea.')).text()
    await before.stop()
    const node = await ServedNode.start({ config, folder: before.folder })
    const browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    try {
      const page = await DashboardTab.open(browser, node.link)
      await page.show('costs')
      await page.untilShown('1 tasks cost $0.0550 and saved $0.2200')
      await page.untilShown('No task in this time')
      node.upstream.respondWith({ kind: 'answer', text: 'A rough sea.', usage: { input: 10, output: 10 } })
      await (await node.ask('Write a line about the storm.')).text()
      await page.untilShown('2 tasks cost $0.0750 and saved $0.3000', 2_000)
      await page.press('7 days')
      await page.untilShown('2 tasks cost $0.0750')
    } finally {
      await browser.close()
      await node.stop()
    }
  })

  it('are not there where no records are kept, and the page says how to keep them', async () => {
    const node = await ServedNode.start({ config: { telemetry: { consent: false } } })
    const browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    try {
      const page = await DashboardTab.open(browser, node.link)
      await page.show('costs')
      await page.untilShown('USAGE_NOT_KEPT')
    } finally {
      await browser.close()
      await node.stop()
    }
  })
})

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSite } from '../../scripts/docs/site.ts'
import { BrowserSession, type BrowserTab } from './browser-session.ts'
import { findChromium } from './chromium.ts'

const CHROMIUM = findChromium()

/** The site as files, with no server: what somebody sees who has it on a disk, without a network. */
describe.skipIf('reason' in CHROMIUM)('the documentation, from a folder', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-site-'))
  let browser: BrowserSession
  let tab: BrowserTab

  const addressOf = (page: string): string => pathToFileURL(join(folder, page)).href
  const open = async (page: string): Promise<void> => {
    const loaded = tab.event('Page.loadEventFired')
    await tab.ask('Page.navigate', { url: addressOf(page) })
    await loaded
  }
  const press = async (key: string, code: number): Promise<void> => {
    const named = { key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' && { text: '\r' }) }
    await tab.ask('Input.dispatchKeyEvent', { type: 'keyDown', ...named })
    await tab.ask('Input.dispatchKeyEvent', { type: 'keyUp', ...named })
  }

  beforeAll(async () => {
    await writeSite(folder)
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    tab = await browser.openTab(addressOf('index.html'))
    await tab.ask('Debugger.disable')
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('finds a name of the library, and goes there by the keyboard alone', async () => {
    await open('concepts/cache.html')
    await tab.run("document.getElementById('query').focus()")
    await tab.ask('Input.insertText', { text: 'createrouter' })
    expect(await tab.run("return document.querySelector('#results a').textContent")).toBe('createRouter')
    const loaded = tab.event('Page.loadEventFired')
    await press('Enter', 13)
    await loaded
    expect(await tab.run('return location.href')).toBe(`${addressOf('library/router.html')}#createrouter`)
    expect(await tab.run("return document.querySelector(':target').textContent")).toBe('createRouter')
  })

  it('finds words of pages as well, and says when there is nothing', async () => {
    await open('index.html')
    await tab.run("document.getElementById('query').focus()")
    await tab.ask('Input.insertText', { text: 'supervision restart' })
    expect(await tab.run("return document.querySelectorAll('#results a').length > 0")).toBe(true)
    await tab.run("document.getElementById('query').value = ''")
    await tab.ask('Input.insertText', { text: '<img src=x onerror=alert(1)>' })
    expect(await tab.run("return document.getElementById('results').innerText")).toContain('Nothing was found')
    expect(await tab.run("return document.querySelectorAll('main img').length")).toBe(0)
  })

  it.each(['light', 'dark'])('has no fault by axe, in %s, on wide and small screens', async (theme) => {
    await tab.ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] })
    for (const width of [1280, 360])
      for (const page of ['index.html', 'library/index.html', 'library/router.html', 'reference/errors.html']) {
        await tab.ask('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: 1, mobile: false })
        await open(page)
        await tab.run(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
        const violations = await tab.run(
          "return (await axe.run(document, { resultTypes: ['violations'] })).violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200))",
        )
        expect({ page, width, violations }).toEqual({ page, width, violations: [] })
        expect([page, await tab.run('return document.documentElement.scrollWidth <= innerWidth')]).toEqual([page, true])
      }
  })
})

/** A real `kernell serve` in a process of its own, before a scripted provider, and a Chromium that looks at its dashboard. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserSession, BrowserTab } from '../browser/browser-session.ts'
import { findChromium } from '../browser/chromium.ts'
import { makeFolder, runBinary, type StartedBinary, startBinary } from '../cli/run-binary.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'

export const CHROMIUM = findChromium()

export type ServedInit = {
  readonly folder?: string
  /** Members of the configuration beside providers and models. */
  readonly config?: object
  readonly port?: number
  /** Name of the cheap model. */
  readonly model?: string
}

/** A node as an operator runs it. */
export class ServedNode {
  readonly folder: string
  readonly url: string
  /** As `kernell serve` printed it. */
  readonly link: string
  readonly upstream: UpstreamServer
  private readonly serving: StartedBinary

  private constructor(
    serving: StartedBinary,
    upstream: UpstreamServer,
    started: { url: string; link: string; folder: string },
  ) {
    this.serving = serving
    this.upstream = upstream
    this.url = started.url
    this.link = started.link
    this.folder = started.folder
  }

  static async start({
    folder = makeFolder(),
    config = {},
    port = 0,
    model = 'thrifty-1',
  }: ServedInit = {}): Promise<ServedNode> {
    const upstream = await startUpstreamServer({ models: [model, 'grand-1'] })
    const prices = { inputUsdPerMillion: 1_000, outputUsdPerMillion: 1_000 }
    const document = {
      discover: false,
      providers: {
        thrifty: { kind: 'openai', baseUrl: upstream.baseUrl, models: [model] },
        grand: { kind: 'openai', baseUrl: upstream.baseUrl, models: ['grand-1'] },
      },
      models: {
        [`thrifty/${model}`]: { tier: 'cheap_api', prices },
        'grand/grand-1': { tier: 'premium_api', prices: { inputUsdPerMillion: 5_000, outputUsdPerMillion: 5_000 } },
      },
      ...config,
    }
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'config.json'), JSON.stringify(document))
    const serving = startBinary(['serve', '--config', 'config.json', '--port', String(port), '--json'], { folder })
    const ready = JSON.parse(await serving.untilOutput(/"event":"ready"/)) as { url: string; dashboard: string }
    return new ServedNode(serving, upstream, { url: ready.url, link: ready.dashboard, folder })
  }

  /** A new link, as `kernell dashboard` prints it. */
  async newLink(): Promise<string> {
    const { output } = await runBinary(['dashboard', '--json'], { folder: this.folder })
    return (JSON.parse(output) as { link: string }).link
  }

  /** Sends a task as any client does. */
  async ask(content: string, init: { readonly model?: string; readonly key?: string } = {}): Promise<Response> {
    return await fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(init.key !== undefined && { authorization: `Bearer ${init.key}` }),
      },
      body: JSON.stringify({ model: init.model ?? 'kernell-cheap', messages: [{ role: 'user', content }] }),
    })
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    this.serving.child.kill('SIGKILL')
    await this.serving.ended
  }

  async stop(): Promise<void> {
    this.serving.child.kill('SIGTERM')
    await this.serving.ended
    await this.upstream.close()
  }
}

/** A tab that shows the dashboard. */
export class DashboardTab {
  readonly tab: BrowserTab

  private constructor(tab: BrowserTab) {
    this.tab = tab
  }

  static async open(browser: BrowserSession, link: string): Promise<DashboardTab> {
    const tab = await browser.openTab('about:blank')
    // What stands still at a breakpoint draws nothing.
    await tab.ask('Debugger.disable')
    await tab.ask('Emulation.setDeviceMetricsOverride', {
      width: 1280,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    })
    const opened = new DashboardTab(tab)
    await opened.navigate(link)
    return opened
  }

  /** Opens an address anew, also where only what stands behind `#` is another. */
  async navigate(url: string): Promise<void> {
    await this.tab.ask('Page.navigate', { url: 'about:blank' })
    const loaded = this.tab.event('Page.loadEventFired')
    await this.tab.ask('Page.navigate', { url })
    await loaded
    await this.until("document.getElementById('page-title') !== null")
  }

  /** Waits, frame by frame, until an expression of the page holds. Rejects with what the page shows when it does not in time. */
  async until(expression: string, withinMs = 10_000): Promise<void> {
    await this.tab.run(`
      const endMs = performance.now() + ${withinMs}
      while (!(${expression})) {
        if (performance.now() > endMs) throw new Error('Not in time: ' + ${JSON.stringify(expression)} + '\\n' + document.body.innerText.slice(0, 2000))
        await new Promise((resolve) => { setTimeout(resolve, 20) })
      }`)
  }

  /** Waits until the page shows a text. */
  async untilShown(text: string, withinMs?: number): Promise<void> {
    await this.until(`document.body.innerText.includes(${JSON.stringify(text)})`, withinMs)
  }

  async show(page: string): Promise<void> {
    await this.tab.run(`location.hash = ${JSON.stringify(`#/${page}`)}`)
    const title = "document.querySelector('nav [aria-current=page]')?.getAttribute('href')"
    await this.until(`${title} === ${JSON.stringify(`#/${page.split('/')[0]}`)}`)
    await this.until("document.querySelector('.loading') === null")
  }

  async value(expression: string): Promise<unknown> {
    return await this.tab.run(`return ${expression}`)
  }

  /** Presses what has this name, as soon as it is there. Rejects when it does not come in time. */
  async press(name: string, withinMs?: number): Promise<void> {
    const named = `[...document.querySelectorAll('button, a')].find((one) => (one.getAttribute('aria-label') ?? one.textContent).trim() === ${JSON.stringify(name)})`
    await this.until(`${named} !== undefined`, withinMs)
    await this.tab.run(`${named}.click()`)
  }

  /** Types into the first element of a selector. */
  async type(selector: string, text: string): Promise<void> {
    await this.tab.run(`document.querySelector(${JSON.stringify(selector)}).focus()`)
    await this.tab.ask('Input.insertText', { text })
  }

  async key(key: string): Promise<void> {
    const named = { key, ...(key === 'Escape' && { code: key, windowsVirtualKeyCode: 27 }) }
    await this.tab.ask('Input.dispatchKeyEvent', { type: 'keyDown', ...named, ...(key.length === 1 && { text: key }) })
    await this.tab.ask('Input.dispatchKeyEvent', { type: 'keyUp', ...named })
  }
}

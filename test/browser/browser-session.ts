/** A Chromium that stays open: tabs that are opened, asked, paused and closed, over the pipe of its DevTools protocol. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { chromiumFlags } from './chromium.ts'

type Message = {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}
type Waiter = { readonly isMeant: (message: Message) => boolean; readonly resolve: (message: Message) => void }

export class BrowserSession {
  private readonly child: ChildProcess
  private readonly profile: string
  private readonly asked = new Map<number, PromiseWithResolvers<Readonly<Record<string, unknown>>>>()
  private readonly waiters = new Set<Waiter>()
  private readonly gatherers = new Set<(message: Message) => void>()
  private unread = ''
  private nextId = 1

  private constructor(child: ChildProcess, profile: string) {
    this.child = child
    this.profile = profile
    const output = child.stdio[4] as Readable
    output.setEncoding('utf8').on('data', (text: string) => this.received(text))
    child.on('close', () => {
      for (const { reject } of this.asked.values()) reject(new Error('Chromium has ended'))
    })
  }

  static async open(program: string): Promise<BrowserSession> {
    const profile = await mkdtemp(join(tmpdir(), 'kernell-chromium-'))
    const child = spawn(program, [...chromiumFlags(profile), '--remote-debugging-pipe', 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: profile },
    })
    return new BrowserSession(child, profile)
  }

  /** Opens a page and waits until its script is done. */
  async openTab(url: string): Promise<BrowserTab> {
    const { targetId } = await this.ask('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.ask('Target.attachToTarget', { targetId, flatten: true })
    const tab = new BrowserTab(this, { target: String(targetId), session: String(sessionId) })
    await tab.ask('Page.enable')
    await tab.ask('Runtime.enable')
    await tab.ask('Debugger.enable')
    const loaded = tab.event('Page.loadEventFired')
    await tab.ask('Page.navigate', { url })
    await loaded
    return tab
  }

  async ask(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    session?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = this.nextId
    this.nextId += 1
    const answer = Promise.withResolvers<Readonly<Record<string, unknown>>>()
    this.asked.set(id, answer)
    const input = this.child.stdio[3] as Writable
    input.write(`${JSON.stringify({ id, method, params, ...(session !== undefined && { sessionId: session }) })}\0`)
    return await answer.promise
  }

  /** The next event of this kind. */
  async event(method: string, isMeant: (message: Message) => boolean = () => true): Promise<Message> {
    return await new Promise((resolve) =>
      this.waiters.add({ isMeant: (message) => message.method === method && isMeant(message), resolve }),
    )
  }

  /** From now on, all events of this kind; the list grows. */
  gather(method: string, isMeant: (message: Message) => boolean): readonly Message[] {
    const gathered: Message[] = []
    this.gatherers.add((message) => {
      if (message.method === method && isMeant(message)) gathered.push(message)
    })
    return gathered
  }

  async close(): Promise<void> {
    const closed = once(this.child, 'close')
    this.child.kill('SIGKILL')
    await closed
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }

  private received(text: string): void {
    const pieces = (this.unread + text).split('\0')
    this.unread = pieces.pop() ?? ''
    for (const piece of pieces) this.take(JSON.parse(piece) as Message)
  }

  private take(message: Message): void {
    const answer = this.asked.get(message.id ?? 0)
    if (message.id !== undefined && answer !== undefined) {
      this.asked.delete(message.id)
      if (message.error === undefined) answer.resolve(message.result ?? {})
      else answer.reject(new Error(message.error.message))
      return
    }
    for (const gather of this.gatherers) gather(message)
    for (const waiter of this.waiters)
      if (waiter.isMeant(message)) {
        this.waiters.delete(waiter)
        waiter.resolve(message)
      }
  }
}

export class BrowserTab {
  private readonly browser: BrowserSession
  private readonly names: { readonly target: string; readonly session: string }

  constructor(browser: BrowserSession, names: { readonly target: string; readonly session: string }) {
    this.browser = browser
    this.names = names
  }

  async ask(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return await this.browser.ask(method, params, this.names.session)
  }

  async event(method: string): Promise<Message> {
    return await this.browser.event(method, ({ sessionId }) => sessionId === this.names.session)
  }

  gather(method: string): readonly Message[] {
    return this.browser.gather(method, ({ sessionId }) => sessionId === this.names.session)
  }

  /** The value of the body of an async function, run in the page; what it throws is thrown, by its text. */
  async run(body: string): Promise<unknown> {
    const answer = await this.ask('Runtime.evaluate', {
      expression: `(async () => {${body}})().then((value) => ({ value }), (error) => ({ code: error.code, error: String(error?.message ?? error), details: error.details }))`,
      awaitPromise: true,
      returnByValue: true,
    })
    const { result, exceptionDetails } = answer as { result: { value?: Ran }; exceptionDetails?: unknown }
    if (result.value === undefined) throw new Error(`The page did not run it: ${JSON.stringify(exceptionDetails)}`)
    if (result.value.error !== undefined)
      throw Object.assign(new Error(result.value.error), { code: result.value.code, details: result.value.details })
    return result.value.value
  }

  /** Begins to run it, and waits until it stands still at `debugger`. */
  async runUntilPaused(body: string): Promise<void> {
    const paused = this.event('Debugger.paused')
    const running = this.run(body)
    // It ends with the tab.
    running.catch(() => undefined)
    await paused
  }

  /** Ends it as a user does who closes it: nothing in it runs any more. */
  async close(): Promise<void> {
    const gone = this.browser.event(
      'Target.detachedFromTarget',
      ({ params }) => params?.['sessionId'] === this.names.session,
    )
    await this.browser.ask('Target.closeTarget', { targetId: this.names.target })
    await gone
  }
}

type Ran = { readonly value?: unknown; readonly error?: string; readonly code?: string; readonly details?: unknown }

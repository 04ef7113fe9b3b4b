/** What runs on a worker thread for as long as that lives: the only task that the pool ever gives it. */
import { threadId } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { CodedError } from '../../base/errors.ts'
import type { FinishedSpan } from '../../ports/tracer.ts'
import type { DeadLetter } from '../delivery/dead-letters.ts'
import { createSystemEnvironment } from '../system/system-environment.ts'
import { HostedActors } from './hosted-actors.ts'
import { HostedSystem } from './hosted-system.ts'
import type { HostReport } from './protocol.ts'
import { observeQuiet } from './quiet-environment.ts'
import { boardIndex, PULSE_WORD, TURN_WORD } from './thread-board.ts'
import type { Link } from './thread-links.ts'
import { ThreadRouter } from './thread-router.ts'
import type { HostMessage } from './thread-router.ts'

export type HostInit = {
  readonly thread: number
  readonly home: number
  /** Shared with all threads: signs of life, and bells where rings are used. */
  readonly board: SharedArrayBuffer
  readonly usesSharedMemory: boolean
  readonly links: readonly Link[]
  /** Threads that there will be links with. */
  readonly expected: readonly number[]
  /** Tells of other threads that end and begin. */
  readonly port: MessagePort
  readonly nodeName: string
  readonly deadLettersMax: number
  readonly beatMs: number
  readonly spinUs: number | undefined
  /** Where actors are that moved before this run began. */
  readonly moves: ReadonlyMap<number, number>
}

/** Of other threads, by the port: these change the ways that everything else takes. */
export type HostNews =
  /** `why` names what ended it. */
  | { readonly type: 'lost'; readonly thread: number; readonly why: string }
  | { readonly type: 'link'; readonly link: Link }
  | { readonly type: 'given-up'; readonly thread: number }

const LETTERS_AT_ONCE = 256
/** Spans that wait to be sent at most. */
const SPANS_MAX = 2_048

/** @returns When the first thread asked for it, after all actors of this one have ended. */
export async function runHost(init: HostInit): Promise<void> {
  await new Host(init).run()
}

class Host {
  private readonly init: HostInit
  private readonly system: HostedSystem
  private readonly router: ThreadRouter
  private readonly actors: HostedActors
  private readonly shutDown = Promise.withResolvers<number>()
  private letters: DeadLetter[] = []
  private lettersCount = 0
  private spans: FinishedSpan[] = []

  constructor(init: HostInit) {
    const { thread, home, board, nodeName, deadLettersMax } = init
    this.init = init
    const words = new Int32Array(board)
    const pulse = boardIndex(thread, PULSE_WORD)
    const { environment, isQuiet } = observeQuiet({
      ...createSystemEnvironment(),
      // An error that nobody handles must not cost the other actors of this worker their state.
      reportError: (error) => this.report({ type: 'error', error }),
    })
    this.system = new HostedSystem({
      environment,
      nodeName,
      deadLettersMax,
      workerIndex: thread,
      turns: words,
      turnIndex: boardIndex(thread, TURN_WORD),
    })
    this.router = new ThreadRouter({
      thread,
      home,
      system: this.system,
      board: init.usesSharedMemory ? board : undefined,
      spinUs: init.spinUs,
      isQuiet: () => isQuiet() && !this.actors.isKeeping,
      onTick: () => void Atomics.add(words, pulse, 1),
      onHostMessage: (_peer, message) => this.obey(message),
      onTrace: () => this.system.traceSteps((span) => this.keepSpan(span)),
      onAbsent: (number, actorHome, again) => this.actors.keep(number, actorHome, again),
    })
    this.actors = new HostedActors(this.system, this.router)
    for (const [number, at] of init.moves) this.router.references.moved(number, at)
  }

  async run(): Promise<void> {
    const { thread, board, beatMs, links, expected, port } = this.init
    const words = new Int32Array(board)
    // Also keeps the thread alive while it is parked.
    const beat = setInterval(() => void Atomics.add(words, boardIndex(thread, PULSE_WORD), 1), beatMs)
    this.system.deadLetters.subscribe((letter) => this.keepLetter(letter))
    this.system.onSupervision((event) => this.report({ type: 'supervision', event }))
    for (const link of links) this.router.end.connect(link)
    for (const other of expected) this.router.expect(other)
    port.on('message', (news: HostNews) => this.hear(news))
    this.router.end.pump.start()
    this.report({ type: 'up', threadId })
    const drainMs = await this.shutDown.promise
    await this.actors.settled()
    await this.system.stop({ drainMs })
    this.sendLetters()
    this.sendSpans()
    clearInterval(beat)
    port.close()
    this.router.end.close()
  }

  private obey(message: HostMessage): void {
    switch (message.type) {
      case 'place':
        this.actors.place(message)
        break
      case 'extract':
        this.actors.extract(message)
        break
      case 'drained':
        this.actors.drained(message)
        break
      case 'shut-down':
        this.shutDown.resolve(message.drainMs)
        break
      case 'hold':
      case 'moved':
      case 'up':
      case 'placed':
      case 'settled':
      case 'ended':
      case 'extracted':
      case 'dead-letters':
      case 'supervision':
      case 'error':
      case 'spans':
        break
    }
  }

  private hear(news: HostNews): void {
    switch (news.type) {
      case 'lost':
        this.router.lose(news.thread, news.why)
        this.actors.threadLost(news.thread)
        break
      case 'link':
        this.actors.threadBack(news.link.outward.peer)
        this.router.regain(news.link.outward.peer, news.link, () => {})
        break
      case 'given-up':
        this.router.giveUp(news.thread)
        break
    }
  }

  private report(report: HostReport): void {
    try {
      this.router.control(0, report)
    } catch (error: unknown) {
      if (!CodedError.is(error, 'ACTOR_EVENT_NOT_CLONEABLE')) throw error
      // What failed carries something that stays here: the first thread gets its text.
      this.router.control(0, { type: 'error', error: new Error(describeReport(report), { cause: error }) })
    }
  }

  private keepSpan(span: FinishedSpan): void {
    // Of more than the first thread takes, the rest of the trace goes without.
    if (this.spans.length === SPANS_MAX) return
    this.spans.push(span)
    if (this.spans.length === 1) this.system.environment.later(() => this.sendSpans())
  }

  private sendSpans(): void {
    const { spans } = this
    if (spans.length === 0) return
    this.spans = []
    this.report({ type: 'spans', spans })
  }

  /** Many at a time: a flood of dead letters must not become a flood between threads. */
  private keepLetter(letter: DeadLetter): void {
    this.lettersCount += 1
    if (this.letters.length < LETTERS_AT_ONCE) this.letters.push(letter)
    if (this.lettersCount === 1) this.system.environment.later(() => this.sendLetters())
  }

  private sendLetters(): void {
    const { letters, lettersCount: count } = this
    if (count === 0) return
    this.letters = []
    this.lettersCount = 0
    try {
      this.router.control(0, { type: 'dead-letters', count, letters })
    } catch {
      // One of them cannot be copied: their events stay here, their number and addresses go.
      const known = letters.map(({ target, reason, event: { type } }) => ({ target, reason, event: { type } }))
      this.router.control(0, { type: 'dead-letters', count, letters: known })
    }
  }
}

function describeReport(report: HostReport): string {
  if (report.type === 'error') return String(report.error)
  if (report.type !== 'supervision') return report.type
  const { event } = report
  return `${event.type} ${event.id}${'error' in event ? `: ${String(event.error)}` : ''}`
}

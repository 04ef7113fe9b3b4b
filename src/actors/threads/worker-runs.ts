import { MessageChannel } from 'node:worker_threads'
import type { MessagePort, ResourceLimits, Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { AWAKE, boardIndex, PULSE_WORD, STATE_WORD, THREAD_BYTES, TURN_WORD } from './thread-board.ts'
import { createLink, portsOf } from './thread-links.ts'
import type { Link, LinkInit } from './thread-links.ts'
import type { HostInit, HostNews } from './worker-host.ts'

export type WorkerRunsInit = {
  /** Workers besides the first thread. */
  readonly threads: number
  readonly link: LinkInit
  readonly resourceLimits: ResourceLimits | undefined
  /** A worker that shows no sign of life for so long is ended. Milliseconds. */
  readonly stuckAfterMs: number
  readonly nodeName: string
  readonly deadLettersMax: number
  readonly spinUs: number | undefined
  readonly moves: () => ReadonlyMap<number, number>
  /** The run has ended without having been asked to, and its thread is no more. */
  readonly onLost: (loss: WorkerLoss) => void
}

export type WorkerLoss = {
  readonly thread: number
  readonly error: unknown
  /** It was ended because it showed no sign of life. */
  readonly isStuck: boolean
  /** Number of the actor that had its turn; 0 when none had. */
  readonly turn: number
}

/** A worker that did not end when it was asked to, and the number of the actor that had its turn there; 0: none. */
export type StuckWorker = Pick<WorkerLoss, 'thread' | 'turn'>

/** The life of one worker thread, from its start to its end. */
type Run = {
  readonly controller: AbortController
  readonly port: MessagePort
  /** Settles when the run has ended, whichever way. */
  readonly ended: Promise<void>
  worker: Worker | undefined
  exit: Promise<unknown>
  /** It can be told of by others, and others of it. */
  isLinked: boolean
  isUp: boolean
  isStuck: boolean
  pulse: number
  silentLooks: number
}

const LOOKS_UNTIL_STUCK = 4
const EXIT_MS = 2_000

/**
 * The worker threads: one run each, which ends with its thread. A pool owns starting, limits and ending of threads; here is
 * who runs, who has a link with whom, and who has stopped to show signs of life.
 */
export class WorkerRuns {
  readonly board: SharedArrayBuffer
  private readonly init: WorkerRunsInit
  private readonly words: Int32Array
  private readonly pool: Piscina
  private readonly runs = new Map<number, Run>()
  private readonly looks: NodeJS.Timeout
  private lastHome = 0
  private isStopping = false

  constructor(init: WorkerRunsInit) {
    const { threads, resourceLimits, stuckAfterMs } = init
    this.init = init
    this.board = new SharedArrayBuffer((threads + 1) * THREAD_BYTES)
    this.words = new Int32Array(this.board)
    const isSource = import.meta.url.endsWith('.ts')
    this.pool = new Piscina({
      filename: new URL(isSource ? './worker-host.ts' : './worker-host.js', import.meta.url).href,
      name: 'runHost',
      minThreads: threads,
      maxThreads: threads,
      ...(resourceLimits !== undefined && { resourceLimits }),
    })
    // Errors of threads arrive with their runs.
    this.pool.on('error', () => {})
    this.looks = setInterval(() => this.lookForSigns(), stuckAfterMs / LOOKS_UNTIL_STUCK)
    this.looks.unref()
  }

  /** Threads that can be given something now. */
  get threads(): readonly number[] {
    return [...this.runs.keys()]
  }

  /** Starts all workers, every two of them linked. @returns The first thread's links. */
  startAll(): readonly Link[] {
    const numbers = Array.from({ length: this.init.threads }, (_, index) => index + 1)
    const links = new Map<number, Link[]>(numbers.map((thread) => [thread, []]))
    const own: Link[] = []
    for (const [index, thread] of numbers.entries()) {
      own.push(this.link(0, thread, links.get(thread)))
      for (const other of numbers.slice(index + 1)) {
        const [forThis, forOther] = createLink(thread, other, this.init.link)
        links.get(thread)?.push(forThis)
        links.get(other)?.push(forOther)
      }
    }
    for (const thread of numbers) this.start(thread, links.get(thread) ?? [], true)
    return own
  }

  /** Starts a worker in place of one that ended, linked with the first thread only. */
  startAgain(thread: number): Link {
    const links: Link[] = []
    const own = this.link(0, thread, links)
    this.start(thread, links, false)
    return own
  }

  /** Links a worker that was started again with all others. */
  linkWithOthers(thread: number): void {
    const run = this.runs.get(thread)
    if (run === undefined) return
    run.isLinked = true
    for (const [other, otherRun] of this.runs) {
      if (other === thread || !otherRun.isLinked) continue
      const [forThis, forOther] = createLink(thread, other, this.init.link)
      this.send(run, { type: 'link', link: forThis }, portsOf([forThis]))
      this.send(otherRun, { type: 'link', link: forOther }, portsOf([forOther]))
    }
  }

  tellOthers(news: Exclude<HostNews, { type: 'link' }>): void {
    for (const [thread, run] of this.runs) if (thread !== news.thread) this.send(run, news, [])
  }

  /** The worker says that it runs, as the thread with this number of the platform's. */
  isUp(thread: number, threadId: number): void {
    const run = this.runs.get(thread)
    if (run === undefined) return
    run.isUp = true
    run.worker = this.pool.threads.find((worker) => worker.threadId === threadId)
    const { worker } = run
    if (worker !== undefined) run.exit = new Promise((resolve) => worker.once('exit', resolve))
  }

  /**
   * Ends all threads; those that were asked to end have `graceMs` to do so by themselves.
   *
   * @returns Those that did not, and who had the turn there.
   */
  async stop(graceMs: number): Promise<readonly StuckWorker[]> {
    this.isStopping = true
    clearInterval(this.looks)
    const runs = [...this.runs.values()]
    await within(graceMs, Promise.all(runs.map(({ ended }) => ended)))
    const stuck = this.threads.map((thread) => ({ thread, turn: this.turnOf(thread) }))
    for (const { port, controller } of runs) {
      port.close()
      controller.abort()
    }
    await this.pool.destroy()
    return stuck
  }

  private link(from: number, to: number, links: Link[] | undefined): Link {
    const [own, theirs] = createLink(from, to, this.init.link)
    links?.push(theirs)
    return own
  }

  private start(thread: number, links: readonly Link[], isLinked: boolean): void {
    const { nodeName, deadLettersMax, spinUs, link, stuckAfterMs, moves } = this.init
    const { port1, port2 } = new MessageChannel()
    const controller = new AbortController()
    this.lastHome += 1
    Atomics.store(this.words, boardIndex(thread, STATE_WORD), AWAKE)
    Atomics.store(this.words, boardIndex(thread, TURN_WORD), 0)
    const host: HostInit = {
      thread,
      home: this.lastHome,
      board: this.board,
      usesSharedMemory: link.usesSharedMemory,
      links,
      expected: isLinked ? [] : this.threads.filter((other) => other !== thread),
      port: port2,
      nodeName,
      deadLettersMax,
      beatMs: Math.min(250, stuckAfterMs / 8),
      spinUs,
      moves: moves(),
    }
    const running: Promise<unknown> = this.pool.run(host, {
      transferList: [port2, ...portsOf(links)],
      signal: controller.signal,
    })
    const run: Run = {
      controller,
      port: port1,
      ended: running.then(
        () => this.ended(thread, run, undefined),
        (error: unknown) => this.ended(thread, run, error),
      ),
      worker: undefined,
      exit: Promise.resolve(),
      isLinked,
      isUp: false,
      isStuck: false,
      pulse: -1,
      silentLooks: 0,
    }
    port1.unref()
    this.runs.set(thread, run)
  }

  private async ended(thread: number, run: Run, error: unknown): Promise<void> {
    // The run is told to have ended before the thread has: until then it may still write to what it shares.
    if (error !== undefined) await within(EXIT_MS, run.exit)
    this.runs.delete(thread)
    run.port.close()
    if (this.isStopping || error === undefined) return
    const turn = this.turnOf(thread)
    this.ringAll()
    this.init.onLost({ thread, error, isStuck: run.isStuck, turn })
  }

  /** Number of the actor that has its turn on a worker; 0 when none has. */
  private turnOf(thread: number): number {
    return Atomics.load(this.words, boardIndex(thread, TURN_WORD)) >>> 0
  }

  /** Whoever the lost thread was about to wake would sleep for ever. */
  private ringAll(): void {
    for (let thread = 0; thread <= this.init.threads; thread += 1) {
      Atomics.notify(this.words, boardIndex(thread, STATE_WORD))
    }
  }

  private lookForSigns(): void {
    for (const [thread, run] of this.runs) {
      const pulse = Atomics.load(this.words, boardIndex(thread, PULSE_WORD))
      run.silentLooks = pulse === run.pulse ? run.silentLooks + 1 : 0
      run.pulse = pulse
      if (!run.isUp || run.silentLooks < LOOKS_UNTIL_STUCK || run.isStuck) continue
      run.isStuck = true
      run.controller.abort()
    }
  }

  private send(run: Run, news: HostNews, ports: readonly MessagePort[]): void {
    run.port.postMessage(news, [...ports])
  }
}

async function within(limitMs: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([done, limit])
  clearTimeout(timer)
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import { LoadServer } from '../budgets/load-server.ts'
import { ADMIN_DEEDS } from './admin-deeds.ts'
import { AGENT_DEEDS } from './agent-deeds.ts'
import { CHAT_DEEDS } from './chat-deeds.ts'
import { checkRecord } from './check-record.ts'
import { finishWork, isNever } from './finish-work.ts'
import { KEPT_DEEDS } from './kept-deeds.ts'
import { measureNode, type NodeMeasure, processesBelow, type SlopePoint, survivorsOf } from './measure-node.ts'
import { growthOf, judgeGrowth, type SoakPoint, watchCollections } from './memory-growth.ts'
import { jsonOf, NodeCaller, NodeGone } from './node-caller.ts'
import { SoakBooks } from './soak-books.ts'
import { SoakRecord } from './soak-record.ts'
import { SoakUpstream } from './soak-upstream.ts'
import { askAdmin, type Deed, MODELS, type SoakTenant, type SoakWorld, soakConfig, TENANTS } from './soak-world.ts'

export type SoakRoundInit = {
  readonly seed: number
  readonly minutes: number
  /** Callers at one time. */
  readonly callers: number
  readonly plant: string
  readonly log: (line: string) => void
}

export type SoakRound = {
  readonly failures: readonly string[]
  /** Deeds by name and what became of them. */
  readonly outcomes: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly served: ReadonlyMap<string, number>
  readonly requests: number
  readonly kills: number
  readonly stops: number
  readonly checks: number
  /** Of the long life: every quiet point. */
  readonly points: readonly SoakPoint[]
  /** Of the last half of the long life, bytes each request. */
  readonly residentSlope: number
  readonly heldSlope: number
  readonly collections: number
  /** What was billed, charged and in doubt. */
  readonly money: string
}

const PLANTED = fileURLToPath(new URL('planted-node.ts', import.meta.url))
const DEEDS: readonly Deed[] = [...CHAT_DEEDS, ...KEPT_DEEDS, ...AGENT_DEEDS, ...ADMIN_DEEDS]
/** Part of the time in which the node is ended again and again; the rest is one long life. */
const RESTARTING_SHARE = 0.4
const LIFE_MS = { least: 3_000, most: 25_000 } as const
/** Quiet points of the long life. */
const POINTS = 16
const BURST_MS = { least: 2_000, most: 60_000 } as const
const QUIET_MS_MAX = 30_000
/** A stop in order takes no longer. */
const STOP_MS_MAX = 20_000
/** Records of tasks are written in intervals: what is younger when a node is killed may be lost, as its documentation says. */
const FLUSHED_MS = 2_000
/** Connections and timers above the level of the start that are no leak: some are of caches that are warm. */
const HANDLES_SLACK = 4
/** Files of the store that it keeps open at most, beside its journals. */
const FILES_MAX = 1_100
/** One node under mixed load: ended and started again on the same directory, and then left to run; all that it acknowledged is asked for again. */
export async function playSoak(init: SoakRoundInit): Promise<SoakRound> {
  const upstream = await SoakUpstream.start(init.seed, MODELS)
  const server = new LoadServer(soakConfig(upstream.baseUrl), init.plant, { planted: PLANTED })
  const round = new Round(init, upstream, server)
  try {
    await round.play()
  } catch (error: unknown) {
    round.fail(error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    await server.remove()
    await upstream.close()
  }
  return round.report()
}

class Round {
  readonly #init: SoakRoundInit
  readonly #upstream: SoakUpstream
  readonly #server: LoadServer
  readonly #caller = new NodeCaller()
  readonly #record = new SoakRecord()
  readonly #random: RandomStream
  readonly #failures = new Set<string>()
  readonly #outcomes = new Map<string, Map<string, number>>()
  readonly #startedMs = performance.now()
  #tenants: readonly SoakTenant[] = []
  #adminToken = ''
  #line = 1_000
  #requests = 0
  #kills = 0
  #stops = 0
  #checks = 0
  #isEnding = false
  readonly #points: SoakPoint[] = []
  #collected: readonly SlopePoint[] = []
  readonly #books: SoakBooks

  constructor(init: SoakRoundInit, upstream: SoakUpstream, server: LoadServer) {
    this.#init = init
    this.#upstream = upstream
    this.#server = server
    this.#books = new SoakBooks(upstream)
    this.#random = createRandomStream(init.seed)
  }

  fail(what: string): void {
    this.#failures.add(what)
  }

  report(): SoakRound {
    const { residentSlope, heldSlope } = growthOf({ points: this.#points, collected: this.#collected })
    return {
      failures: [...this.#failures],
      outcomes: this.#outcomes,
      served: this.#upstream.kinds,
      requests: this.#requests,
      kills: this.#kills,
      stops: this.#stops,
      checks: this.#checks,
      points: this.#points,
      residentSlope,
      heldSlope,
      collections: this.#collected.length,
      money: this.#books.describe(),
    }
  }

  async play(): Promise<void> {
    const totalMs = this.#init.minutes * 60_000
    await this.#start()
    await this.#createTenants()
    while (performance.now() - this.#startedMs < totalMs * RESTARTING_SHARE && this.#failures.size === 0) {
      const lifeMs = Math.min(totalMs / 12, LIFE_MS.least + this.#random.nextBelow(LIFE_MS.most - LIFE_MS.least))
      await this.#endInTheMiddle(lifeMs, this.#random.nextBelow(3) === 0 ? 'SIGTERM' : 'SIGKILL')
    }
    if (this.#failures.size > 0) return
    const idle = await this.#measure()
    let isOver = false
    const watching = watchCollections({
      readMetrics: async () => (await askAdmin(this.#world(), 'GET /metrics')).text,
      requests: () => this.#requests,
      isOver: () => isOver,
    })
    await this.#liveLong(idle, totalMs).finally(() => (isOver = true))
    this.#collected = await watching
    for (const what of judgeGrowth({ points: this.#points, collected: this.#collected })) this.fail(what)
    for (const signal of ['SIGKILL', 'SIGTERM'] as const)
      if (this.#failures.size === 0) await this.#endInTheMiddle(Math.min(LIFE_MS.least, totalMs / 12), signal)
    if (this.#failures.size === 0) await this.#endChildren('SIGTERM')
  }

  /** The long life: load and quiet in turn. */
  async #liveLong(idle: NodeMeasure, totalMs: number): Promise<void> {
    const leftMs = totalMs - (performance.now() - this.#startedMs)
    const burstMs = Math.min(BURST_MS.most, Math.max(BURST_MS.least, leftMs / POINTS))
    const untilMs = this.#startedMs + totalMs
    while ((performance.now() < untilMs || this.#points.length === 0) && this.#failures.size === 0) {
      await this.#burst(burstMs)
      const measure = await this.#comeToRest(idle)
      const seconds = Math.round((performance.now() - this.#startedMs) / 1_000)
      this.#points.push({ ...measure, requests: this.#requests, seconds })
      const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(0)
      this.#init.log(
        `${seconds} s, ${this.#requests} requests: rss ${megabytes(measure.rssBytes)} MiB, without files ${megabytes(measure.anonymousBytes)} MiB, heap ${megabytes(measure.heapBytes)} MiB, ${measure.descriptors} descriptors, ${measure.resources} resources`,
      )
    }
    await this.#check('after the long life')
  }

  async #endInTheMiddle(afterMs: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#burst(afterMs, async () => await this.#endChildren(signal))
    if (this.#failures.size > 0) return
    await this.#start()
    await this.#check(signal === 'SIGKILL' ? 'after a kill' : 'after a stop')
    this.#init.log(
      `${signal === 'SIGKILL' ? 'killed' : 'stopped'} and started: ${this.#requests} requests, ${this.#failures.size} failures`,
    )
  }

  /** Ends the node; nothing that it started is left. */
  async #endChildren(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const children = processesBelow(this.#server.pid)
    this.#isEnding = true
    const startedMs = performance.now()
    await this.#server.end(signal)
    const tookMs = performance.now() - startedMs
    this.#upstream.noteNodeEnded()
    this.#books.noteEnd(signal === 'SIGKILL')
    if (signal === 'SIGKILL') {
      this.#kills += 1
      this.#record.forgiveTasks(startedMs - FLUSHED_MS)
    } else this.#stops += 1
    if (signal === 'SIGTERM' && this.#server.endedWith !== 0)
      this.fail(`a stop in order ended with ${String(this.#server.endedWith)}: ${this.#server.said.slice(-500)}`)
    if (tookMs > STOP_MS_MAX) this.fail(`a stop took ${Math.round(tookMs)} ms`)
    const left = await survivorsOf(children)
    if (left.length > 0) this.fail(`${left.length} of ${children.length} processes outlive the node`)
  }

  async #start(): Promise<void> {
    await this.#server.start()
    this.#caller.hangUp()
    this.#caller.url = this.#server.url
    this.#isEnding = false
    this.#adminToken = readFileSync(join(this.#server.dataDir, 'admin-token'), 'utf8').trim()
  }

  async #createTenants(): Promise<void> {
    const tenants: SoakTenant[] = []
    for (const id of TENANTS) {
      const tenant = await askAdmin(this.#world(), 'POST /v1/admin/tenants', { id })
      const key = await askAdmin(this.#world(), 'POST /v1/admin/keys', { tenant: id })
      if (tenant.status !== 201 || key.status !== 201) throw new Error(`No tenant: ${tenant.text} ${key.text}`)
      const made = jsonOf(key)
      tenants.push({ id, key: String(made['key']), keyId: String(made['id']) })
    }
    this.#tenants = tenants
  }

  #world(): SoakWorld {
    return {
      caller: this.#caller,
      random: this.#random,
      record: this.#record,
      tenants: this.#tenants,
      adminToken: this.#adminToken,
      nextLine: () => (this.#line += 1),
    }
  }

  /** Callers for a while. With `end` the node ends when the time is over, in the middle of their work. */
  async #burst(forMs: number, end?: () => Promise<void>): Promise<void> {
    const untilMs = performance.now() + forMs
    const world = this.#world()
    const isOver = (): boolean => (end === undefined ? performance.now() >= untilMs : this.#isEnding)
    const ending = end === undefined ? undefined : sleep(forMs).then(end)
    await Promise.all(
      Array.from({ length: this.#init.callers }, async () => {
        while (!isOver() && this.#failures.size === 0) await this.#act(world, this.#drawDeed())
      }),
    )
    await ending
  }

  #drawDeed(): Deed {
    let place = this.#random.nextUnit() * DEEDS.reduce((sum, { weight }) => sum + weight, 0)
    for (const deed of DEEDS) if ((place -= deed.weight) < 0) return deed
    return CHAT_DEEDS[0] as Deed
  }

  async #act(world: SoakWorld, deed: Deed): Promise<void> {
    let word: string
    try {
      word = await deed.run(world)
    } catch (error: unknown) {
      if (!(error instanceof NodeGone)) throw error
      word = 'gone'
      if (!this.#isEnding) this.fail(`${deed.name}: the connection broke, and the node was not ended: ${error.message}`)
    }
    this.#requests += 1
    const words = this.#outcomes.get(deed.name) ?? new Map<string, number>()
    this.#outcomes.set(deed.name, words)
    words.set(word, (words.get(word) ?? 0) + 1)
    if (isNever(word)) this.fail(`${deed.name}: ${word}`)
  }

  /** Everything that was acknowledged is there, and the money is right. */
  async #check(when: string): Promise<void> {
    await this.#rest(when)
    for (const what of await checkRecord(this.#world())) this.fail(`${when}: ${what}`)
    this.#checks += 1
  }

  /** Nobody asks any more: work ends, and the books are in order. */
  async #rest(when: string): Promise<void> {
    const stuck = await finishWork(this.#world())
    if (stuck !== undefined) this.fail(`${when}: ${stuck}`)
    else for (const what of await this.#books.judge(this.#world())) this.fail(`${when}: ${what}`)
  }

  async #measure(): Promise<NodeMeasure> {
    this.#caller.hangUp()
    const { text } = await askAdmin(this.#world(), 'GET /metrics')
    return measureNode(this.#server.pid, text)
  }

  /** Waits until the node holds no more than at its start. */
  async #comeToRest(idle: NodeMeasure): Promise<NodeMeasure> {
    await this.#rest('at rest')
    const untilMs = performance.now() + QUIET_MS_MAX
    for (;;) {
      const measure = await this.#measure()
      const isQuiet =
        measure.descriptors <= idle.descriptors + HANDLES_SLACK && measure.resources <= idle.resources + HANDLES_SLACK
      if (measure.files > FILES_MAX) this.fail(`${measure.files} files are open`)
      if (isQuiet) return measure
      if (performance.now() > untilMs) {
        this.fail(
          `nobody asks, and ${measure.descriptors} descriptors and ${measure.resources} resources are open, ${idle.descriptors} and ${idle.resources} at the start`,
        )
        return measure
      }
      await sleep(250)
    }
  }
}

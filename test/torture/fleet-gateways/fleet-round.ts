import type { ConfigDocument } from '../../../src/node/config/config-document.ts'
import { PostgresCluster } from '../../storage/postgres/postgres-cluster.ts'
import { BillingProvider } from '../budgets/billing-provider.ts'
import { askPatiently, askServer, roomOf, wordOf } from '../budgets/load-client.ts'
import { LoadServer } from '../budgets/load-server.ts'
import { limitsFor, loadConfig, STORM_MODELS, usdOf } from '../budgets/load-world.ts'
import { keysOf } from '../budgets/watch-money.ts'
import { callFleet } from './fleet-callers.ts'
import { type FleetBooks, readFleetBooks } from './fleet-books.ts'
import { plantSql } from './fleet-plants.ts'
import { playTakeover } from './journal-takeover.ts'

export type FleetRoundInit = {
  readonly seed: number
  readonly gateways: number
  /** Processes of callers, and the connections that they keep busy together. */
  readonly processes: number
  readonly connections: number
  readonly requests: number
  /** How long a gateway may be silent. */
  readonly leaseMs: number
  readonly attemptTimeoutMs: number
  readonly plant: string
}

export type FleetRound = {
  readonly failures: readonly string[]
  readonly outcomes: ReadonlyMap<string, number>
  readonly answeredBy: readonly number[]
  readonly served: ReadonlyMap<string, number>
  readonly looks: number
  readonly holdsAtKill: number
  readonly cacheMs: number
  /** Of the journal that was handed over twice. */
  readonly entries: number
  readonly limits: Readonly<Record<string, bigint>>
  readonly books: FleetBooks | undefined
  readonly billedNanos: ReadonlyMap<string, bigint>
}

const SCHEMA = 'fleet'
/** Lines that no storm asks. */
const CALM_LINE = 9_000_000
const CACHE_MS_MAX = 5_000
/** Calls that a gateway dies with, and the words that each may have. */
const DYING_CALLS = 8
const DYING_WORDS = 200
/** Scopes that bind a key outermost, so that a refusal names them. */
const PROBES = [
  ['tenant:acme', 'acme-1'],
  ['team:red', 'red-2'],
  ['key:solo', 'solo'],
  ['team:outer', 'nest'],
] as const
/** Scopes that bind the keys of the storm, and so are to be pressed: another one of the same key may be wider. */
const PRESSED = ['tenant:acme', 'team:red', 'key:solo', 'key:nest', 'tenant:liar'] as const
/** Part of a limit that was spent and held together at least, in percent, or its holding was never tried. */
const PRESSED_PERCENT = 90n
/** Small enough that a storm uses it all up while it still has much to ask. */
const NANOS_PER_REQUEST = 12_000n
/** Long enough to open the breaker of a model, and over before its callers lose their patience. */
const OUTAGE = { from: 40, to: 52 } as const
/** Its model claims more than it was allowed, which is charged, since it is what will be billed. */
const OVERCLAIMED = 'tenant:liar'

/** Gateways on one PostgreSQL under load from several processes; one is killed in the middle, and comes back. */
export async function playFleet(init: FleetRoundInit): Promise<FleetRound> {
  const cluster = await PostgresCluster.start()
  const provider = await BillingProvider.start(init.seed, OUTAGE)
  const limits = limitsFor(init.requests, NANOS_PER_REQUEST)
  const config: ConfigDocument = {
    ...loadConfig({ ...init, upstreamUrl: provider.baseUrl, limits }),
    cache: { enabled: true },
    telemetry: { consent: true },
    storage: { kind: 'postgresql', urlEnv: 'FLEET_DATABASE', schema: SCHEMA, leaseMs: init.leaseMs },
  }
  const servers = Array.from(
    { length: init.gateways },
    () => new LoadServer(config, '', { FLEET_DATABASE: cluster.url }),
  )
  const round = new Round({ ...init, cluster, provider, servers, limits })
  try {
    await round.play()
  } catch (error: unknown) {
    round.failures.push(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  } finally {
    for (const server of servers) await server.remove()
    await provider.close()
    await cluster.remove()
  }
  return {
    failures: [...new Set(round.failures)],
    outcomes: round.outcomes,
    answeredBy: round.answeredBy,
    served: provider.kinds,
    looks: round.looks,
    holdsAtKill: round.holdsAtKill,
    cacheMs: round.cacheMs,
    entries: round.entries,
    limits,
    books: round.books,
    billedNanos: provider.billedNanos,
  }
}

type RoundInit = FleetRoundInit & {
  readonly cluster: PostgresCluster
  readonly provider: BillingProvider
  readonly servers: readonly LoadServer[]
  readonly limits: Readonly<Record<string, bigint>>
}

class Round {
  readonly failures: string[] = []
  outcomes: ReadonlyMap<string, number> = new Map()
  answeredBy: readonly number[] = []
  looks = 0
  holdsAtKill = 0
  cacheMs = 0
  entries = 0
  books: FleetBooks | undefined
  readonly #init: RoundInit

  constructor(init: RoundInit) {
    this.#init = init
  }

  async play(): Promise<void> {
    const { servers } = this.#init
    const stages = [
      async () => void (await Promise.all(servers.map(async (server) => await server.start()))),
      async () => await this.#plant(),
      async () => await this.#shareAnswers(servers[0], servers[1], CALM_LINE),
      async () => await this.#storm(),
      async () => await this.#rest(servers.slice(1)),
      async () => await servers[0]?.start(),
      async () => await this.#rest(servers),
      async () => await this.#shareAnswers(servers[1], servers[0], CALM_LINE + 1),
      async () => await this.#dieHolding(servers),
      async () => await this.#joinRecords(),
      async () => await this.#handOver(),
      async () => void (await Promise.all(servers.map(async (server) => await server.end('SIGTERM')))),
      async () => await this.#leaveNothing(),
    ]
    for (const stage of stages) {
      await stage()
      if (this.failures.length > 0) return
    }
  }

  #fail(what: string): void {
    this.failures.push(what)
  }

  async #plant(): Promise<void> {
    const sql = plantSql(this.#init.plant, SCHEMA)
    if (sql !== undefined) await this.#init.cluster.query(sql)
  }

  /** What one gateway was answered serves the caller of another, and the provider is not asked again. */
  async #shareAnswers(from: LoadServer | undefined, to: LoadServer | undefined, line: number): Promise<void> {
    const { provider } = this.#init
    const request = { key: 'calm', model: STORM_MODELS[0], line, outputMax: 20 }
    const first = await askPatiently(from?.url ?? '', request)
    if (wordOf(first) !== 'answered') return this.#fail(`the first caller got ${wordOf(first)}`)
    const startedMs = performance.now()
    let asked = provider.callCount
    for (;;) {
      const second = await askServer(to?.url ?? '', request)
      const isFromCache = provider.callCount === asked
      if (isFromCache && contentOf(second.text) === contentOf(first.text)) break
      if (isFromCache) return this.#fail(`the other gateway answered something else: ${second.text}`)
      asked = provider.callCount
      // It asked by itself, and its own answer is in its memory now: another line shows whether it is told of others'.
      if (performance.now() - startedMs > CACHE_MS_MAX)
        return this.#fail('an answer of one gateway does not serve the other')
      return await this.#retryAnswers({ from, to, line: line + 1_000, startedMs })
    }
    this.cacheMs = Math.max(this.cacheMs, performance.now() - startedMs)
  }

  /** Asks one gateway and gives the other a little longer to hear of it each time. */
  async #retryAnswers(init: {
    readonly from: LoadServer | undefined
    readonly to: LoadServer | undefined
    readonly line: number
    readonly startedMs: number
  }): Promise<void> {
    const { provider, cluster } = this.#init
    for (let place = 0; performance.now() - init.startedMs < CACHE_MS_MAX; place += 1) {
      const request = { key: 'calm', model: STORM_MODELS[0], line: init.line + place, outputMax: 20 }
      const first = await askPatiently(init.from?.url ?? '', request)
      const storedMs = performance.now()
      const stored = await this.#waitStored(request.line)
      if (!stored) return this.#fail('an answer does not reach the store')
      await cluster.query('SELECT pg_sleep(0.05)')
      const asked = provider.callCount
      const second = await askServer(init.to?.url ?? '', request)
      if (provider.callCount > asked) continue
      if (contentOf(second.text) !== contentOf(first.text))
        return this.#fail('the other gateway answered something else')
      this.cacheMs = Math.max(this.cacheMs, performance.now() - storedMs)
      return
    }
    this.#fail('an answer of one gateway does not serve the other')
  }

  async #waitStored(line: number): Promise<boolean> {
    const startedMs = performance.now()
    while (performance.now() - startedMs < CACHE_MS_MAX) {
      const found = await this.#init.cluster.query(
        `SELECT 1 FROM ${SCHEMA}.entry WHERE head >= 'cache/' AND head < 'cache0' AND position($1::bytea IN value) > 0`,
        [Buffer.from(`line ${line} for`)],
      )
      if (found.length > 0) return true
    }
    return false
  }

  async #storm(): Promise<void> {
    const { seed, servers, requests, connections, processes, cluster } = this.#init
    let killed: Promise<void> | undefined
    const onAnswer = (count: number): void => {
      if (count < requests / 2 || killed !== undefined) return
      killed = (async () => {
        this.holdsAtKill = (await readFleetBooks(cluster, SCHEMA)).openHolds
        await servers[0]?.end('SIGKILL')
      })()
    }
    let isOver = false
    const looking = this.#lookUntil(() => isOver).catch((error: unknown) =>
      this.#fail(`a look failed: ${String(error)}`),
    )
    const urls = servers.map(({ url }) => url)
    const { words, answeredBy } = await callFleet({
      urls,
      seed,
      firstLine: 1,
      requests,
      connections,
      processes,
      onAnswer,
    })
    isOver = true
    await looking
    await killed
    this.outcomes = words
    this.answeredBy = answeredBy
    if (killed === undefined) this.#fail('nobody was killed')
    if (answeredBy.some((count) => count === 0)) this.#fail(`a gateway answered nobody: ${answeredBy.join(' ')}`)
    this.#judgePressure(await readFleetBooks(cluster, SCHEMA))
  }

  /** A limit that nobody came near was not held by anything. */
  #judgePressure({ accounts }: FleetBooks): void {
    for (const scope of PRESSED) {
      const limit = this.#init.limits[scope] ?? 0n
      const peak = accounts.get(scope)?.peak ?? 0n
      if (peak * 100n < limit * PRESSED_PERCENT)
        this.#fail(`not pressed: ${scope} came to ${usdOf(peak)} of ${usdOf(limit)}`)
    }
  }

  async #lookUntil(isOver: () => boolean): Promise<void> {
    const [, alive] = this.#init.servers
    while (!isOver() && this.failures.length === 0) {
      for (const [scope, key] of PROBES) await this.#probe(alive?.url ?? '', scope, key)
      this.#judge(await readFleetBooks(this.#init.cluster, SCHEMA))
      this.looks += 1
    }
  }

  async #probe(url: string, scope: string, key: string): Promise<void> {
    const { provider, limits } = this.#init
    // Billed before the gateway is asked: what the fleet knows can only be more.
    const billed = provider.billedTo(keysOf(scope))
    const room = await roomOf(url, key, STORM_MODELS[0])
    if (room === 'gone') return
    if (room === 'admitted') return this.#fail(`${scope} let a call through that is dearer than its limit`)
    const limit = limits[scope] ?? 0n
    if (billed > limit - room)
      this.#fail(`${scope}: ${usdOf(billed)} were billed, and the fleet knows of ${usdOf(limit - room)} spent and held`)
  }

  #judge({ accounts }: FleetBooks): void {
    const { limits, provider } = this.#init
    for (const [scope, limit] of Object.entries(limits)) {
      const account = accounts.get(scope)
      const over = scope === OVERCLAIMED ? (provider.overclaimedNanos.get('liar') ?? 0n) : 0n
      if (account?.limit !== limit) this.#fail(`${scope} has the limit ${account?.limit} in the books`)
      else if (account.peak > limit + over)
        this.#fail(`${scope} was overspent: ${usdOf(account.peak)} of ${usdOf(limit)}`)
    }
  }

  /** Nobody asks any more, and the lease of whoever died has ended: no hold is left, all that was billed is charged, and every gateway says what the books say. */
  async #rest(alive: readonly LoadServer[]): Promise<void> {
    const { cluster, provider, limits, leaseMs } = this.#init
    const untilMs = performance.now() + 3 * leaseMs + 5_000
    let books = await readFleetBooks(cluster, SCHEMA)
    while (books.openHolds > 0 && performance.now() < untilMs) {
      await cluster.query('SELECT pg_sleep(0.1)')
      books = await readFleetBooks(cluster, SCHEMA)
    }
    this.books = books
    this.#judge(books)
    if (books.openHolds > 0) this.#fail(`${books.openHolds} holds are open, and nobody is served`)
    for (const [scope, { held, spent }] of books.accounts) {
      if (held !== 0n) this.#fail(`${scope} still holds ${usdOf(held)}`)
      const overclaimed = scope === OVERCLAIMED ? (provider.overclaimedNanos.get('liar') ?? 0n) : 0n
      const billed = provider.billedTo(keysOf(scope))
      if (scope in limits && billed - overclaimed > spent)
        this.#fail(`${scope}: ${usdOf(billed)} were billed and ${usdOf(spent)} charged`)
    }
    for (const server of alive)
      for (const [scope, key] of PROBES) {
        const room = await roomOf(server.url, key, STORM_MODELS[0])
        const left = (limits[scope] ?? 0n) - (books.accounts.get(scope)?.spent ?? 0n)
        if (room !== left) this.#fail(`${scope} has ${String(room)} left at a gateway, and ${left} by the books`)
      }
  }

  /** A gateway dies while its provider is at work, and all of that is charged. In the storm a little less would not show, since many of its calls are charged too much; here none is. */
  async #dieHolding([dying, ...alive]: readonly LoadServer[]): Promise<void> {
    const { provider } = this.#init
    const model = STORM_MODELS[0]
    provider.setMood(model, 'silent')
    const arrived = provider.waitForCalls(provider.callCount + DYING_CALLS)
    const calls = Array.from({ length: DYING_CALLS }, async (_, place) => {
      const line = 2 * CALM_LINE + place
      await askServer(dying?.url ?? '', { key: 'calm', model, line, outputMax: DYING_WORDS })
    })
    await arrived
    await dying?.end('SIGKILL')
    await Promise.all(calls)
    provider.setMood(model, 'well')
    await this.#rest(alive)
  }

  /** Records of all gateways are in one place. */
  async #joinRecords(): Promise<void> {
    const [row] = await this.#init.cluster.query<{ total: string }>(
      `SELECT count(*) AS total FROM ${SCHEMA}.entry WHERE head >= 'telemetry/' AND head < 'telemetry0'`,
    )
    const answered = this.answeredBy.reduce((sum, count) => sum + count, 0)
    // The last interval of the one that was killed may be lost.
    if (Number(row?.total ?? 0) < answered / 2) this.#fail(`${row?.total} records are kept of ${answered} answers`)
  }

  /** A chained journal of the same store goes from a process that is killed to the next, and on. */
  async #handOver(): Promise<void> {
    const { cluster, leaseMs } = this.#init
    this.entries = await playTakeover({
      url: cluster.url,
      schema: SCHEMA,
      leaseMs,
      fail: (what) => this.#fail(what),
    })
  }

  async #leaveNothing(): Promise<void> {
    const members = await this.#init.cluster.query(`SELECT 1 FROM ${SCHEMA}.budget_member WHERE lease_until > now()`)
    if (members.length > 0) this.#fail(`${members.length} gateways ended and are still members`)
  }
}

/** The words of an answer; its id and time differ when the same answer is given again. */
function contentOf(text: string): string {
  return /"content":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text
}

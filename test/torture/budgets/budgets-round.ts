import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { BillingProvider } from './billing-provider.ts'
import { cycleBreaker, healAll, type Trial } from './breaker-cycles.ts'
import type { LoadBooks } from './load-books.ts'
import { askServer, wordOf } from './load-client.ts'
import { LoadServer } from './load-server.ts'
import { limitsFor, loadConfig, QUOTA, STORM_MODELS, TRIAL_MODEL } from './load-world.ts'
import { storm } from './storm.ts'
import { MoneyWatch } from './watch-money.ts'

const TORN_STREAMS = 12

export type BudgetsRoundInit = {
  readonly seed: number
  /** At once, in each of two storms. */
  readonly requests: number
  readonly trials: readonly Trial[]
  /** Longest that the server waits for the provider. */
  readonly attemptTimeoutMs: number
  readonly plant: string
}

export type BudgetsRound = {
  readonly failures: readonly string[]
  readonly outcomes: ReadonlyMap<string, number>
  readonly served: ReadonlyMap<string, number>
  readonly looks: number
  readonly openings: number
  readonly inFlightAtKill: number
  readonly limits: Readonly<Record<string, bigint>>
  readonly books: LoadBooks | undefined
  readonly billedNanos: ReadonlyMap<string, bigint>
}

/** A server's two lives under load: a storm, a storm in whose middle it is killed, and what it is like afterwards. */
export async function playBudgets(init: BudgetsRoundInit): Promise<BudgetsRound> {
  const provider = await BillingProvider.start(init.seed)
  const limits = limitsFor(2 * init.requests)
  const server = new LoadServer(loadConfig({ ...init, upstreamUrl: provider.baseUrl, limits }), init.plant)
  const round = new Round({ ...init, provider, server, limits })
  try {
    await round.play()
  } catch (error: unknown) {
    round.failures.push(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  } finally {
    await server.remove()
    await provider.close()
  }
  return {
    failures: [...new Set(round.failures)],
    outcomes: round.outcomes,
    served: provider.kinds,
    looks: round.money.looks,
    openings: round.openings,
    inFlightAtKill: round.inFlightAtKill,
    limits,
    books: round.books,
    billedNanos: provider.billedNanos,
  }
}

type RoundInit = BudgetsRoundInit & {
  readonly provider: BillingProvider
  readonly server: LoadServer
  readonly limits: Readonly<Record<string, bigint>>
}

class Round {
  readonly failures: string[] = []
  readonly outcomes = new Map<string, number>()
  readonly money: MoneyWatch
  openings = 0
  inFlightAtKill = 0
  books: LoadBooks | undefined
  readonly #init: RoundInit
  readonly #fail = (what: string): void => void this.failures.push(what)

  constructor(init: RoundInit) {
    this.#init = init
    this.money = new MoneyWatch({ ...init, fail: this.#fail })
  }

  /** One stage after another, to the first that finds something. */
  async play(): Promise<void> {
    const { server, requests, plant } = this.#init
    const stages = [
      async () => await server.start(),
      async () => await this.#storm({ firstLine: 1, isKilled: false }),
      async () => await this.#rest(),
      async () => await this.#storm({ firstLine: 1 + requests, isKilled: true }),
      async () => {
        if (plant === 'reset-books') rmSync(join(server.dataDir, 'budgets'), { recursive: true })
        await server.start()
      },
      async () => await this.#rest(),
      async () => await this.#tear(),
      async () => await this.#rest(),
      async () => await this.#keepQuota(),
      async () => await this.#tryBreakers(),
      async () => await this.#rest(),
      async () => await server.end('SIGTERM'),
    ]
    for (const stage of stages) {
      await stage()
      if (this.failures.length > 0) return
    }
    if ((this.outcomes.get('answered') ?? 0) === 0) this.#fail('nobody was answered')
  }

  /** Streams that break off, write on for a little, or whose readers leave at the first words: nothing else is charged to this tenant that could cover a lack. */
  async #tear(): Promise<void> {
    const { server } = this.#init
    const request = { key: 'torn', model: TRIAL_MODEL, outputMax: 100, isStreaming: true }
    for (let line = 0; line < TORN_STREAMS; line += 1)
      await askServer(server.url, { ...request, line, isLeaving: line % 4 === 0 })
  }

  async #tryBreakers(): Promise<void> {
    const { server, provider, trials } = this.#init
    for (const trial of trials)
      this.openings += await cycleBreaker(trial, { url: server.url, provider, fail: this.#fail })
  }

  /** Nobody asks any more: models are served again, and the books are whole. */
  async #rest(): Promise<void> {
    await this.#heal()
    this.books = await this.money.settle()
  }

  /** Everything at once, while somebody looks at the money. */
  async #storm({ firstLine, isKilled }: { readonly firstLine: number; readonly isKilled: boolean }): Promise<void> {
    const { server, seed, requests } = this.#init
    let ended: Promise<void> | undefined
    const onAnswer = (count: number): void => {
      if (!isKilled || count < requests / 2 || ended !== undefined) return
      this.inFlightAtKill = requests - count
      ended = server.end('SIGKILL')
    }
    let isOver = false
    const looking = this.#lookUntil(() => isOver).catch((error: unknown) =>
      this.#fail(`a look at the money failed: ${String(error)}`),
    )
    const counts = await storm({ url: server.url, seed, requests, firstLine, onAnswer })
    isOver = true
    await looking
    await ended
    for (const [word, count] of counts) this.outcomes.set(word, (this.outcomes.get(word) ?? 0) + count)
  }

  async #lookUntil(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.failures.length === 0) await this.money.look()
  }

  /** A model that is well is served again, whatever happened to it in the storm. */
  async #heal(): Promise<void> {
    const { server, provider } = this.#init
    for (const model of STORM_MODELS) {
      const { text } = await askServer(server.url, { key: 'calm', model, line: 0, outputMax: 20 })
      if (text.includes('MODEL_CIRCUIT_OPEN')) this.openings += 1
    }
    await healAll({ url: server.url, provider, fail: this.#fail })
  }

  /** Nobody gets more calls at once than its quota allows. */
  async #keepQuota(): Promise<void> {
    const { server } = this.#init
    const asked = 4 * QUOTA.burst
    const ask = async (line: number): Promise<string> =>
      wordOf(await askServer(server.url, { key: 'rated', model: STORM_MODELS[0], line, outputMax: 20 }))
    const words = await Promise.all(Array.from({ length: asked }, async (_, line) => await ask(line)))
    const refused = words.filter((word) => word === 'QUOTA_EXCEEDED').length
    if (refused < asked - QUOTA.burst - 1)
      this.#fail(`${asked - refused} of ${asked} calls passed a quota of ${QUOTA.burst}: ${words.join(' ')}`)
  }
}

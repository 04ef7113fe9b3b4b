import { setTimeout as pause } from 'node:timers/promises'
import type { BillingProvider } from './billing-provider.ts'
import { type LoadBooks, readLoadBooks } from './load-books.ts'
import { roomOf } from './load-client.ts'
import type { LoadServer } from './load-server.ts'
import { KEYS, STORM_MODELS, usdOf } from './load-world.ts'

export type MoneyInit = {
  readonly server: LoadServer
  readonly provider: BillingProvider
  readonly limits: Readonly<Record<string, bigint>>
  readonly fail: (what: string) => void
}

/** Until the books are at rest, at most, and between two looks. */
const REST_MS_MAX = 10_000
const LOOK_MS = 50

/** Scopes that bind a key outermost, so that a refusal names them. */
const PROBES: readonly (readonly [scope: string, key: string])[] = [
  ['tenant:acme', 'acme-1'],
  ['team:red', 'red-2'],
  ['key:solo', 'solo'],
  ['team:outer', 'nest'],
]

/** Scopes whose model claims more than it was allowed; that is charged, since it is what will be billed. */
const OVERCLAIMED = 'tenant:liar'

/** Holds what the server says of its budgets and what it wrote against what the provider bills. */
export class MoneyWatch {
  looks = 0
  readonly #init: MoneyInit

  constructor(init: MoneyInit) {
    this.#init = init
  }

  /** One look while requests are served: what was billed by now is in what is used, and that is in the limit. */
  async look(): Promise<void> {
    await Promise.all(PROBES.map(async ([scope, key]) => await this.#probe(scope, key)))
    this.judgeBooks(await readLoadBooks(this.#init.server.dataDir, true))
    this.looks += 1
  }

  async #probe(scope: string, key: string): Promise<void> {
    const { server, provider, limits, fail } = this.#init
    // Billed before the server is asked: what it knows can only be more.
    const billed = provider.billedTo(keysOf(scope))
    const room = await roomOf(server.url, key, STORM_MODELS[0])
    if (room === 'gone') return
    if (room === 'admitted') return fail(`${scope} let a call through that is dearer than its limit: it was overspent`)
    const limit = limits[scope] ?? 0n
    if (room > limit) fail(`${scope} has ${usdOf(room)} left, more than its limit ${usdOf(limit)}`)
    if (billed > limit - room)
      fail(`${scope}: ${usdOf(billed)} were billed, and the server knows of ${usdOf(limit - room)} spent and held`)
  }

  /** Everything that was ever spent and held together was in the limit. */
  judgeBooks({ accounts, overrun }: LoadBooks): void {
    const { limits, provider, fail } = this.#init
    for (const scope of overrun)
      if (scope in limits && scope !== OVERCLAIMED) fail(`${scope} paid more for a call than was held for it`)
    for (const [scope, limit] of Object.entries(limits)) {
      const account = accounts.get(scope)
      if (account === undefined) fail(`${scope} is not in the books`)
      else if (account.limit !== limit) fail(`${scope} has the limit ${usdOf(account.limit)} in the books`)
      else {
        const over = scope === OVERCLAIMED ? (provider.overclaimedNanos.get('liar') ?? 0n) : 0n
        if (account.peak > limit + over) fail(`${scope} was overspent: ${usdOf(account.peak)} of ${usdOf(limit)}`)
      }
    }
  }

  /** When nothing is under way: no hold is left, all that was billed is charged, and the server says what its books say. */
  async settle(): Promise<LoadBooks> {
    const { server, provider, limits, fail } = this.#init
    const books = await this.#booksAtRest()
    this.judgeBooks(books)
    if (books.openHolds > 0) fail(`${books.openHolds} holds are open, and nobody is served`)
    for (const [scope, { held, spent }] of books.accounts) {
      if (held !== 0n) fail(`${scope} still holds ${usdOf(held)}`)
      // What a model claims beyond what it was allowed is charged when it is heard of, and nobody heard of what was said to a killed server.
      const overclaimed = scope === OVERCLAIMED ? (provider.overclaimedNanos.get('liar') ?? 0n) : 0n
      const billed = provider.billedTo(keysOf(scope))
      if (billed - overclaimed > spent) fail(`${scope}: ${usdOf(billed)} were billed and ${usdOf(spent)} charged`)
    }
    for (const [scope, key] of PROBES) {
      const room = await roomOf(server.url, key, STORM_MODELS[0])
      const spent = books.accounts.get(scope)?.spent ?? 0n
      const left = (limits[scope] ?? 0n) - spent
      if (room !== left)
        fail(`${scope} has ${typeof room === 'string' ? room : usdOf(room)} left, and ${usdOf(left)} by its books`)
    }
    return books
  }

  /** What was reserved ahead is given back when nobody has taken from it for a second. */
  async #booksAtRest(): Promise<LoadBooks> {
    const endMs = performance.now() + REST_MS_MAX
    for (;;) {
      const books = await readLoadBooks(this.#init.server.dataDir, true)
      if (books.openHolds === 0 || performance.now() > endMs) return books
      await pause(LOOK_MS)
    }
  }
}

/** Every key whose calls count against a scope. */
export function keysOf(scope: string): readonly string[] {
  return Object.entries(KEYS).flatMap(([key, { scopes }]) => (scopes.includes(scope) ? [key] : []))
}

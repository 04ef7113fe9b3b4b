import { CodedError } from '../../base/errors.ts'
import { parseCivilDate, type CivilDate } from '../../core/models/civil-date.ts'
import type { ExplorationRegret } from '../../core/policy/exploration/exploration-rule.ts'
import {
  bookRegret,
  NEW_REGRET_BOOK,
  regretLeft,
  spentOn,
  withAccount,
  type RegretAccount,
  type RegretBook,
  type RegretLedger,
  type RegretLimits,
} from '../../core/policy/exploration/regret-account.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'

export type RegretLedgerInit = {
  /** A store of the ledger's own: a sublevel. */
  readonly store: KeyValueStore
  readonly today: CivilDate
  /** The limits of the first decisions, so that these need not wait for the disk. */
  readonly limits: RegretLimits
  /** Told when the disk refuses; then nothing more is explored than was reserved. */
  readonly onError: (error: unknown) => void
}

export type StoredRegretLedger = RegretLedger & {
  /** Puts down what was really given up, so that the next start has the rest. Idempotent; never throws. */
  close(): Promise<void>
}

/**
 * A ledger that survives a restart. What may be given up is reserved on the disk a part of the day at a time, before it is: the disk always has
 * at least what was spent. A crash loses the part that was reserved and not spent, an eighth of a day, or all of it where the day has little;
 * it never grants any again.
 *
 * ```text
 * 0        spent      reserved                     limit of the day
 * |##########|..........|                              |
 *                        <- the next part, once half of this one is spent
 * ```
 */
export async function openRegretLedger(init: RegretLedgerInit): Promise<StoredRegretLedger> {
  const ledger = new ReservingLedger(init, await readBook(init))
  ledger.left(init.limits, init.today)
  await ledger.settled()
  return ledger
}

const KEY = 'book'
const BOOK_FORMAT = 1
/** Parts that a day is reserved in. */
const PARTS = 8
/** No part is smaller, as far as the day has so much: a single draw may be expected to give up much of it. Right answers, and dollars. */
const LEAST_PART: ExplorationRegret = { utility: 0.25, usd: 0.05 }
/** Decisions before the disk is asked again after it refused. */
const PAUSE = 1_000

class ReservingLedger implements StoredRegretLedger {
  readonly #init: RegretLedgerInit
  /** What was given up, and what the disk has as given up. */
  #spent: RegretBook
  #reserved: RegretBook
  #writing: Promise<void> | undefined
  #pause = 0
  #isClosed = false

  constructor(init: RegretLedgerInit, kept: RegretBook) {
    this.#init = init
    this.#spent = kept
    this.#reserved = kept
  }

  left(limits: RegretLimits, day: CivilDate): Partial<ExplorationRegret> {
    if (limits.utilityPerDay === undefined && limits.usdPerDay === undefined) return {}
    this.#reserveFor(limits, day)
    const left = regretLeft(this.#spent, limits, day)
    const [spent, reserved] = [spentOn(this.#spent, day), spentOn(this.#reserved, day)]
    const within = (name: keyof ExplorationRegret): Partial<ExplorationRegret> => {
      const ofDay = left[name]
      if (ofDay === undefined) return {}
      const granted = reserved[name] - spent[name]
      // Nothing is left of a day that was forgotten, by which both are infinite, nor once the account is being closed.
      const isGranted = Number.isFinite(granted) && !this.#isClosed
      return { [name]: isGranted ? Math.max(0, Math.min(ofDay, granted)) : 0 }
    }
    return { ...within('utility'), ...within('usd') }
  }

  book(regret: ExplorationRegret, day: CivilDate): void {
    if (regret.utility > 0 || regret.usd > 0) this.#spent = bookRegret(this.#spent, regret, day)
  }

  /** Resolves when no write is under way. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.settled()
    if (this.#spent !== this.#reserved) await this.#write(this.#spent)
  }

  #reserveFor(limits: RegretLimits, day: CivilDate): void {
    if (this.#writing !== undefined || this.#isClosed) return
    if (this.#pause > 0) {
      this.#pause -= 1
      return
    }
    const [spent, reserved] = [spentOn(this.#spent, day), spentOn(this.#reserved, day)]
    const utility = nextReserve('utility', { spent, reserved, limit: limits.utilityPerDay })
    const usd = nextReserve('usd', { spent, reserved, limit: limits.usdPerDay })
    if (utility <= reserved.utility && usd <= reserved.usd) return
    const account: RegretAccount = { day, utility, usd }
    // A day that the clock came back to is as it was left; the others keep what was reserved for them.
    this.#writing = this.#write(withAccount(this.#reserved, account)).finally(() => {
      this.#writing = undefined
    })
  }

  async #write(book: RegretBook): Promise<void> {
    try {
      await this.#init.store.put(KEY, new TextEncoder().encode(formatBook(book)), { sync: true })
      this.#reserved = book
    } catch (error: unknown) {
      this.#pause = PAUSE
      this.#init.onError(error)
    }
  }
}

type Reserve = {
  readonly spent: ExplorationRegret
  readonly reserved: ExplorationRegret
  readonly limit: number | undefined
}

/** What should be reserved of one kind; what is reserved already where that is enough. */
function nextReserve(name: keyof ExplorationRegret, { spent, reserved, limit }: Reserve): number {
  // Without a limit nothing depends on it, and it is put down with the rest.
  if (limit === undefined) return reserved[name]
  const part = Math.min(limit, Math.max(limit / PARTS, LEAST_PART[name]))
  if (reserved[name] - spent[name] > part / 2) return reserved[name]
  return Math.max(reserved[name], Math.min(limit, spent[name] + part))
}

function formatBook({ accounts, closedThrough }: RegretBook): string {
  return JSON.stringify({ format: BOOK_FORMAT, accounts, closed_through: closedThrough ?? null })
}

/** What was spent by what cannot be read is not known: nothing more is given up today. */
async function readBook({ store, today }: RegretLedgerInit): Promise<RegretBook> {
  try {
    const bytes = await store.get(KEY)
    if (bytes === undefined) return NEW_REGRET_BOOK
    return parseBook(JSON.parse(new TextDecoder().decode(bytes))) ?? { accounts: [], closedThrough: today }
  } catch (error: unknown) {
    if (error instanceof SyntaxError || CodedError.is(error, 'STORE_CORRUPTED'))
      return { accounts: [], closedThrough: today }
    throw error
  }
}

function parseBook(json: unknown): RegretBook | undefined {
  if (typeof json !== 'object' || json === null || !('accounts' in json) || !Array.isArray(json.accounts))
    return undefined
  if (!('format' in json) || json.format !== BOOK_FORMAT || !('closed_through' in json)) return undefined
  const closedThrough = json.closed_through === null ? undefined : parseCivilDate(json.closed_through)
  if (closedThrough === undefined && json.closed_through !== null) return undefined
  const first: RegretBook = { accounts: [], ...(closedThrough !== undefined && { closedThrough }) }
  let book = first
  for (const item of json.accounts as readonly unknown[]) {
    const account = parseAccount(item)
    if (account === undefined) return undefined
    book = withAccount(book, account)
  }
  return book
}

function parseAccount(json: unknown): RegretAccount | undefined {
  if (typeof json !== 'object' || json === null || !('day' in json)) return undefined
  const day = parseCivilDate(json.day)
  if (!('utility' in json) || !('usd' in json) || day === undefined) return undefined
  const { utility, usd } = json
  if (typeof utility !== 'number' || typeof usd !== 'number' || !(utility >= 0 && usd >= 0)) return undefined
  return { day, utility, usd }
}

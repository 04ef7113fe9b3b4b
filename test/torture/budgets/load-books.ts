import { join } from 'node:path'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { readJournalFiles } from '../../../src/storage/read-journal-files.ts'

/** An account by the journal alone, in nano-dollars. */
export type BookedAccount = {
  readonly limit: bigint
  readonly spent: bigint
  readonly held: bigint
  readonly peak: bigint
}

export type LoadBooks = {
  readonly accounts: ReadonlyMap<string, BookedAccount>
  readonly openHolds: number
  /** Accounts of every call that was charged more than was held for it. */
  readonly overrun: ReadonlySet<string>
  readonly events: number
}

type JournalEvent = {
  readonly type: string
  readonly account?: string
  readonly id?: string
  readonly accounts?: readonly string[]
  readonly limitNanos?: string
  readonly amountNanos?: string
  readonly spentNanos?: string
  readonly releasedNanos?: string
}

type Hold = { readonly accounts: readonly string[]; readonly amount: bigint }

/** Adds up the budgets' journal by plain sums, without the machine that wrote it. It may be written meanwhile. */
export async function readLoadBooks(dataDir: string, isBeingWritten: boolean): Promise<LoadBooks> {
  const sums = new Sums()
  const directory = join(dataDir, 'budgets')
  for await (const payload of readJournalFiles(createNodeFileSystem(), { directory, isBeingWritten })) {
    const { event } = JSON.parse(new TextDecoder().decode(payload)) as { readonly event: JournalEvent }
    sums.take(event)
  }
  return { accounts: sums.accounts, openHolds: sums.holds.size, overrun: sums.overrun, events: sums.events }
}

class Sums {
  readonly accounts = new Map<string, BookedAccount>()
  readonly holds = new Map<string, Hold>()
  readonly overrun = new Set<string>()
  events = 0

  take(event: JournalEvent): void {
    const { type, id = '', accounts = [] } = event
    this.events += 1
    const spent = BigInt(event.spentNanos ?? '0')
    if (type === 'limit-set') this.#setLimit(event)
    else if (type === 'reservation-requested') this.#hold(id, { accounts, amount: BigInt(event.amountNanos ?? '0') })
    else if (type === 'reservation-charged') this.#charge(id, { spent, released: BigInt(event.releasedNanos ?? '0') })
    else if (type === 'call-settled') this.#end(id, () => spent)
    else if (type === 'reservation-released') this.#end(id, () => 0n)
    // Nobody knows what it cost: all of it counts.
    else if (type === 'reservation-expired') this.#end(id, ({ amount }) => amount)
    else for (const name of accounts) this.#change(name, { spent, held: 0n })
  }

  #setLimit({ account = '', limitNanos = '0' }: JournalEvent): void {
    const known = this.accounts.get(account) ?? { spent: 0n, held: 0n, peak: 0n }
    this.accounts.set(account, { ...known, limit: BigInt(limitNanos) })
  }

  #hold(id: string, hold: Hold): void {
    this.holds.set(id, hold)
    for (const name of hold.accounts) this.#change(name, { spent: 0n, held: hold.amount })
  }

  /** Some calls of a hold have ended. */
  #charge(id: string, { spent, released }: { readonly spent: bigint; readonly released: bigint }): void {
    const hold = this.holds.get(id)
    if (hold === undefined) return
    this.holds.set(id, { ...hold, amount: hold.amount - released })
    for (const name of hold.accounts) {
      if (spent > released) this.overrun.add(name)
      this.#change(name, { spent, held: -released })
    }
  }

  #end(id: string, spentOf: (hold: Hold) => bigint): void {
    const hold = this.holds.get(id)
    if (hold === undefined) return
    this.holds.delete(id)
    const spent = spentOf(hold)
    for (const name of hold.accounts) {
      if (spent > hold.amount) this.overrun.add(name)
      this.#change(name, { spent, held: -hold.amount })
    }
  }

  #change(name: string, by: { readonly spent: bigint; readonly held: bigint }): void {
    const account = this.accounts.get(name)
    if (account === undefined) return
    const spent = account.spent + by.spent
    const held = account.held + by.held
    const peak = spent + held > account.peak ? spent + held : account.peak
    this.accounts.set(name, { ...account, spent, held, peak })
  }
}

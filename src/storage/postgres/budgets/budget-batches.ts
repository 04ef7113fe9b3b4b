import { CodedError } from '../../../base/errors.ts'
import { hexOfBytes } from '../../../base/hex.ts'
import type { Random } from '../../../ports/random.ts'
import type { PostgresConnection } from '../postgres-connection.ts'
import { type BudgetCommand, readRefusal } from './budget-commands.ts'

/** Commands of one statement at most: what waits behind it waits for all of them. */
const BATCH_MAX = 256

type Waiting = {
  readonly command: BudgetCommand
  /** Absent where nobody waits any more. */
  readonly waiter?: { readonly resolve: (answer: unknown) => void; readonly reject: (error: unknown) => void }
}

/**
 * Commands to the books, one statement at a time, with all that gathered meanwhile in the next. Each batch has a number: one whose answer was lost is sent
 * again, and the server, which keeps its last answer, carries it out once.
 *
 * While the server is away reservations fail, and what was spent is kept here and sent when it is back: until then it stays held. A reservation that failed and was
 * kept all the same is given back, since nothing was spent on it.
 *
 * A member that was silent for longer than its lease is no member any more: what it held was charged. It joins again under another name.
 */
export class BudgetBatches {
  readonly #connection: PostgresConnection
  readonly #leaseMs: number
  readonly #random: Pick<Random, 'bytes'>
  #member: string | undefined
  #batch = 0
  #waiting: Waiting[] = []
  /** Sent, and not answered. */
  #unsure: readonly Waiting[] | undefined
  #draining: Promise<void> | undefined
  /** Times that the lease had ended before the member came back. */
  rejoins = -1

  constructor(
    connection: PostgresConnection,
    { leaseMs, random }: { readonly leaseMs: number; readonly random: Pick<Random, 'bytes'> },
  ) {
    this.#connection = connection
    this.#leaseMs = leaseMs
    this.#random = random
  }

  get waitingCount(): number {
    return this.#waiting.length + (this.#unsure?.length ?? 0)
  }

  /** Resolves with the server's answer once it is on stable storage; what was spent also once it is kept for later. Throws `STORE_*`. */
  async send(command: BudgetCommand): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ command, waiter: { resolve, reject } })
      this.#start()
    })
  }

  /** Says that the member is alive, and sends what was kept. Never rejects. */
  async renew(): Promise<void> {
    // Whatever is sent says the same.
    if (this.#draining === undefined && this.waitingCount === 0) this.#unsure = []
    this.#start()
    await this.#draining
  }

  /** Sends what is left, and leaves: what it still holds is charged by those who stay. */
  async leave(): Promise<void> {
    await this.#draining
    if (this.waitingCount > 0) await this.renew()
    if (this.#member === undefined) return
    const { schema } = this.#connection
    await this.#connection.run(
      { text: `UPDATE ${schema}.budget_member SET lease_until = '-infinity' WHERE id = $1`, values: [this.#member] },
      { action: 'write', isRepeatable: true },
    )
    this.#member = undefined
  }

  #start(): void {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined
    })
  }

  async #drain(): Promise<void> {
    // Lets commands of the same turn join the first batch.
    await Promise.resolve()
    for (;;) {
      const batch = this.#unsure ?? this.#waiting.splice(0, BATCH_MAX)
      if (batch.length === 0 && this.#unsure === undefined) return
      this.#unsure = batch
      try {
        const answers = await this.#carryOut(batch)
        this.#unsure = undefined
        this.#answer(batch, answers)
      } catch (error: unknown) {
        this.#unsure = batch.map((item) => withoutWaiter(item, error))
        // Those behind it are told as well; only what was spent waits on.
        this.#waiting = this.#waiting.map((item) => withoutWaiter(item, error)).filter(isKept)
        return
      }
    }
  }

  #answer(batch: readonly Waiting[], answers: readonly unknown[]): void {
    for (const [place, { command, waiter }] of batch.entries()) {
      if (waiter !== undefined) waiter.resolve(answers[place])
      else if (command.type === 'reserve' && readRefusal(answers[place]) === undefined) {
        const { id, scopes, amount } = command
        this.#waiting.push({ command: { type: 'settle', id, scopes, amount, spent: '0' } })
      }
    }
  }

  async #carryOut(items: readonly Waiting[]): Promise<readonly unknown[]> {
    for (;;) {
      const member = this.#member ?? (await this.#join())
      const { rows } = await this.#connection.run(
        {
          name: 'budgets',
          text: `SELECT ${this.#connection.schema}.budget_batch($1, $2, $3, $4) AS answers`,
          values: [member, this.#batch + 1, this.#leaseMs, JSON.stringify(items.map(({ command }) => command))],
        },
        { action: 'write', isRepeatable: true },
      )
      const answers = (rows as readonly { answers: readonly unknown[] | null }[])[0]?.answers
      if (answers === null || answers === undefined) {
        this.#member = undefined
        continue
      }
      if (answers.length !== items.length)
        throw new CodedError('STORE_CORRUPTED', { message: 'The books answer another batch than was sent' })
      this.#batch += 1
      return answers
    }
  }

  async #join(): Promise<string> {
    const member = hexOfBytes(this.#random.bytes(16))
    await this.#connection.run(
      { text: `SELECT ${this.#connection.schema}.join_budgets($1, $2)`, values: [member, this.#leaseMs] },
      { action: 'write', isRepeatable: true },
    )
    this.#member = member
    this.#batch = 0
    this.rejoins += 1
    return member
  }
}

/** Money that was spent is told in any case. */
function isKept({ command }: Waiting): boolean {
  return command.type === 'settle'
}

/** Whoever waits for a reservation is told that there is none; what was spent is kept. */
function withoutWaiter({ command, waiter }: Waiting, error: unknown): Waiting {
  if (command.type === 'settle') waiter?.resolve({})
  else waiter?.reject(error)
  return { command }
}

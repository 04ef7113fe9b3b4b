import { assert } from '../../../base/assert.ts'
import type { Sha256Hex } from '../../../base/sha256.ts'
import type { DurationMs, Timestamp } from '../../../base/time.ts'
import type { GovernedBooksState } from '../../../core/books/governed-books.ts'
import { formatGovernedBooksState } from '../../../core/books/governed-books-codec.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { GENESIS } from '../../../core/notary/block.ts'
import type { Decision } from '../../../core/notary/certificate.ts'
import type { Execution } from '../../../core/notary/notary-event.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { commitState, isCheckpoint } from '../../../core/notary/state-commitment.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import type { NotaryStatement } from '../../../wire/v1/notary-receipt.ts'
import type { NonceGuard } from '../../../wire/v1/nonce-guard.ts'
import { hashOfText } from '../../../wire/v1/signing-bytes.ts'
import type { BodyAdmission } from './body-admission.ts'
import type { DecisionRecord, DecisionStore } from './decision-store.ts'
import type { CopyAsked, NamedMessages, NotaryApplication, NotaryMessage, StateCopy } from './notary-application.ts'
import type { NotaryArchive } from '../books/notary-archive.ts'
import { type RanBlock, runBlock } from './run-block.ts'
import { readCopiedSlot, writeCopy } from './set-copy.ts'
import type { BooksJournal } from '../books/books-journal.ts'

export type SetApplicationInit = {
  readonly journal: BooksJournal
  readonly archive: NotaryArchive
  readonly decisions: DecisionStore
  readonly admission: Pick<BodyAdmission, 'admit'>
  readonly nonces: Pick<NonceGuard, 'look'>
  readonly set: NotarySet
  readonly verify: VerifyStatement
  readonly hash: Sha256Hex
  readonly clockSkewMs: DurationMs
  /** A block is part of the books, and in `durable` order on its way to the disk. */
  readonly onApplied: (applied: Applied) => void
  readonly onFailure: (cause: unknown) => void
}

export type Applied = {
  readonly decision: Decision
  readonly statements: ReadonlyMap<Hash, NotaryStatement>
  /** Whether it came to stable storage, when that is known. Never rejects. */
  readonly written: Promise<boolean>
}

/** Messages that changed nothing whose statements are kept; what is forgotten is ordered again. */
const STATEMENTS_MAX = 4_096

type Ran = RanBlock & { readonly key: string; readonly committed: Hash; readonly root: Hash | undefined }
type ExecutedBlock = { readonly slot: number; readonly at: Timestamp; readonly messages: readonly NotaryMessage[] }

/**
 * The books as what a replica gives its orders for. A decided block is one append to the journal, then one record among the decisions: after a crash the journal has
 * the block of the last decision at least, and the replica brings what is behind it again.
 *
 * ```text
 * execute: messages -> books (nothing is kept) -> seq, transition hash
 * apply:   journal entries of the block (one append) -> decision (one append) -> receipts
 * ```
 */
export class SetApplication implements NotaryApplication {
  slot: number
  state: Hash
  private readonly init: SetApplicationInit
  /** Entries of blocks up to this one were in the journal at the start. */
  private readonly journaled: number
  private ran: Ran | undefined
  private readonly said = new Map<Hash, NotaryStatement>()
  private tail: Promise<boolean> = Promise.resolve(true)
  private failure: { readonly cause: unknown } | undefined

  constructor(init: SetApplicationInit) {
    const { decisions, archive } = init
    this.init = init
    this.slot = decisions.last?.block.slot ?? 0
    this.state = decisions.last?.block.state ?? GENESIS
    this.journaled = archive.slot
    if (decisions.last !== undefined) archive.forget(decisions.last.block.at)
  }

  async admit(bodies: readonly string[], named: NamedMessages): ReturnType<NotaryApplication['admit']> {
    return await this.init.admission.admit(bodies, named)
  }

  execute(block: ExecutedBlock): Execution {
    const { results, committed } = this.run(block)
    return { results, state: committed }
  }

  apply(decision: Decision, messages: readonly NotaryMessage[]): void {
    const { journal, archive, decisions } = this.init
    const { slot, at, state, entries } = decision.block
    const isJournaled = slot <= this.journaled
    const ran = isJournaled ? undefined : this.run({ slot, at, messages })
    assert(ran === undefined || ran.committed === state, 'the certified block comes to the same here')
    assert(ran === undefined || ran.results.length === entries.length, 'every entry has a result')
    decisions.put(decision)
    // Goes through the machine at once, so that the next block runs on it.
    const appended = ran === undefined ? Promise.resolve() : journal.append(ran.booked)
    this.slot = slot
    this.state = state
    this.ran = undefined
    archive.forget(at)
    if (ran !== undefined) this.remember(ran)
    const statements = ran?.statements ?? new Map<Hash, NotaryStatement>()
    // After a crash between the journal and the decision, what was said of the others is not known any more.
    const said = ran === undefined ? undefined : [...statements.values()]
    this.follow({ decision, statements }, { decision, said, root: ran?.root, appended })
  }

  private follow(
    applied: Omit<Applied, 'written'>,
    writing: DecisionRecord & { readonly appended: Promise<unknown> },
  ): void {
    const written = this.write(writing, this.tail)
    this.tail = written
    this.init.onApplied({ ...applied, written })
  }

  async durable(): Promise<void> {
    await this.tail
    if (this.failure !== undefined) throw this.failure.cause
  }

  isDone(message: Hash): boolean {
    return this.init.archive.find(message) !== undefined || this.said.has(message)
  }

  /** What is to be said of a message that changed nothing, as long as the books are as they were. */
  statementOf(message: Hash): NotaryStatement | undefined {
    return this.said.get(message)
  }

  async copyOf({ fromSlot }: CopyAsked): Promise<StateCopy | undefined> {
    await this.durable()
    return await writeCopy(this.init, fromSlot)
  }

  /** Slot by slot, each certified and come to the same here, so that wherever it ends the books stand behind a decision. */
  async install({ decision, text }: { readonly decision: Decision; readonly text: string }): Promise<boolean> {
    for (const line of text.split('\n')) {
      const read = readCopiedSlot(line, this.init)
      if (read === undefined) return false
      const { block, quorum, said } = read.slot
      if (block.slot <= this.slot) continue
      if (block.slot !== this.slot + 1 || !this.take({ block, quorum }, read.messages, said)) return false
    }
    await this.durable()
    return this.slot === decision.block.slot && this.state === decision.block.state
  }

  /** @returns False where what was sent comes to something else than what was certified; nothing has changed then. */
  private take(decision: Decision, messages: readonly NotaryMessage[], said: readonly NotaryStatement[]): boolean {
    const { block } = decision
    const isJournaled = block.slot <= this.journaled
    const silent = new Set(said.map(({ message }) => message))
    const changed = block.entries.filter(({ message }) => !silent.has(message))
    const ran = isJournaled ? undefined : this.run({ slot: block.slot, at: block.at, messages })
    this.ran = undefined
    const { journal, decisions, archive, hash } = this.init
    if (ran !== undefined) {
      const { slot, entries, state } = block
      const transitions = entries.map(({ transition }) => transition)
      const isSame =
        ran.statements.size === 0 &&
        ran.results.every(
          ({ seq, transition }, index) => changed[index]?.seq === seq && changed[index].transition === transition,
        )
      if (!isSame || commitState({ slot, before: this.state, transitions, root: ran.root }, hash) !== state)
        return false
    }
    decisions.put(decision)
    const appended = ran === undefined ? Promise.resolve() : journal.append(ran.booked)
    this.slot = block.slot
    this.state = block.state
    archive.forget(block.at)
    this.said.clear()
    const statements = new Map(said.map((statement) => [statement.message as Hash, statement]))
    this.follow({ decision, statements }, { decision, said, root: ran?.root, appended })
    return true
  }

  private remember({ booked, statements }: RanBlock): void {
    if (booked.length > 0) this.said.clear()
    for (const [message, statement] of statements) {
      this.said.set(message, statement)
      const [oldest] = this.said.keys()
      if (this.said.size > STATEMENTS_MAX && oldest !== undefined) this.said.delete(oldest)
    }
  }

  private async write(
    { appended, ...record }: DecisionRecord & { readonly appended: Promise<unknown> },
    before: Promise<boolean>,
  ): Promise<boolean> {
    const { decisions, archive } = this.init
    try {
      const [, isWritten] = await Promise.all([appended, before])
      if (!isWritten) return false
      await decisions.write(record)
      if (isCheckpoint(record.decision.block.slot)) await decisions.compactWhenLarge((slot) => archive.isWanted(slot))
      return true
    } catch (cause: unknown) {
      this.failure ??= { cause }
      this.init.onFailure(cause)
      return false
    }
  }

  /** What was run for a vote is not run again when it is decided. */
  private run({ slot, at, messages }: ExecutedBlock): Ran {
    const key = `${slot} ${at} ${messages.map(({ message }) => message).join(' ')}`
    if (this.ran?.key === key) return this.ran
    const { journal, archive, nonces, hash, clockSkewMs } = this.init
    const block = runBlock({ slot, at, state: journal.state, archive, nonces, hash, clockSkewMs }, messages)
    const transitions = block.results.map(({ transition }) => transition)
    const root = isCheckpoint(slot) ? this.rootOf(block.state) : undefined
    const state = commitState({ slot, before: this.state, transitions, root }, hash)
    this.ran = { ...block, key, committed: state, root }
    return this.ran
  }

  private rootOf(state: GovernedBooksState): Hash {
    return hashOfText(formatGovernedBooksState(state), this.init.hash)
  }
}

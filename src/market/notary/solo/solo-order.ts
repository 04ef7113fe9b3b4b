import { CodedError } from '../../../base/errors.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../../base/time.ts'
import { type GovernedBooksEffect, nextGovernedFiringOf } from '../../../core/books/governed-books.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import type { Certificate } from '../../../core/notary/certificate.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { NonceGuard } from '../../../wire/v1/nonce-guard.ts'
import type { Journaled } from '../../ledger/journaled-machine.ts'
import type { Admitted, Dismissed, Waiter } from '../admission.ts'
import { bookOrdered, type OrderedEvent, stamped } from '../books/booked-event.ts'
import type { BooksJournal } from '../books/books-journal.ts'
import { BlockDraft } from './block-draft.ts'
import { outcomeOf } from '../books/describe-transition.ts'
import { missingGovernance } from '../books/due-entries.ts'
import type { KnownRules } from '../books/known-rules.ts'
import { orderWhatIsDue } from './solo-due.ts'
import type { ArchivedEntry } from '../books/archive-contents.ts'
import type { NamedBlock } from '../books/notary-archive.ts'
import type { NotaryOrder } from '../notary-order.ts'
import { SoloReceipts, type SoloReceiptsComponents, type Statement } from './solo-receipts.ts'

export type SoloOrderComponents = SoloReceiptsComponents & {
  readonly journal: BooksJournal
  readonly clock: Clock
  readonly rules: KnownRules
  /** How far clocks may differ, for `iat` of messages. */
  readonly clockSkewMs: DurationMs
  /** What stands in the books before the first message, stamped with its block. */
  readonly opening: readonly OrderedEvent[]
  /** Of messages outside of contracts. */
  readonly nonces: Pick<NonceGuard, 'look'>
  /** A block is durable, signed and answered. */
  readonly onBlock: (contracts: ReadonlySet<ContractId>) => void
  readonly onFailure: (cause: unknown) => void
}

/** Entries of a block at most, which a certificate's path allows. */
const BLOCK_MAX = 256
/** So many messages are booked while the block before is on its way to the disk; fewer wait for it, so that blocks stay large. */
const AHEAD_MIN = 128

/** A block that the books have taken, and what is to be answered once it is durable. */
type Booked = {
  readonly items: readonly (Admitted | Dismissed)[]
  readonly at: Timestamp
  /** `undefined` where nothing changed. */
  readonly named: NamedBlock | undefined
  readonly statements: readonly Statement[]
  readonly answers: readonly { readonly entry: ArchivedEntry; readonly waiter: Waiter; readonly isNew: boolean }[]
  readonly written: () => Promise<unknown>
}

/**
 * The order of a notary that is alone in its set. Each block is one append with one sync, then one record of the high-water file, then one signature for all its
 * receipts, then the answers. Under load the books take the next block while that goes on; blocks are answered in their order.
 *
 * ```text
 * timers that are due, messages -> books -> | journal (sync) -> high water (sync) -> signature -> receipts
 *                          next block: books -> | journal ...
 * ```
 */
export class SoloOrder implements NotaryOrder {
  readonly pauseMs = 0
  private readonly components: SoloOrderComponents
  private readonly receipts: SoloReceipts
  private readonly queue: (Admitted | Dismissed)[] = []
  private readonly reads: (() => void)[] = []
  private readonly works: { readonly run: () => Promise<void>; readonly reject: (cause: unknown) => void }[] = []
  private running: Promise<void> | undefined
  private isAsked = false
  /** What is booked and about to be answered. */
  private readonly current = new Set<Admitted | Dismissed>()
  /** Told when enough waits to be booked ahead. */
  private onEnough: (() => void) | undefined
  private isStopped = false
  private opening: readonly OrderedEvent[]

  constructor(components: SoloOrderComponents) {
    this.components = components
    this.opening = components.opening
    this.receipts = new SoloReceipts(components)
  }

  push(items: readonly (Admitted | Dismissed)[]): void {
    for (const item of items) this.queue.push(item)
    if (this.queue.length >= AHEAD_MIN) this.onEnough?.()
    this.wake()
  }

  /** Looks for timers that are due, and for what is wanted of governance. */
  wake(): void {
    this.isAsked = true
    if (this.running !== undefined || this.isStopped) return
    this.running = this.work()
      .catch((cause: unknown) => this.fail(cause))
      .finally(() => this.rest())
  }

  /** What came after the last look and before the end is not left behind. */
  private rest(): void {
    this.running = undefined
    for (const read of this.reads.splice(0)) read()
    if (this.queue.length > 0 || this.works.length > 0 || this.isWanted()) this.wake()
  }

  /** Reads when nothing is under way that a crash could take back. */
  async quiet<Value>(read: () => Value): Promise<Value> {
    if (this.running === undefined) return read()
    return await new Promise((resolve, reject) => {
      this.reads.push(() => {
        try {
          resolve(read())
        } catch (error: unknown) {
          reject(error instanceof Error ? error : new TypeError(String(error)))
        }
      })
    })
  }

  async alone<Value>(work: () => Promise<Value>): Promise<Value> {
    return await new Promise((resolve, reject) => {
      this.works.push({ run: async () => await work().then(resolve, reject), reject })
      this.wake()
      if (this.isStopped) this.dropWorks(new CodedError('NOTARY_CLOSED', { message: 'This notary does not run' }))
    })
  }

  /** Waits for the blocks under way; what waits behind them is rejected. Idempotent. */
  async stop(cause: unknown): Promise<void> {
    this.isStopped = true
    this.onEnough?.()
    await this.running
    this.drop(cause)
  }

  async certificateOf(entry: ArchivedEntry): Promise<Certificate | undefined> {
    return await this.receipts.certificateOf(entry)
  }

  async receiptOf(entry: ArchivedEntry): Promise<Uint8Array | undefined> {
    return await this.receipts.receiptOf(entry)
  }

  private async work(): Promise<void> {
    // What comes in the same turn is one block.
    await Promise.resolve()
    let answering: Promise<void> | undefined
    while (!this.isStopped && (this.queue.length > 0 || this.works.length > 0 || this.isWanted() || this.isDue())) {
      const booked = await this.book()
      await answering
      answering = this.answer(booked)
      // Until it is awaited, nobody looks after its failure.
      answering.catch(() => {})
      const isReading = await this.untilEnough(answering)
      if (!isReading) continue
      for (const read of this.reads.splice(0)) read()
      for (const { run } of this.works.splice(0)) await run()
    }
    await answering
  }

  /** Until there is enough to be booked ahead, or the block before is answered: then nothing is under way, and reads may run. */
  private async untilEnough(answering: Promise<void>): Promise<boolean> {
    const isEnough = !this.isWaitedFor && this.queue.length >= AHEAD_MIN
    if (isEnough) return false
    const enough = new Promise<'enough'>((resolve) => {
      this.onEnough = () => {
        if (!this.isWaitedFor || this.isStopped) resolve('enough')
      }
    })
    const first = await Promise.race([answering, enough])
    this.onEnough = undefined
    return first !== 'enough'
  }

  /** Whether somebody waits for nothing to be under way. */
  private get isWaitedFor(): boolean {
    return this.reads.length > 0 || this.works.length > 0
  }

  private now(): Timestamp {
    const { clock, journal } = this.components
    return timestampFromMs(Math.max(clock.now(), journal.state.books.at))
  }

  /**
   * Whether the operator's table of weights is not in the books since somebody asked last; what they do not take is not tried again before the next time. Governance
   * itself begins with the first block.
   */
  private isWanted(): boolean {
    const { journal, rules } = this.components
    const isAsked = this.isAsked
    this.isAsked = false
    return isAsked && rules.weights() !== undefined && missingGovernance(journal.state, rules).length > 0
  }

  private isDue(): boolean {
    const firing = nextGovernedFiringOf(this.components.journal.state)
    return firing !== undefined && firing <= this.now()
  }

  /** The first half of a block: whoever waits for it is not answered yet, and the next block must not be booked before this has. */
  private async book(): Promise<Booked> {
    const { journal, archive, hash, rules, clockSkewMs, nonces } = this.components
    const at = this.now()
    const slot = archive.slot + 1
    const entriesBefore = journal.entries
    // A look that finds nothing leaves no entry behind.
    if (this.queue.length > 0 || this.isDue() || rules.weights() !== undefined) {
      await this.openBooks(slot, at)
      await orderWhatIsDue(journal, { slot, at, rules, max: BLOCK_MAX / 2 })
    }
    const items = this.queue.splice(0, BLOCK_MAX - (journal.entries - entriesBefore))
    for (const item of items) this.current.add(item)
    const draft = new BlockDraft({ slot, at, archive, books: journal.state.books, hash, clockSkewMs, nonces })
    for (const item of items) draft.take(item)
    const { results, written } = await journal.take(draft.fresh.map(({ booked }) => booked))
    const statements = [...draft.statements, ...unchangedOf(draft, results)]
    const answers = [...draft.repeats, ...draft.fresh.map(freshOf)].flatMap(({ message, waiter }) => {
      const entry = archive.find(message)
      // What changed nothing is answered by a statement.
      return entry === undefined ? [] : { entry, waiter, isNew: entry.slot === slot && !draft.isRepeat(waiter) }
    })
    const named = journal.entries > entriesBefore ? archive.named(slot) : undefined
    return { items, at, named, statements, answers, written }
  }

  private async answer({ items, at, named, statements, answers, written }: Booked): Promise<void> {
    const { archive, onBlock } = this.components
    await written()
    await this.receipts.signAll(named, statements)
    const told: ((() => void) | undefined)[] = []
    for (const { entry, ...asked } of answers)
      told.push(this.receipts.answerAtHand(entry, asked) ?? (await this.receipts.answerOf(entry, asked)))
    for (const tell of told) tell?.()
    for (const item of items) this.current.delete(item)
    archive.forget(at)
    if (named !== undefined) onBlock(new Set(named.block.entries.map(({ contract }) => contract)))
  }

  /** Who keeps the books, and the rules that they know: with the first block, so that a notary that nobody asked has none. */
  private async openBooks(slot: number, at: Timestamp): Promise<void> {
    const events = this.opening.map((event) => bookOrdered(slot, stamped(event, at)))
    this.opening = []
    if (events.length > 0) await this.components.journal.take(events)
  }

  private fail(cause: unknown): void {
    this.isStopped = true
    this.components.onFailure(cause)
    this.drop(new CodedError('NOTARY_CLOSED', { message: 'This notary signs nothing any more', cause }))
  }

  private drop(cause: unknown): void {
    // Those that were answered already are not answered again.
    for (const { waiter } of [...this.current, ...this.queue.splice(0)]) waiter.reject(cause)
    this.current.clear()
    for (const read of this.reads.splice(0)) read()
    this.dropWorks(cause)
  }

  private dropWorks(cause: unknown): void {
    for (const { reject } of this.works.splice(0)) reject(cause)
  }
}

function freshOf({ booked, waiter }: BlockDraft['fresh'][number]): { readonly message: Hash; readonly waiter: Waiter } {
  return { message: booked.message, waiter }
}

/** Messages that the books took no notice of. */
function unchangedOf(draft: BlockDraft, results: readonly Journaled<GovernedBooksEffect>[]): readonly Statement[] {
  return results.flatMap(({ entry, effects }, index) => {
    const fresh = draft.fresh[index]
    if (entry !== undefined || fresh === undefined) return []
    const { effect, code } = outcomeOf(effects)
    const { message } = fresh.booked
    const isRefused = effect === 'refused'
    const said = { message, effect: isRefused ? effect : ('exists' as const), ...(code !== undefined && { code }) }
    return [
      { statement: said, waiter: fresh.waiter },
      ...draft.repeats
        .filter((repeat) => repeat.message === message)
        .map(({ waiter }) => ({ statement: said, waiter })),
    ]
  })
}

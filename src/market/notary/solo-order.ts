import { CodedError } from '../../base/errors.ts'
import type { Sha256Hex, Sha256HexOfBytes } from '../../base/sha256.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../base/time.ts'
import {
  type GovernedBooksEffect,
  type GovernedBooksState,
  nextGovernedFiringOf,
} from '../../core/books/governed-books.ts'
import type { ContractId, Hash } from '../../core/evidence/names.ts'
import { type Certificate, certificatesOf } from '../../core/notary/certificate.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { bytesOfVote, type VoteStatement } from '../../core/notary/statement.ts'
import type { Clock } from '../../ports/clock.ts'
import type { BatchSigner } from '../../ports/signer.ts'
import { encodeText } from '../encode-text.ts'
import { encodeSignature } from '../../wire/v1/checkpoint.ts'
import { formatReceipt, type NotaryStatement, statementSigningBytes } from '../../wire/v1/notary-receipt.ts'
import type { Journaled, MachineJournal } from '../ledger/machine-journal.ts'
import type { Admitted, Dismissed, Waiter } from './admission.ts'
import type { BookedEvent } from './booked-event.ts'
import { BlockDraft } from './block-draft.ts'
import { outcomeOf } from './describe-transition.ts'
import { missingGovernance } from './due-entries.ts'
import type { KnownRules } from './known-rules.ts'
import { orderWhatIsDue } from './solo-due.ts'
import type { HighWaterFile } from './high-water.ts'
import type { ArchivedEntry, NotaryArchive } from './notary-archive.ts'
import type { NotaryOrder } from './notary-order.ts'

export type BooksJournal = MachineJournal<GovernedBooksState, BookedEvent, GovernedBooksEffect>

export type SoloOrderComponents = {
  readonly set: NotarySet
  readonly signer: BatchSigner
  readonly journal: BooksJournal
  readonly archive: NotaryArchive
  readonly highWater: Pick<HighWaterFile, 'write'>
  readonly clock: Clock
  readonly hash: Sha256HexOfBytes
  readonly digest: Sha256Hex
  readonly rules: KnownRules
  /** How far clocks may differ, for `iat` of messages. */
  readonly clockSkewMs: DurationMs
  /** Says for messages outside of contracts whether a nonce is new. */
  readonly useNonce: (admitted: Admitted, now: Timestamp) => string | undefined
  /** A block is durable, signed and answered. */
  readonly onBlock: (contracts: ReadonlySet<ContractId>) => void
  readonly onFailure: (cause: unknown) => void
}

/** Entries of a block at most, which a certificate's path allows. */
const BLOCK_MAX = 256
/** Blocks whose certificates stay at hand for whoever asks again. */
const CERTIFICATES_KEPT = 32

type Statement = { readonly statement: NotaryStatement; readonly waiter: Waiter }

/**
 * The order of a notary that is alone in its set: whatever is admitted while a block is being written makes the next one. Each block is one append with one sync,
 * then one record of the high-water file, then one signature for all its receipts, then the answers.
 *
 * ```text
 * timers that are due, messages -> books -> journal (sync) -> high water (sync) -> signatures -> receipts
 * ```
 */
export class SoloOrder implements NotaryOrder {
  readonly pauseMs = 0
  private readonly components: SoloOrderComponents
  private readonly queue: (Admitted | Dismissed)[] = []
  private readonly reads: (() => void)[] = []
  private readonly certificates = new Map<number, readonly Certificate[]>()
  private running: Promise<void> | undefined
  /** What the block under way is about to answer. */
  private current: readonly (Admitted | Dismissed)[] = []
  private isStopped = false

  constructor(components: SoloOrderComponents) {
    this.components = components
  }

  push(items: readonly (Admitted | Dismissed)[]): void {
    for (const item of items) this.queue.push(item)
    this.wake()
  }

  /** Looks for timers that are due. */
  wake(): void {
    if (this.running !== undefined || this.isStopped) return
    this.running = this.work()
      .catch((cause: unknown) => this.fail(cause))
      .finally(() => this.rest())
  }

  /** What came after the last look and before the end is not left behind. */
  private rest(): void {
    this.running = undefined
    for (const read of this.reads.splice(0)) read()
    if (this.queue.length > 0) this.wake()
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

  /** Waits for the block under way; what waits behind it is rejected. Idempotent. */
  async stop(cause: unknown): Promise<void> {
    this.isStopped = true
    await this.running
    this.drop(cause)
  }

  /** The certificate of an entry of a block that is durable. A statement that was signed before is signed again to the same bytes. */
  async certificateOf({ slot, index }: ArchivedEntry): Promise<Certificate | undefined> {
    return (await this.certificatesOfSlot(slot))[index]
  }

  async receiptOf(entry: ArchivedEntry): Promise<Uint8Array | undefined> {
    const certificate = await this.certificateOf(entry)
    const { transition } = entry
    return (
      certificate && encodeText(formatReceipt(this.components.set.id, { kind: 'transition', transition, certificate }))
    )
  }

  private async work(): Promise<void> {
    // What comes in the same turn is one block.
    await Promise.resolve()
    const { journal, rules } = this.components
    // What the books do not take is not tried again before somebody asks.
    let isWanted = missingGovernance(journal.state, rules).length > 0
    while (!this.isStopped && (this.queue.length > 0 || isWanted || this.isDue())) {
      isWanted = false
      this.current = this.queue.splice(0, BLOCK_MAX)
      await this.round(this.current)
      this.current = []
      for (const read of this.reads.splice(0)) read()
    }
  }

  private now(): Timestamp {
    const { clock, journal } = this.components
    return timestampFromMs(Math.max(clock.now(), journal.state.books.at))
  }

  private isDue(): boolean {
    const firing = nextGovernedFiringOf(this.components.journal.state)
    return firing !== undefined && firing <= this.now()
  }

  private async round(items: readonly (Admitted | Dismissed)[]): Promise<void> {
    const { journal, archive, hash, rules, clockSkewMs, useNonce, onBlock } = this.components
    const at = this.now()
    const slot = archive.slot + 1
    const entriesBefore = journal.entries
    const ordered = orderWhatIsDue(journal, { slot, at, rules, max: BLOCK_MAX / 2 })
    const draft = new BlockDraft({ slot, at, archive, books: journal.state.books, hash, clockSkewMs, useNonce })
    for (const item of items) draft.take(item)
    const results = await journal.append(draft.fresh.map(({ booked }) => booked))
    await Promise.all(ordered)
    const statements = [...draft.statements, ...unchangedOf(draft, results)]
    const isBlock = journal.entries > entriesBefore
    await this.signAll(isBlock ? slot : undefined, statements)
    const answers: (() => void)[] = []
    for (const { message, waiter } of [...draft.repeats, ...draft.fresh.map(freshOf)]) {
      const entry = archive.find(message)
      // What changed nothing was answered by a statement.
      if (entry === undefined) continue
      const certificates = this.certificates.get(entry.slot) ?? (await this.certificatesOfSlot(entry.slot))
      answers.push(
        this.answerOf(entry, certificates, { waiter, isNew: entry.slot === slot && !draft.isRepeat(waiter) }),
      )
    }
    for (const answer of answers) answer()
    archive.forget(at)
    if (isBlock) onBlock(contractsOf(archive, slot))
  }

  private async signAll(slot: number | undefined, statements: readonly Statement[]): Promise<void> {
    const { set, signer, highWater, archive, digest, hash } = this.components
    const toSign: Uint8Array[] = []
    const block = slot === undefined ? undefined : archive.block(slot)
    const name = slot === undefined ? undefined : archive.hashOf(slot)
    const vote = block && name && voteOf(block.slot, name)
    if (vote !== undefined) {
      await highWater.write({ epoch: set.epoch, position: { view: vote.view, slot: vote.slot, phase: vote.phase } })
      toSign.push(bytesOfVote(set, vote))
    }
    for (const { statement } of statements) toSign.push(statementSigningBytes(set.id, statement, hash))
    const signatures = (await signer.signBatch(toSign)).map(encodeSignature)
    if (block !== undefined && vote !== undefined) {
      const signature = signatures.shift() ?? ''
      const quorum = { ...vote, signatures: [{ member: 0, signature }] }
      this.keep(block.slot, certificatesOf(set, { block, quorum }, digest))
    }
    for (const [index, { statement, waiter }] of statements.entries()) {
      const { effect, code } = statement
      const signed = [{ member: 0, signature: signatures[index] ?? '' }]
      const receipt = encodeText(formatReceipt(set.id, { kind: 'statement', statement, signatures: signed }))
      waiter.resolve({ effect, code, receipt })
    }
  }

  private answerOf(
    { index, transition }: ArchivedEntry,
    certificates: readonly Certificate[],
    { waiter, isNew }: { readonly waiter: Waiter; readonly isNew: boolean },
  ): () => void {
    const certificate = certificates[index]
    const { effect, code } = transition
    if (certificate === undefined) return () => {}
    const receipt = encodeText(formatReceipt(this.components.set.id, { kind: 'transition', transition, certificate }))
    return () => waiter.resolve({ effect: effect === 'applied' && !isNew ? 'exists' : effect, code, receipt })
  }

  private async certificatesOfSlot(slot: number): Promise<readonly Certificate[]> {
    const known = this.certificates.get(slot)
    if (known !== undefined) return known
    const made = await this.signAgain(slot)
    this.keep(slot, made)
    return made
  }

  private async signAgain(slot: number): Promise<readonly Certificate[]> {
    const { set, signer, archive, digest } = this.components
    const block = archive.block(slot)
    const name = archive.hashOf(slot)
    if (block === undefined || name === undefined) return []
    const vote = voteOf(slot, name)
    const [signature] = await signer.signBatch([bytesOfVote(set, vote)])
    if (signature === undefined) return []
    const quorum = { ...vote, signatures: [{ member: 0, signature: encodeSignature(signature) }] }
    return certificatesOf(set, { block, quorum }, digest)
  }

  private keep(slot: number, certificates: readonly Certificate[]): void {
    this.certificates.set(slot, certificates)
    const [oldest] = this.certificates.keys()
    if (this.certificates.size > CERTIFICATES_KEPT && oldest !== undefined) this.certificates.delete(oldest)
  }

  private fail(cause: unknown): void {
    this.isStopped = true
    this.components.onFailure(cause)
    this.drop(new CodedError('NOTARY_CLOSED', { message: 'This notary signs nothing any more', cause }))
  }

  private drop(cause: unknown): void {
    // Those that were answered already are not answered again.
    for (const { waiter } of [...this.current, ...this.queue.splice(0)]) waiter.reject(cause)
    this.current = []
    for (const read of this.reads.splice(0)) read()
  }
}

/** The only member signs each block once, in view 0. */
function voteOf(slot: number, block: Hash): VoteStatement {
  return { phase: 'commit', view: 0, slot, block }
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

function contractsOf(archive: NotaryArchive, slot: number): ReadonlySet<ContractId> {
  return new Set(archive.block(slot)?.entries.map(({ contract }) => contract))
}

import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import { nextGovernedFiringOf } from '../../core/books/governed-books.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import { hashOfWeights, isWeightTable, type WeightTable } from '../../core/governance/weight-table.ts'
import type { OwnerView } from '../../core/ledger/view-owner.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { type FormerSet, idsOf, type SetLineage } from '../../core/notary/set-lineage.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type {
  AccountsPage,
  AccountsQuery,
  CurrenciesPage,
  CurrenciesQuery,
  TransfersPage,
  TransfersQuery,
  ContractEvidence,
  CheckpointOptions,
  ContractView,
  EntryProof,
  FollowOptions,
  GovernanceView,
  BeginningProof,
  GrowthProof,
  JournalCheckpoint,
  JournalSizes,
  LogCheckpoint,
  NotaryAnswer,
  NotaryClient,
} from '../../ports/notary-client.ts'
import { FOLLOW_WAIT_MS_MAX } from '../../ports/notary-client.ts'
import type { Startable } from '../../ports/startable.ts'
import type { ScheduledTimer } from '../../ports/timers.ts'
import { createNonceGuard, type NonceGuard } from '../../wire/v1/nonce-guard.ts'
import { segmentless } from '../ledger/journal-records.ts'
import { Admission, type AdmissionComponents } from './admission.ts'
import { LEDGER_SUBJECT } from './books/booked-event.ts'
import { archiveBeside } from './books/archive-beside.ts'
import { Followers } from './followers.ts'
import type { BookedStep } from './books/journaled-books.ts'
import type { NamedTable } from './books/known-rules.ts'
import { NotaryArchive } from './books/notary-archive.ts'
import type { NotaryServiceComponents, NotaryServiceInit } from './notary-service-init.ts'
import type { NotaryOrder } from './notary-order.ts'
import type { NotaryViews } from './notary-views.ts'
import { type NotaryKeepers, openKeepers } from './open-keepers.ts'
import { openBooks } from './books/open-books.ts'
import { openOrder } from './open-order.ts'
import type { PruneInit, PrunedBooks } from './books/segment-keeper.ts'
import { Submissions } from './submissions.ts'
import type { BooksJournal } from './books/books-journal.ts'

const WAITING_MAX = 8_192
/** Longest sleep until the next timer is looked at. */
const SLEEP_MAX_MS = 3_600_000
/** Between two looks at what is due. */
const SLEEP_MIN_MS = 1

/**
 * A member of a notary set, behind the door that everybody uses. Alone it survives its crashes, and not its lies: contracts call it `C2/f=0`.
 *
 * ```text
 * submit -> admission (decode, verify in batches) -> order (alone, or with the other members) -> receipts
 * queries <- archive, books: only what is durable
 * ```
 */
export class NotaryService implements NotaryClient, Startable {
  readonly set: NotarySet
  private readonly components: NotaryServiceComponents
  private readonly init: NotaryServiceInit
  private readonly lineage: SetLineage
  private readonly archive: NotaryArchive
  private readonly nonces: NonceGuard = createNonceGuard()
  private readonly admission: Admission
  private readonly admissionInit: Omit<AdmissionComponents, 'onAdmitted'>
  private readonly followers: Followers
  private state: 'new' | 'started' | 'stopped' = 'new'
  private order: NotaryOrder | undefined
  private journal: BooksJournal | undefined
  private keepers: NotaryKeepers | undefined
  private sleep: ScheduledTimer | undefined
  private readonly submissions: Submissions
  private weights: NamedTable | undefined
  private failure: unknown

  constructor(components: NotaryServiceComponents, init: NotaryServiceInit) {
    const { verifier, clock, hashes, timers } = components
    const { set, me, network, clockSkewMs } = init
    const member = set.members[me]
    const isAlone = set.members.length === 1
    if (member === undefined || isAlone === (components.members !== undefined))
      throw new RangeError('A notary is a member of its set, and has a way to the others where there are others')
    this.set = set
    this.components = components
    this.init = init
    this.lineage = { set, before: init.before ?? [] }
    const { hexOfText: hash } = hashes
    this.archive = new NotaryArchive({ clockSkewMs, hash })
    this.followers = new Followers(timers)
    this.submissions = new Submissions({ waitingMax: init.waitingMax ?? WAITING_MAX, closed: () => this.closed() })
    this.admissionInit = {
      verifier,
      clock,
      hash,
      network,
      clockSkewMs,
      audience: [member.key, ...idsOf(this.lineage), '*'],
    }
    this.admission = new Admission({ ...this.admissionInit, onAdmitted: (batch) => this.order?.push(batch) })
  }

  get before(): readonly FormerSet[] {
    return this.lineage.before
  }

  /**
   * Replays the journal and takes part from then on. Throws `NOTARY_MAY_NOT_SIGN` where the journal is older than what was signed, `LEDGER_JOURNAL_BROKEN`, and
   * what the log and the high-water file throw.
   */
  async start(): Promise<void> {
    if (this.state !== 'new') return
    const { components, init, archive, lineage } = this
    const { log, folder, signer, hashes } = components
    const { feeOwner, limits, parameters, issuers = [], founding } = init
    const onStep = (step: BookedStep): void => this.take(step)
    const journal = await openBooks({
      log,
      folder,
      beside: archiveBeside(archive, this.nonces),
      lineage,
      hashes,
      feeOwner,
      limits,
      signer,
      onStep,
    })
    this.journal = journal
    this.order = await openOrder({
      components,
      init,
      journal,
      archive,
      rules: { parameters, issuers, founding, weights: () => this.weights },
      lineage,
      admission: this.admissionInit,
      nonces: this.nonces,
      onBlock: (contracts) => this.afterBlock(contracts),
      onFailure: (cause) => this.fail(cause),
    })
    const { order } = this
    this.keepers = openKeepers({ components, init, journal, order, archive })
    this.state = 'started'
    this.schedule()
  }

  /** Answers what is in the block under way, and rejects what waits. Idempotent. */
  async stop(): Promise<void> {
    if (this.state === 'stopped') return
    this.close()
    await this.order?.stop(this.closed())
    // The last word: how far the journal goes. Where the disk takes nothing any more, it ends without.
    if ((this.journal?.entries ?? 0) > 0)
      await this.keepers?.seal().catch((cause: unknown) => this.components.onFailure(cause))
    await this.journal?.close()
  }

  async submit(envelope: Uint8Array, { signal }: AbortOptions = {}): Promise<NotaryAnswer> {
    signal?.throwIfAborted()
    this.checkOpen()
    return await this.submissions.wait((waiter) => this.admission.push(envelope, waiter), signal)
  }

  async contract(contract: ContractId, options: FollowOptions = {}): Promise<ContractView | undefined> {
    const { afterSeq = -1, waitMs = 0, signal } = options
    signal?.throwIfAborted()
    const { views } = this
    const view = await views.contract(contract, afterSeq)
    if (waitMs <= 0 || view === undefined || view.transitions.length > 0) return view
    const newest = this.archive.placeOf(contract).seq - 1
    // What came since the view was made is not waited for.
    if (newest <= afterSeq)
      await this.followers.wait(contract, { waitMs: Math.min(waitMs, FOLLOW_WAIT_MS_MAX), signal })
    return await views.contract(contract, afterSeq)
  }

  async evidence(contract: ContractId): Promise<readonly ContractEvidence[]> {
    return await this.views.evidence(contract)
  }

  async accounts(query: AccountsQuery = {}): Promise<AccountsPage> {
    return await this.views.accounts(query)
  }

  async currencies(query: CurrenciesQuery = {}): Promise<CurrenciesPage> {
    return await this.views.currencies(query)
  }

  async transfers(query: TransfersQuery = {}): Promise<TransfersPage> {
    return await this.views.transfers(query)
  }

  async owner(owner: Did): Promise<OwnerView> {
    return await this.views.owner(owner)
  }

  async governance(): Promise<GovernanceView | undefined> {
    return await this.views.governance()
  }

  /**
   * Lets a table of weights into the log, and orders it where the set has another one. In a set of several it counts when the operators of a quorum have given the same.
   * Throws a `RangeError` for a table that is not sound.
   */
  publishWeights(table: WeightTable): void {
    if (!isWeightTable(table)) throw new RangeError('Rows ascend by voter, each with a weight of 1 or more')
    this.checkOpen()
    this.weights = { hash: hashOfWeights(table), table }
    this.order?.wake()
  }

  async prove(index: number): Promise<EntryProof> {
    return await this.views.prove(index)
  }

  async proveGrowth(from: number): Promise<GrowthProof> {
    return await this.views.proveGrowth(from)
  }

  async proveBeginning(sizes: JournalSizes): Promise<BeginningProof> {
    return await this.views.proveBeginning(sizes)
  }

  /** Drops the text of entries that nobody can ask for any more: for whoever runs the notary. Throws as `SegmentKeeper.prune`, and `LEDGER_SEGMENTS_MISSING`. */
  async prune(init: PruneInit): Promise<PrunedBooks> {
    this.checkOpen()
    const segments = this.keepers?.segments
    if (segments === undefined) throw segmentless()
    return await segments.prune(init)
  }

  async firstSince(at: Timestamp): Promise<LogCheckpoint | undefined> {
    return await this.views.firstSince(at)
  }

  /** Entries of the journal; 0 where nobody has asked for anything yet. */
  get entries(): number {
    return this.journal?.entries ?? 0
  }

  async checkpoint(options: CheckpointOptions = {}): Promise<JournalCheckpoint> {
    return await this.views.checkpoint(options)
  }

  private take(step: BookedStep): void {
    this.archive.add(step)
    const { sent, contract } = step.booked
    if (sent === undefined || contract !== LEDGER_SUBJECT) return
    const { hash: message, head } = sent.envelope
    this.nonces.keep({ ...head, message, now: step.after.at, clockSkewMs: this.init.clockSkewMs })
  }

  private afterBlock(contracts: ReadonlySet<ContractId>): void {
    for (const contract of contracts) this.followers.tell(contract)
    this.keep()
    this.schedule()
  }

  /** Signs how far the journal goes and closes a segment of it, where that is due. */
  private keep(): void {
    // Behind a checkpoint the next one is due later.
    this.keepers?.look().then(
      () => this.schedule(),
      (cause: unknown) => this.fail(cause),
    )
  }

  private schedule(): void {
    this.sleep?.cancel()
    const next = this.journal && nextGovernedFiringOf(this.journal.state)
    const dueInMs = this.keepers?.checkpoints.dueInMs
    if ((next === undefined && dueInMs === undefined) || this.state !== 'started') return
    const { timers, clock } = this.components
    const delaysMs = [SLEEP_MAX_MS, next === undefined ? SLEEP_MAX_MS : next - clock.now(), dueInMs ?? SLEEP_MAX_MS]
    // What is due may wait for the disk: to look again at once, and again, would bring it no nearer.
    this.sleep = timers.schedule(Math.max(SLEEP_MIN_MS, this.order?.pauseMs ?? 0, Math.min(...delaysMs)), () => {
      this.order?.wake()
      this.keep()
      this.schedule()
    })
  }

  private fail(cause: unknown): void {
    this.failure ??= cause
    this.close()
    this.components.onFailure(cause)
  }

  private close(): void {
    this.state = 'stopped'
    this.sleep?.cancel()
    this.followers.close()
  }

  private get views(): NotaryViews {
    this.checkOpen()
    if (this.keepers === undefined) throw this.closed()
    return this.keepers.views
  }

  private checkOpen(): void {
    if (this.state !== 'started') throw this.closed()
  }

  private closed(): CodedError {
    return new CodedError('NOTARY_CLOSED', { message: 'This notary does not run', cause: this.failure })
  }
}

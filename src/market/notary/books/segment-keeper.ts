import { CodedError } from '../../../base/errors.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { MachineJournal } from '../../ledger/machine-journal.ts'
import type { NotaryOrder } from '../notary-order.ts'

export type SegmentCadence = {
  /** Entries of a segment at least. */
  readonly entries: number
  /** Entries since the last one for which one is closed when the notary stops. */
  readonly atStop: number
  /** Rows of a state that each entry may cost: a large state is written more seldom. */
  readonly rowsPerEntry: number
}

export const SEGMENT_CADENCE: SegmentCadence = { entries: 65_536, atStop: 1_024, rowsPerEntry: 1 }

export type SegmentKeeperInit = {
  readonly journal: Pick<MachineJournal<never, never, never>, 'entries' | 'segment' | 'closeSegment' | 'prune'>
  readonly order: Pick<NotaryOrder, 'alone'>
  /** Rows that a state has. */
  readonly rows: () => number
  readonly stamp: () => Timestamp
  /** Entries whose text somebody may still ask for. */
  readonly wanted: () => ReadonlySet<number>
  readonly cadence?: SegmentCadence | undefined
}

/** What a pruning does, or would do. */
export type PrunedBooks = {
  readonly entries: number
  /** Entries whose text is dropped now. */
  readonly dropped: number
  /** Entries whose text stays, though they are before the cut: those of contracts that are kept. */
  readonly kept: number
  /** Entries before the cut, those of earlier times included. */
  readonly cut: number
  readonly archive: string | null
}

export type PruneInit = { readonly archive: string | undefined; readonly isDry: boolean }

/** Closes segments of a notary's journal, so that a start does not read all of it, and prunes closed ones. */
export class SegmentKeeper {
  private readonly init: SegmentKeeperInit
  private readonly cadence: SegmentCadence
  private running: Promise<unknown> | undefined

  constructor(init: SegmentKeeperInit) {
    this.init = init
    this.cadence = init.cadence ?? SEGMENT_CADENCE
  }

  /** To be called when entries came. A member of a set of several closes segments when it stops alone: nobody waits for it. */
  async look(): Promise<void> {
    const { journal, order, rows, stamp } = this.init
    const { entries, rowsPerEntry } = this.cadence
    const isDue = this.open >= entries && this.open * rowsPerEntry >= rows()
    if (!isDue || this.running !== undefined || order.alone === undefined) return
    this.running = order
      .alone(async () => await journal.closeSegment(stamp()))
      .finally(() => (this.running = undefined))
    await this.running
  }

  /** To be called when nothing is booked any more. */
  async stop(): Promise<void> {
    const { journal, stamp } = this.init
    if (this.open >= this.cadence.atStop) await journal.closeSegment(stamp())
  }

  /** Drops the text of entries that nobody can ask for any more. Throws `LEDGER_PRUNE_REFUSED` in a set of several, and as `MachineJournal.prune`. */
  async prune({ archive, isDry }: PruneInit): Promise<PrunedBooks> {
    const { journal, order, wanted, stamp } = this.init
    if (order.alone === undefined)
      throw new CodedError('LEDGER_PRUNE_REFUSED', {
        message: 'A member of a set of several prunes nothing while it takes part',
      })
    return await order.alone(async () => {
      const entries = wanted()
      const done = this.describe(entries, archive)
      if (!isDry) await journal.prune(stamp(), archive, entries)
      return done
    })
  }

  private get open(): number {
    const { entries, segment } = this.init.journal
    return entries - segment.closed
  }

  private describe(wanted: ReadonlySet<number>, archive: string | undefined): PrunedBooks {
    const { entries, segment } = this.init.journal
    let recent = 0
    for (const index of wanted) if (index >= segment.cut) recent += 1
    return {
      entries,
      dropped: entries - segment.cut - recent,
      kept: wanted.size,
      cut: entries,
      archive: archive ?? null,
    }
  }
}

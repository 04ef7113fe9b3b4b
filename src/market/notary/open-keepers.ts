import type { Timestamp } from '../../base/time.ts'
import type { BooksState } from '../../core/books/books-state.ts'
import { signerOfKey } from '../../wire/v1/checkpoint.ts'
import { CheckpointKeeper } from './books/checkpoint-keeper.ts'
import type { NotaryArchive } from './books/notary-archive.ts'
import type { NotaryOrder } from './notary-order.ts'
import type { NotaryServiceComponents, NotaryServiceInit } from './notary-service-init.ts'
import { NotaryViews } from './notary-views.ts'
import { SegmentKeeper } from './books/segment-keeper.ts'
import type { BooksJournal } from './books/books-journal.ts'

export type OpenKeepersInit = {
  readonly components: NotaryServiceComponents
  readonly init: NotaryServiceInit
  readonly journal: BooksJournal
  readonly order: NotaryOrder
  readonly archive: NotaryArchive
}

/** What stands around the journal of a notary that has started. */
export type NotaryKeepers = {
  readonly checkpoints: CheckpointKeeper
  /** Absent where there is no place for closed segments. */
  readonly segments: SegmentKeeper | undefined
  readonly views: NotaryViews
  /** To be called when entries came. */
  look(): Promise<void>
  /** To be called when nothing is booked any more. */
  seal(): Promise<void>
}

export function openKeepers({ components, init, journal, order, archive }: OpenKeepersInit): NotaryKeepers {
  const { clock, timers, folder } = components
  const stamp = (): Timestamp => laterOf(clock.now(), journal.state.books.at)
  const segments =
    folder &&
    new SegmentKeeper({
      journal,
      order,
      stamp,
      cadence: init.segments,
      rows: () => archive.size + rowsOf(journal.state.books),
      wanted: () => archive.wantedEntries(),
    })
  const checkpoints = new CheckpointKeeper({
    journal,
    signer: signerOfKey(components.signer.publicKeyHex),
    clock,
    timers,
    stamp,
    cadence: init.checkpoints,
    quietly: async (make) => await (await order.quiet(() => ({ made: make() }))).made,
  })
  return {
    checkpoints,
    segments,
    views: new NotaryViews({
      order,
      journal,
      archive,
      checkpoints,
      founding: init.founding,
      parameters: init.parameters,
    }),
    look: async () => void (await Promise.all([checkpoints.look(), segments?.look()])),
    seal: async () => {
      await segments?.stop()
      await checkpoints.seal()
    },
  }
}

/** Rows of a state, about. */
function rowsOf({ ledger, contracts }: BooksState): number {
  const { accounts, holds, remembered } = ledger
  return accounts.size + holds.size + remembered.size + contracts.size
}

function laterOf(one: Timestamp, other: Timestamp): Timestamp {
  return one > other ? one : other
}

import type { BooksEffect } from '../../core/books/books-state.ts'
import type { ContractId, Hash } from '../../core/evidence/names.ts'
import type { VoteStatement } from '../../core/notary/statement.ts'
import type { NotaryStatement } from '../../wire/v1/notary-receipt.ts'
import type { Journaled } from '../ledger/machine-journal.ts'
import type { Waiter } from './admission.ts'
import type { BlockDraft } from './block-draft.ts'
import { outcomeOf } from './describe-transition.ts'
import type { NotaryArchive } from './notary-archive.ts'

export type Statement = { readonly statement: NotaryStatement; readonly waiter: Waiter }

/** The only member signs each block once, in view 0. */
export function voteOf(slot: number, block: Hash): VoteStatement {
  return { phase: 'commit', view: 0, slot, block }
}

export function freshOf({ booked, waiter }: BlockDraft['fresh'][number]): {
  readonly message: Hash
  readonly waiter: Waiter
} {
  return { message: booked.message, waiter }
}

/** Messages that the books took no notice of. */
export function unchangedOf(draft: BlockDraft, results: readonly Journaled<BooksEffect>[]): readonly Statement[] {
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

export function contractsOf(archive: NotaryArchive, slot: number): ReadonlySet<ContractId> {
  return new Set(archive.block(slot)?.entries.map(({ contract }) => contract))
}

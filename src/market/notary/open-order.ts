import { CodedError } from '../../base/errors.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import type { DoubleVoteProof } from '../../core/notary/double-vote.ts'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import type { NonceGuard } from '../../wire/v1/nonce-guard.ts'
import type { AdmissionComponents } from './admission.ts'
import { admitSigning } from './admit-signing.ts'
import { openingOf, setsAhead, termsOfSet } from './books/epoch-entry.ts'
import type { KnownRules } from './books/known-rules.ts'
import type { NotaryArchive } from './books/notary-archive.ts'
import type { NotaryOrder } from './notary-order.ts'
import type { NotaryServiceComponents, NotaryServiceInit } from './notary-service-init.ts'
import { SET_TIMING } from './set/set-order-components.ts'
import { SetOrder } from './set/set-order.ts'
import type { BooksJournal } from './books/books-journal.ts'
import { SoloOrder } from './solo/solo-order.ts'

export type OpenOrderInit = {
  readonly components: NotaryServiceComponents
  readonly init: NotaryServiceInit
  readonly journal: BooksJournal
  readonly archive: NotaryArchive
  readonly rules: KnownRules
  readonly lineage: SetLineage
  readonly admission: Omit<AdmissionComponents, 'onAdmitted'>
  readonly nonces: NonceGuard
  readonly onBlock: (contracts: ReadonlySet<ContractId>) => void
  readonly onFailure: (cause: unknown) => void
}

/** The order of a set of this size. What has to be in the books first is ordered with the first message, so that a notary that nobody asked has an empty journal. */
export async function openOrder(opening: OpenOrderInit): Promise<NotaryOrder> {
  const { components, init, journal, archive, lineage, rules, nonces, onBlock, onFailure } = opening
  const { set, me, restored, onCaughtUp, onDoubleVote: tell, timing = SET_TIMING } = init
  const { highWater, hashes, signer, clock, timers, members } = components
  const { hexOfText: hash } = hashes
  const common = { set, signer, journal, archive, highWater, clock, hash, onBlock, onFailure }
  const ahead = setsAhead(journal.state.books, { lineage, archive })
  if (members !== undefined) {
    if (lineage.before.length > 0)
      throw new CodedError('NOTARY_EPOCH_SHARED', {
        message: `The set ${set.id} follows another one, which members of a set of several cannot begin together yet`,
      })
    const admission = { ...opening.admission, rules, setTerms: termsOfSet(set) }
    const convicted = new Set<number>()
    const onDoubleVote = (proof: DoubleVoteProof): void => {
      const { member } = proof.first
      if (member === me || convicted.has(member)) return
      convicted.add(member)
      tell?.(proof)
    }
    const several = { me, members, timing, restored, onCaughtUp, onDoubleVote, admission, nonces, timers }
    return await SetOrder.start({ ...common, ...several })
  }
  await admitSigning(highWater, { set, me, slot: archive.slot, epoch: set.epoch - ahead.length, restored })
  return new SoloOrder({
    ...common,
    rules,
    clockSkewMs: init.clockSkewMs,
    nonces,
    opening: openingOf(journal.state, { ahead, ...rules }),
  })
}

import type { Timestamp } from '../../base/time.ts'
import type { BooksState } from '../../core/books/books-state.ts'
import { hashTrieEntries, hashTrieGet } from '../../core/collections/hash-trie.ts'
import { type ContractId, parseHash } from '../../core/evidence/names.ts'
import type { NonceGuard } from '../../wire/v1/nonce-guard.ts'
import type { AdmissionComponents } from './admission.ts'
import { admitSigning } from './admit-signing.ts'
import { bookOrdered, type OrderedEvent } from './booked-event.ts'
import type { NotaryArchive } from './notary-archive.ts'
import type { NotaryOrder } from './notary-order.ts'
import type { NotaryServiceComponents, NotaryServiceInit } from './notary-service-init.ts'
import { SET_TIMING } from './set-order-components.ts'
import { SetOrder } from './set-order.ts'
import { type BooksJournal, SoloOrder } from './solo-order.ts'

export type OpenOrderInit = {
  readonly components: NotaryServiceComponents
  readonly init: NotaryServiceInit
  readonly journal: BooksJournal
  readonly archive: NotaryArchive
  readonly admission: Omit<AdmissionComponents, 'onAdmitted'>
  readonly nonces: NonceGuard
  readonly onBlock: (contracts: ReadonlySet<ContractId>) => void
  readonly onFailure: (cause: unknown) => void
}

/** The order of a set of this size, and the rules that contracts may pin: a set of several orders them like anything else. */
export async function openOrder(opening: OpenOrderInit): Promise<NotaryOrder> {
  const { components, init, journal, archive, nonces, onBlock, onFailure } = opening
  const { set, me, restored, timing = SET_TIMING, parameters } = init
  const { highWater, hashes, signer, clock, timers, members } = components
  const { hexOfBytes: hash, hexOfText: digest } = hashes
  const common = { set, signer, journal, archive, highWater, clock, hash, digest, onBlock, onFailure }
  if (members !== undefined) {
    const admission = { ...opening.admission, parameters }
    return await SetOrder.start({ ...common, me, members, timing, restored, admission, nonces, timers })
  }
  await admitSigning(highWater, { set, me, slot: archive.slot, restored })
  const order = new SoloOrder({ ...common, clockSkewMs: init.clockSkewMs, nonces })
  const at = laterOf(clock.now(), journal.state.at)
  const ordered = parameterEvents(journal.state, parameters, at)
  if (ordered.length === 0) return order
  const slot = archive.slot + 1
  await journal.append(ordered.map((event) => bookOrdered(slot, event)))
  return order
}

/** What makes the books' rules those that the notary was started with. Contracts that were signed under others keep to them. */
function parameterEvents(
  { parameters: known }: BooksState,
  wanted: NotaryServiceInit['parameters'],
  at: Timestamp,
): readonly OrderedEvent[] {
  const published = wanted
    .filter(({ hash }) => hashTrieGet(known, hash) === undefined)
    .map(({ hash, rules }): OrderedEvent => ({ type: 'parameters-published', hash, rules, at }))
  const retired = hashTrieEntries(known).flatMap(([name]): readonly OrderedEvent[] => {
    const hash = parseHash(name)
    const isWanted = hash === undefined || wanted.some((one) => one.hash === hash)
    return isWanted ? [] : [{ type: 'parameters-retired', hash, at }]
  })
  return [...published, ...retired]
}

function laterOf(one: Timestamp, other: Timestamp): Timestamp {
  return one > other ? one : other
}

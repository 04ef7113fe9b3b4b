import type { Timestamp } from '../../base/time.ts'
import { hashTrieEntries } from '../../core/collections/hash-trie.ts'
import { type ContractId, parseHash } from '../../core/evidence/names.ts'
import type { GovernedBooksState } from '../../core/books/governed-books.ts'
import type { NonceGuard } from '../../wire/v1/nonce-guard.ts'
import type { AdmissionComponents, Admitted } from './admission.ts'
import { admitSigning } from './admit-signing.ts'
import { bookOrdered, type OrderedEvent, stamped } from './booked-event.ts'
import { missingParameters } from './due-entries.ts'
import type { KnownRules } from './known-rules.ts'
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
  readonly rules: KnownRules
  readonly admission: Omit<AdmissionComponents, 'onAdmitted'>
  readonly nonces: NonceGuard
  readonly useNonce: (admitted: Admitted, now: Timestamp) => string | undefined
  readonly onBlock: (contracts: ReadonlySet<ContractId>) => void
  readonly onFailure: (cause: unknown) => void
}

/** The order of a set of this size, and the rules that contracts may pin: a set of several orders them like anything else. */
export async function openOrder(opening: OpenOrderInit): Promise<NotaryOrder> {
  const { components, init, journal, archive, rules, useNonce, onBlock, onFailure } = opening
  const { set, me, restored, timing = SET_TIMING } = init
  const { highWater, hashes, signer, clock, timers, members } = components
  const { hexOfBytes: hash, hexOfText: digest } = hashes
  const common = { set, signer, journal, archive, highWater, clock, hash, digest, onBlock, onFailure }
  if (members !== undefined) {
    const admission = { ...opening.admission, rules }
    const { nonces } = opening
    return await SetOrder.start({ ...common, me, members, timing, restored, admission, nonces, timers })
  }
  await admitSigning(highWater, { set, me, slot: archive.slot, restored })
  const order = new SoloOrder({ ...common, rules, clockSkewMs: init.clockSkewMs, useNonce })
  const at = laterOf(clock.now(), journal.state.books.at)
  const ordered = parameterEvents(journal.state, rules)
  const slot = archive.slot + 1
  if (ordered.length > 0) await journal.append(ordered.map((event) => bookOrdered(slot, stamped(event, at))))
  order.wake()
  return order
}

/** What makes the books' rules those that the notary was started with, and those of governance. Contracts that were signed under others keep to them. */
function parameterEvents(state: GovernedBooksState, { parameters }: KnownRules): readonly OrderedEvent[] {
  const kept = new Set<string>([...parameters, ...(state.governance?.sets ?? [])].map(({ hash }) => hash))
  const retired = hashTrieEntries(state.books.parameters).flatMap(([name]): readonly OrderedEvent[] => {
    const hash = parseHash(name)
    return hash === undefined || kept.has(name) ? [] : [{ type: 'parameters-retired', hash, at: state.books.at }]
  })
  return [...missingParameters(state, parameters), ...retired]
}

function laterOf(one: Timestamp, other: Timestamp): Timestamp {
  return one > other ? one : other
}

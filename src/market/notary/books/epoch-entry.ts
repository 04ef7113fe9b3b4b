import { CodedError } from '../../../base/errors.ts'
import { timestampFromMs } from '../../../base/time.ts'
import type { NotarySetTerms } from '../../../core/escrow/escrow-terms.ts'
import { hashTrieEntries, hashTrieGet } from '../../../core/collections/hash-trie.ts'
import type { BooksState } from '../../../core/books/books-state.ts'
import type { GovernedBooksState } from '../../../core/books/governed-books.ts'
import { hashOfBlock } from '../../../core/notary/block.ts'
import { type NotarySet, quorumOf } from '../../../core/notary/notary-set.ts'
import { idsOf, type SetLineage } from '../../../core/notary/set-lineage.ts'
import { type Did, parseHash } from '../../../core/evidence/names.ts'
import { authorityOf } from '../../../core/ledger/ledger-state.ts'
import type { OrderedEvent } from './booked-event.ts'
import { missingIssuers } from './due-entries.ts'
import type { KnownRules } from './known-rules.ts'
import type { NotaryArchive } from './notary-archive.ts'

/** Who owns the account that a set earns into: its first member. Both sides of a contract and whoever verifies the books work it out of the document. */
export function feeOwnerOf({ members }: NotarySet): Did {
  const [first] = members
  if (first === undefined) throw new RangeError('A notary set has a member')
  return first.key
}

/** A set as contracts name it. */
export function termsOfSet(set: NotarySet): NotarySetTerms {
  return { id: set.id, epoch: set.epoch, n: set.members.length, m: quorumOf(set), feeOwner: feeOwnerOf(set) }
}

/**
 * Sets that came after the one that the books know, in order; none where the newest keeps them already. Throws `NOTARY_JOURNAL_OTHER` for books of another log, and
 * `NOTARY_STATE_BEHIND` where they do not end where the last one of these sets took over.
 */
export function setsAhead(
  books: BooksState,
  { lineage, archive }: { readonly lineage: SetLineage; readonly archive: NotaryArchive },
): readonly NotarySet[] {
  const known = idsOf(lineage).indexOf(books.set.id)
  if (known < 0)
    throw new CodedError('NOTARY_JOURNAL_OTHER', { message: `The books are kept by the set ${books.set.id}` })
  const { set, before } = lineage
  const ahead = [...before.map((former) => former.set), set].slice(before.length - known + 1)
  for (const { change } of before.slice(before.length - known)) {
    const block = archive.block(change.slot)
    const isHere = archive.slot === change.slot && (change.slot === 0 || (block && hashOfBlock(block)) === change.block)
    if (!isHere)
      throw new CodedError('NOTARY_STATE_BEHIND', {
        message: `Epoch ${change.epoch} begins behind slot ${change.slot}, and slot ${archive.slot} is the last one here`,
        details: { remedy: 'Take the data directory in which the epoch was ended.' },
      })
  }
  return ahead
}

/** What has to be in the books before anything else of this epoch: who keeps them, and the rules that contracts may pin from now on. Contracts that were signed under others keep to them. */
export function openingOf(
  { books, governance }: GovernedBooksState,
  { ahead, parameters, issuers }: Pick<KnownRules, 'parameters' | 'issuers'> & { readonly ahead: readonly NotarySet[] },
): readonly OrderedEvent[] {
  const at = timestampFromMs(0)
  const missing = parameters.filter(({ hash }) => hashTrieGet(books.parameters, hash) === undefined)
  const retired = hashTrieEntries(books.parameters).flatMap(([name]): readonly OrderedEvent[] => {
    const hash = parseHash(name)
    // Sets of governance are its own.
    const isWanted = hash === undefined || [...parameters, ...(governance?.sets ?? [])].some((one) => one.hash === hash)
    return isWanted ? [] : [{ type: 'parameters-retired', hash, at }]
  })
  return [
    ...ahead.map((set): OrderedEvent => ({ type: 'set-changed', set: termsOfSet(set), at })),
    ...missing.map(({ hash, rules }): OrderedEvent => ({ type: 'parameters-published', hash, rules, at })),
    ...retired,
    ...missingIssuers({ books, governance }, issuers),
    ...struckFrom(books, issuers),
  ]
}

/** Whom the operator lists no more. A key that one of the listed has in its place issues on, under its first name. */
function struckFrom({ ledger }: BooksState, issuers: KnownRules['issuers']): readonly OrderedEvent[] {
  return [...ledger.issuers]
    .filter((issuer) => !issuers.includes(issuer) && !issuers.includes(authorityOf(ledger, issuer)))
    .map((issuer) => ({ type: 'issuer-listed', issuer, isListed: false, at: timestampFromMs(0) }))
}

import { CodedError } from '../base/errors.ts'
import type { Did } from '../core/evidence/names.ts'
import type { SetLineage } from '../core/notary/set-lineage.ts'
import { formatSetDocument, parseSetDocument } from '../market/notary/set-document.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { VerifySignature } from '../ports/signer.ts'
import type { PeerAddress } from '../wire/v1/peer-address.ts'

const KEY = 'notary-set'

/**
 * The notary set that this store works with: the one that is given, where it is the first or follows the one that was kept, signed. An older document of the same log is
 * no reason to go back. Throws `COMMAND_INVALID` for what is no document of a set, `NOTARY_SET_OTHER` for another set than the one of the contracts that are kept here.
 */
export async function choosePageSet(
  store: KeyValueStore,
  { document, verify }: { readonly document: string; readonly verify: VerifySignature },
): Promise<SetLineage> {
  const given = parseSetDocument(document, { name: 'The notary set', verify })
  const bytes = await store.get(KEY)
  const kept = bytes && parseSetDocument(new TextDecoder().decode(bytes), { name: 'The kept notary set', verify })
  if (kept !== undefined && (kept.set.id === given.set.id || isBefore(given, kept))) return kept
  if (kept !== undefined && !isBefore(kept, given))
    throw new CodedError('NOTARY_SET_OTHER', {
      message: `This store belongs to the notary set ${kept.set.id}, not ${given.set.id}`,
    })
  await store.put(KEY, new TextEncoder().encode(formatSetDocument(given)), { sync: true })
  return given
}

/** Whether the log of `later` was kept by the set of `earlier` before. */
function isBefore(earlier: SetLineage, later: SetLineage): boolean {
  return later.before.some(({ set }) => set.id === earlier.set.id)
}

/** Where the page reaches members of the set that it was told another address of: a set names one of each, and that may be none that a page can call. */
export function addressesOf({ set }: SetLineage, peers: readonly PeerAddress[]): ReadonlyMap<Did, string> {
  const members = new Set(set.members.map(({ key }) => key))
  return new Map(peers.flatMap(({ did, address }) => (members.has(did) ? [[did, address]] : [])))
}

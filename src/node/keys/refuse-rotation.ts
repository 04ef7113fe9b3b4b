import { CodedError } from '../../base/errors.ts'
import { CONTRACTS, type ContractNote } from '../../market/parties/contracts/contract-notes.ts'
import { PartyJournal } from '../../market/parties/journal/party-journal.ts'
import { PARTY_JOURNAL } from '../../market/parties/role/start-party.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { partyFilesIn, readKeptSet } from '../market/market-files.ts'
import { showKey } from './manage-keys.ts'

/** Contracts that a refusal names. */
const NAMED_MAX = 8

/**
 * Throws `KEY_IN_NOTARY_SET` where the notary set of the directory names the key: what the notary keeps would have nobody to sign for it. Rejects as `KeyStore.show`
 * and `readKeptSet`.
 */
export async function refuseRotationOfMember(dataDir: string): Promise<void> {
  const [{ did }, kept] = [await showKey(dataDir, 'notary'), await readKeptSet(dataDir)]
  const set = kept?.set
  if (set?.members.some(({ key }) => key === did) !== true) return
  throw new CodedError('KEY_IN_NOTARY_SET', {
    message: `${did} is a member of the notary set ${set.id}, and another key is none`,
    details: { did, set: set.id },
  })
}

/**
 * Throws `KEY_IN_CONTRACTS` for a key of role node while contracts of this directory go on: others reach the node by that name. Rejects with what the journal throws.
 */
export async function refuseRotationInContracts(directory: DataDirectory): Promise<void> {
  if (!(await directory.listEventLogs()).includes(PARTY_JOURNAL)) return
  const journal = await PartyJournal.open({
    log: await directory.openEventLog(PARTY_JOURNAL),
    files: partyFilesIn(directory),
  })
  // Written by buyer and seller.
  const open = journal.notesOf(CONTRACTS).filter(([, note]) => (note as ContractNote).ended === undefined)
  if (open.length === 0) return
  throw new CodedError('KEY_IN_CONTRACTS', {
    message: `${open.length} contracts of this node have not ended`,
    details: { contracts: open.slice(0, NAMED_MAX).map(([contract]) => contract) },
  })
}

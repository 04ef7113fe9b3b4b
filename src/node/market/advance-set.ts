import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import { GENESIS, hashOfBlock } from '../../core/notary/block.ts'
import { NOTARY_REFUSALS } from '../../core/notary/notary-codes.ts'
import { createNotarySet, type NotarySet } from '../../core/notary/notary-set.ts'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import type { KeyStore } from '../../keys/store/key-store.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { JournalFolder } from '../../market/ledger/journal-folder.ts'
import { archiveBeside } from '../../market/notary/books/archive-beside.ts'
import { bumpEpoch, confirmRestored, type EpochBumpInit } from '../../market/notary/set/confirm-restored.ts'
import { HighWaterFile } from '../../market/notary/high-water.ts'
import { NotaryArchive } from '../../market/notary/books/notary-archive.ts'
import { openBooks } from '../../market/notary/books/open-books.ts'
import { verifyStatementWith } from '../../market/parties/contracts/contract-replay.ts'
import { RESTORED_FILE } from '../../storage/backup/restore-backup.ts'
import { type DataDirectory, openDataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { createNonceGuard } from '../../wire/v1/nonce-guard.ts'
import { encodeSignature } from '../../wire/v1/checkpoint.ts'
import type { Environment } from '../config/environment-document.ts'
import type { NodeConfig } from '../config/node-config.ts'
import { useLedger } from '../fleet/open-shared.ts'
import { refuseOlderFormat } from '../keys/manage-keys.ts'
import { openKeys } from '../keys/open-keys.ts'
import { createSystemRandom } from '../system-random.ts'
import { bindDirectory, highWaterFolderOf } from './high-water-place.ts'
import { MARKET_CLOCK_SKEW_MS, NOTARY_JOURNAL, NOTARY_SEGMENTS } from '../../market/notary/start-notary.ts'
import { keepSet, MARKET_FOLDER, readKeptSet } from './market-files.ts'
import { PORTABLE_HASHES } from '../../market/parties/portable-hashes.ts'
import { refuseUnreachable } from './reachable-address.ts'
import { ledgerNameOf, type SharedLedger } from './shared-ledger.ts'

export type AdvanceInit = {
  readonly dataDir: string
  readonly passphrase: Uint8Array
  /** Makes another key of role notary and hands the log on to it. */
  readonly isKeyRotated: boolean
  /** Takes back whatever was signed behind the end of the books here: they were restored, or are an older copy. */
  readonly isRestoredConfirmed: boolean
  /** Where the notary listens from now on; absent: where it did. */
  readonly address?: string | undefined
  /** As `MarketInit`. */
  readonly highWater?: string | undefined
  /** Says where the books are, with the environment that names the store's address. */
  readonly config: Pick<NodeConfig, 'storage'>
  readonly environment: Environment
}

export type AdvancedSet = {
  /** The set of the next epoch, with what leads to it: whoever works with the notary needs this document. */
  readonly lineage: SetLineage
  /** The last slot of the epoch before. */
  readonly slot: number
}

type Head = EpochBumpInit['head']

/**
 * Ends the epoch of a notary that is alone in its set, where its books end, and begins the next one over the same data directory, signed with the key of the set. Books,
 * contracts and credits go on. Nothing else may have the directory open.
 *
 * Rejects with `NOTARY_EPOCH_SHARED` for a set of several, `NOTARY_RESTORED` and `NOTARY_STATE_BEHIND` where it was not confirmed that what is not in the books is taken
 * back, `MARKET_ROLE_MISSING` for a directory of no notary, `NOTARY_ADDRESS_UNREACHABLE`, and as keys, journals and directories do.
 */
export async function advanceSet(init: AdvanceInit): Promise<AdvancedSet> {
  const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
  const directory = await openDataDirectory(components, { path: init.dataDir })
  try {
    refuseOlderFormat(directory.path, directory.format)
    const { config, environment } = init
    return await useLedger(
      { config, environment, secret: directory.secret },
      async (ledger) => await advance({ directory, ledger }, init),
    )
  } finally {
    await directory.close()
  }
}

/** The directory of a notary, and where its books are if not there. */
type Place = { readonly directory: DataDirectory; readonly ledger: SharedLedger | undefined }

async function advance(place: Place, init: AdvanceInit): Promise<AdvancedSet> {
  const { directory, ledger } = place
  const fileSystem = createNodeFileSystem()
  const lineage = await keptLineage(directory)
  const [member] = lineage.set.members
  if (member === undefined || lineage.set.members.length > 1)
    throw new CodedError('NOTARY_EPOCH_SHARED', { message: `The set ${lineage.set.id} has several members` })
  const { address = member.address, passphrase } = init
  refuseUnreachable(address)
  const head = await readHead(place, lineage)
  await refuseUnconfirmed(directory, { init, set: lineage.set, key: member.key, head })
  const keys = openKeys(directory.path)
  const signer = await keys.formerSigner({ role: 'notary', passphrase, did: member.key })
  const key = await nextKey(keys, init)
  const to = nextSet(lineage.set, { key, address })
  const bump = await bumpEpoch({
    from: lineage.set,
    to,
    head,
    sign: async (bytes) => await Promise.resolve(encodeSignature(signer.sign(bytes))),
    verify: verifyStatementWith(verifySignatureWith(createNodeVerifier())),
  })
  if (bump.kind === 'refused') throw new CodedError('NOTARY_SET_OTHER', { message: `The next set: ${bump.code}` })
  const { change } = bump
  const next: SetLineage = { set: to, before: [...lineage.before, { set: lineage.set, change }] }
  await keepSet(fileSystem, directory.path, next)
  // Of this directory and its copies this one alone begins the epoch.
  const highWater = init.highWater ?? highWaterFolderOf(key)
  await bindDirectory(fileSystem, {
    highWater,
    dataDir: directory.path,
    set: to.id,
    epoch: to.epoch,
    isRestored: false,
    ...(ledger !== undefined && { ledger: ledger.identity }),
  })
  // Last of all: whatever is interrupted before leaves a notary that refuses.
  await confirmRestored(fileSystem, {
    directory: join(directory.path, MARKET_FOLDER),
    name: `epoch-${to.epoch}.json`,
    change,
    mark: join(directory.path, RESTORED_FILE),
  })
  return { lineage: next, slot: head.slot }
}

async function keptLineage({ path }: DataDirectory): Promise<SetLineage> {
  const kept = await readKeptSet(path)
  if (kept !== undefined) return kept
  throw new CodedError('MARKET_ROLE_MISSING', { message: `${path} belongs to no notary set` })
}

/** Where the books end: all of the log that this directory knows. */
async function readHead({ directory, ledger }: Place, lineage: SetLineage): Promise<Head> {
  const { hexOfText: hash } = PORTABLE_HASHES
  const archive = new NotaryArchive({ clockSkewMs: MARKET_CLOCK_SKEW_MS, hash })
  const log = await (ledger?.open(ledgerNameOf(lineage)) ?? directory.openEventLog(NOTARY_JOURNAL))
  try {
    const journal = await openBooks({
      log,
      folder:
        ledger === undefined
          ? await JournalFolder.open(createNodeFileSystem(), join(directory.path, NOTARY_SEGMENTS))
          : undefined,
      beside: archiveBeside(archive, createNonceGuard()),
      lineage,
      hashes: PORTABLE_HASHES,
      onStep: (step) => archive.add(step),
    })
    const block = archive.block(archive.slot)
    await journal.close()
    if (block === undefined) return { slot: 0, block: GENESIS, at: journal.state.books.at, state: GENESIS }
    return { slot: block.slot, block: hashOfBlock(block, hash), at: block.at, state: block.state }
  } finally {
    await log.close()
  }
}

type Unconfirmed = {
  readonly init: AdvanceInit
  readonly set: NotarySet
  readonly key: Did
  readonly head: Head
}

/** What was signed and is not in the books is taken back by an epoch that begins before it: only the operator can say so. */
async function refuseUnconfirmed(directory: DataDirectory, { init, set, key, head }: Unconfirmed): Promise<void> {
  const fileSystem = createNodeFileSystem()
  const place = init.highWater ?? highWaterFolderOf(key)
  const signed = await HighWaterFile.read({ fileSystem, directory: place })
  if (signed !== undefined && signed.epoch > set.epoch && !init.isKeyRotated)
    throw new CodedError('NOTARY_STATE_BEHIND', {
      message: `Epoch ${signed.epoch} was begun already with this key, and the books here are of epoch ${set.epoch}`,
      details: {
        remedy:
          'Take the directory of that epoch; where it is lost, add --rotate-key: the same places are never signed twice with one key.',
      },
    })
  if (init.isRestoredConfirmed) return
  const isRestored = await fileSystem.exists(join(directory.path, RESTORED_FILE))
  const isBehind = signed !== undefined && (signed.epoch > set.epoch || signed.position.slot > head.slot)
  const isUnknown = signed === undefined && head.slot > 0
  if (isRestored || isUnknown)
    throw new CodedError('NOTARY_RESTORED', {
      message: `Nobody here knows what was signed behind slot ${head.slot}`,
      details: { remedy: 'Add --confirm-restored to take it back, or name the folder that says it with --high-water.' },
    })
  if (isBehind)
    throw new CodedError('NOTARY_STATE_BEHIND', {
      message: `Slot ${signed.position.slot} was signed, and the books here end with slot ${head.slot}`,
      details: { remedy: 'Take the directory that has it; where it is lost, add --confirm-restored to take it back.' },
    })
}

async function nextKey(keys: KeyStore, { passphrase, isKeyRotated }: AdvanceInit): Promise<Did> {
  const { did } = isKeyRotated ? await keys.rotate({ role: 'notary', passphrase }) : await keys.show('notary')
  return did
}

function nextSet({ epoch }: NotarySet, member: NotarySet['members'][number]): NotarySet {
  const made = createNotarySet({ epoch: epoch + 1, members: [member], f: 0 })
  if (made.kind === 'set') return made.set
  const { cause, remedy } = NOTARY_REFUSALS[made.code]
  throw new CodedError('COMMAND_INVALID', { message: `${made.code}: ${cause}`, details: { code: made.code, remedy } })
}

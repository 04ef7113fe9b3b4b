import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import type { DoubleVoteProof } from '../../core/notary/double-vote.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { openSignaturePool } from '../../keys/pool/open-signature-pool.ts'
import type { KeyDescription, OpenKey } from '../../keys/store/key-store.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import type { NotaryService } from '../../market/notary/notary-service.ts'
import {
  NOTARY_JOURNAL,
  type NotaryRole,
  NOTARY_SEGMENTS,
  startNotary as startRunning,
} from '../../market/notary/start-notary.ts'
import { verifyStatementWith } from '../../market/parties/contracts/contract-replay.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Random } from '../../ports/random.ts'
import type { BatchSigner, Signer } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import type { Transport } from '../../ports/transport.ts'
import { RESTORED_FILE } from '../../storage/backup/restore-backup.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { bindDirectory } from './high-water-place.ts'
import { ledgerNameOf, moveLedger, type SharedLedger } from './shared-ledger.ts'

export type { NotaryRole } from '../../market/notary/start-notary.ts'

export type NotaryRoleInit = {
  readonly directory: DataDirectory
  /** Of several gateways; books of a set of several are in the directory all the same. */
  readonly ledger?: SharedLedger
  readonly key: OpenKey
  readonly lineage: SetLineage
  /** Reaches the other members, and is where they reach this one. */
  readonly transport: Transport
  readonly highWater: string
  readonly network: string
  /** Whether contracts may pin the parameter set `trial`; governance that has not begun then begins with it. */
  readonly isTrial: boolean
  /** Whose credits have room of their own in the books. */
  readonly issuers: readonly Did[]
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly onFailure: (cause: unknown) => void
  /** In a set of several: another member has voted twice for one place. */
  readonly onDoubleVote: (proof: DoubleVoteProof) => void
}

/**
 * Starts the notary of this node. Rejects with `MARKET_ROLE_MISSING` where its key is not in the set, with `NOTARY_DIRECTORY_COPIED`, and as `NotaryService.start` and
 * `HighWaterFile.open`; what was opened is then closed.
 */
export async function startNotary(init: NotaryRoleInit): Promise<NotaryRole> {
  const closers: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    return { service: await open(init, closers), stop }
  } catch (error: unknown) {
    await stop()
    throw error
  }
}

async function open(init: NotaryRoleInit, closers: (() => Promise<void>)[]): Promise<NotaryService> {
  const { directory, key, lineage } = init
  const { set } = lineage
  const me = memberOf(set, key.description)
  const ledger = set.members.length === 1 ? init.ledger : undefined
  const isRestored = await bindPlace(init, ledger)
  const pool = openSignaturePool()
  closers.push(async () => await pool.close())
  const role = await startRunning(
    {
      ...init,
      fileSystem: createNodeFileSystem(),
      openEventLog: async (name) =>
        name === NOTARY_JOURNAL && ledger !== undefined
          ? await openSharedBooks(directory, ledger, lineage)
          : await directory.openEventLog(name),
      signer: batchSignerOf(key.signer),
      verifier: pool,
      verify: verifyStatementWith(verifySignatureWith(createNodeVerifier())),
    },
    {
      ...init,
      me,
      // Segments are files, which another gateway could not read.
      folder: ledger === undefined ? join(directory.path, NOTARY_SEGMENTS) : undefined,
      restored: isRestored ? { epoch: set.epoch } : undefined,
      onCaughtUp: async () => await createNodeFileSystem().remove(join(directory.path, RESTORED_FILE)),
    },
  ).catch((error: unknown) => {
    throw explainStart(error, init.highWater)
  })
  closers.push(async () => await role.stop())
  return role.service
}

/** @returns Whether what this directory has signed is not known here, so that others have to be asked. */
async function bindPlace(
  { directory, lineage: { set }, highWater }: NotaryRoleInit,
  ledger: SharedLedger | undefined,
): Promise<boolean> {
  const fileSystem = createNodeFileSystem()
  if (ledger !== undefined) {
    const place = { highWater, dataDir: directory.path, set: set.id, epoch: set.epoch, ledger: ledger.identity }
    // What a backup of the directory does not hold it cannot take back: books that are older than what was signed are found by their place.
    if ((await bindDirectory(fileSystem, { ...place, isRestored: false })) === 'bound') return false
    throw signedElsewhere(directory.path, highWater)
  }
  const isAlone = set.members.length === 1
  const isRestored = await fileSystem.exists(join(directory.path, RESTORED_FILE))
  if (isRestored && isAlone) throw restoredAlone(directory.path)
  const binding = { highWater, dataDir: directory.path, set: set.id, epoch: set.epoch, isRestored }
  if ((await bindDirectory(fileSystem, binding)) === 'bound') return isRestored
  if (isAlone) throw signedElsewhere(directory.path, highWater)
  await bindDirectory(fileSystem, { ...binding, isRestored: true })
  return true
}

/** The books in the shared store, with those that the directory kept by itself before. */
async function openSharedBooks(directory: DataDirectory, ledger: SharedLedger, lineage: SetLineage): Promise<EventLog> {
  const log = await ledger.open(ledgerNameOf(lineage))
  try {
    if (!(await directory.listEventLogs()).includes(NOTARY_JOURNAL)) return log
    const own = await directory.openEventLog(NOTARY_JOURNAL)
    try {
      await moveLedger(own, log)
    } finally {
      await own.close()
    }
    return log
  } catch (error: unknown) {
    await log.close().catch(() => undefined)
    throw error
  }
}

/** Nothing of a directory that goes on under its old name is touched by the start of a copy. */
function restoredAlone(dataDir: string): CodedError {
  return new CodedError('NOTARY_MAY_NOT_SIGN', {
    message: `NOTARY_RESTORED: ${dataDir} was made from a backup`,
    details: {
      code: 'NOTARY_RESTORED',
      remedy: `Say with \`kernell notary-set advance --confirm-restored --data-dir ${dataDir}\` that the log goes on from the backup.`,
    },
  })
}

/** A copy on another machine, or a directory whose high-water file was lost: nobody can tell the two apart. */
function signedElsewhere(dataDir: string, highWater: string): CodedError {
  return new CodedError('NOTARY_MAY_NOT_SIGN', {
    message: `NOTARY_RESTORED: ${dataDir} was started before, and ${highWater} does not say what was signed`,
    details: { code: 'NOTARY_RESTORED', highWater, remedy: HIGH_WATER_REMEDY },
  })
}

const HIGH_WATER_REMEDY =
  'Name the folder that was used before with --high-water. Where it is lost, say with `kernell notary-set advance` that the log goes on from here in a new epoch.'

/** Where nothing says what was signed last, the folder may be another one than before. */
function explainStart(error: unknown, highWater: string): unknown {
  if (!CodedError.is(error, 'NOTARY_MAY_NOT_SIGN') || error.details['code'] !== 'NOTARY_RESTORED') return error
  return new CodedError('NOTARY_MAY_NOT_SIGN', {
    message: `${error.message}, and ${highWater} does not say what was signed`,
    cause: error,
    details: {
      ...error.details,
      highWater,
      remedy: HIGH_WATER_REMEDY,
    },
  })
}

function memberOf(set: NotarySet, { did, chain }: KeyDescription): number {
  const me = set.members.findIndex(({ key }) => key === did)
  if (me >= 0) return me
  const before = chain.map(({ statement }) => statement.key).find((key) => set.members.some((one) => one.key === key))
  throw new CodedError('MARKET_ROLE_MISSING', {
    message: `The key of role notary, ${did}, is no member of the notary set ${set.id}`,
    details: {
      did,
      set: set.id,
      remedy:
        before === undefined
          ? 'Name this key with --member when the set is made, or start without --notary. Where another key took the place of the one of the set, `kernell notary-set advance` hands the log on to it.'
          : `The set names ${before}, which this key took the place of. Where the set was never started, make it again with --member ${did}@...; where it was, \`kernell notary-set advance\` hands its log on to this key.`,
    },
  })
}

/** A set of one signs once for each block, which takes less than a message to a thread. */
function batchSignerOf(signer: Signer): BatchSigner {
  return {
    publicKeyHex: signer.publicKeyHex,
    sign: (bytes) => signer.sign(bytes),
    signBatch: async (batch) => batch.map((bytes) => signer.sign(bytes)),
  }
}

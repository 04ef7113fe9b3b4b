import { hexOfBytes } from '../../base/hex.ts'
import { type DurationMs, durationFromMs } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import type { VerifyStatement } from '../../core/notary/statement.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { Random } from '../../ports/random.ts'
import type { BatchSigner } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import type { Transport } from '../../ports/transport.ts'
import type { BatchVerifier } from '../../ports/verifier.ts'
import { JournalFolder } from '../ledger/journal-folder.ts'
import { foundingParameters, knownParameters } from '../parties/parameters/market-parameters.ts'
import { PORTABLE_HASHES } from '../parties/portable-hashes.ts'
import { feeOwnerOf } from './books/epoch-entry.ts'
import { HighWaterFile } from './high-water.ts'
import { NotaryService } from './notary-service.ts'
import type { NotaryServiceInit } from './notary-service-init.ts'
import type { SetMembers } from './set/set-order-components.ts'

/** How far clocks of different machines may differ: applies to `iat` and `exp` of envelopes alone. */
export const MARKET_CLOCK_SKEW_MS: DurationMs = durationFromMs(30_000)
/** Journal of a notary. */
export const NOTARY_JOURNAL = 'notary'
/** Journal of the decided blocks of a set of several; of its name, so that a backup copies it before the books, which are never behind it. */
export const DECISIONS_JOURNAL = 'decisions'
/** What lies beside it once segments of it were closed. */
export const NOTARY_SEGMENTS = 'notary-segments'
/** Journal of what a member of a set of several signed and saw, one for each set. */
const REPLICA_JOURNAL = 'notary-replica'

export type NotaryRoleComponents = {
  readonly fileSystem: FileSystem
  /** Opens a journal of this notary by its name; it is closed with the notary. */
  readonly openEventLog: (name: string) => Promise<EventLog>
  readonly signer: BatchSigner
  readonly verifier: BatchVerifier
  readonly verify: VerifyStatement
  /** Reaches the other members, and is where they reach this one. */
  readonly transport: Transport
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Pick<Random, 'bytes'>
  readonly onFailure: (cause: unknown) => void
}

export type NotaryRoleInit = Pick<
  NotaryServiceInit,
  'me' | 'network' | 'restored' | 'onCaughtUp' | 'onDoubleVote' | 'timing' | 'checkpoints' | 'segments'
> & {
  readonly lineage: SetLineage
  /** Folder of what the notary signed last. */
  readonly highWater: string
  /** Folder of closed segments; `undefined`: none is closed. */
  readonly folder: string | undefined
  /** Whether contracts may pin the parameter set `trial`; governance that has not begun then begins with it. */
  readonly isTrial: boolean
  /** Whose credits have room of their own in the books. */
  readonly issuers: readonly Did[]
}

/** A notary that runs, with all that it holds open. */
export type NotaryRole = { readonly service: NotaryService; stop(): Promise<void> }

/** Starts a notary. Rejects as `NotaryService.start` and `HighWaterFile.open`; what was opened is then closed. */
export async function startNotary(components: NotaryRoleComponents, init: NotaryRoleInit): Promise<NotaryRole> {
  const closers: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    return { service: await open(components, init, closers), stop }
  } catch (error: unknown) {
    await stop()
    throw error
  }
}

async function open(
  components: NotaryRoleComponents,
  init: NotaryRoleInit,
  closers: (() => Promise<void>)[],
): Promise<NotaryService> {
  const { fileSystem, random } = components
  const { lineage, highWater: directory, folder, isTrial, ...rest } = init
  const { set, before } = lineage
  const openLog = async (name: string): Promise<EventLog> => {
    const log = await components.openEventLog(name)
    closers.push(async () => await log.close())
    return log
  }
  const log = await openLog(NOTARY_JOURNAL)
  const instance = hexOfBytes(random.bytes(16))
  const highWater = await HighWaterFile.open({ fileSystem, directory, instance })
  closers.push(async () => await highWater.close())
  const members = set.members.length > 1 && (await openMembers(components, { set: set.id, instance, openLog }))
  const service = new NotaryService(
    {
      ...components,
      log,
      folder: folder === undefined ? undefined : await JournalFolder.open(fileSystem, folder),
      highWater,
      hashes: PORTABLE_HASHES,
      ...(members !== false && { members }),
    },
    {
      ...rest,
      set,
      before,
      feeOwner: feeOwnerOf(set),
      clockSkewMs: MARKET_CLOCK_SKEW_MS,
      parameters: knownParameters()
        .filter(({ name }) => isTrial || name !== 'trial')
        .map(({ hash, rules }) => ({ hash, rules })),
      founding: foundingParameters(isTrial ? 'trial' : 'default'),
    },
  )
  closers.push(async () => await service.stop())
  await service.start()
  return service
}

async function openMembers(
  { transport, verify }: NotaryRoleComponents,
  {
    set,
    instance,
    openLog,
  }: { readonly set: string; readonly instance: string; readonly openLog: (name: string) => Promise<EventLog> },
): Promise<SetMembers> {
  return {
    transport,
    replica: await openLog(`${REPLICA_JOURNAL}-${set.slice(0, 16)}`),
    decisions: await openLog(DECISIONS_JOURNAL),
    verify,
    instance,
  }
}

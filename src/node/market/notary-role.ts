import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { CodedError } from '../../base/errors.ts'
import { durationFromMs } from '../../base/time.ts'
import { openSignaturePool } from '../../keys/pool/open-signature-pool.ts'
import type { OpenKey } from '../../keys/store/key-store.ts'
import { HighWaterFile } from '../../market/notary/high-water.ts'
import { NotaryService } from '../../market/notary/notary-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { BatchSigner, Signer } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { feeOwnerOf } from './fee-owner.ts'
import { NOTARY_JOURNAL } from './journal-source.ts'
import { foundingParameters, knownParameters } from './market-parameters.ts'
import { NATIVE_HASHES } from './native-hashes.ts'

/** How far clocks of different machines may differ: applies to `iat` and `exp` of envelopes alone. */
export const MARKET_CLOCK_SKEW_MS = 30_000

export type NotaryRoleInit = {
  readonly directory: DataDirectory
  readonly key: OpenKey
  readonly set: NotarySet
  readonly highWater: string
  readonly network: string
  /** Whether contracts may pin the parameter set `trial`; governance that has not begun then begins with it. */
  readonly isTrial: boolean
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly onFailure: (cause: unknown) => void
}

/** A notary that runs, with all that it holds open. */
export type NotaryRole = { readonly service: NotaryService; stop(): Promise<void> }

/**
 * Starts the notary of this node. Rejects with `MARKET_ROLE_MISSING` where its key is not in the set, and as `NotaryService.start` and `HighWaterFile.open`; what
 * was opened is then closed.
 */
export async function startNotary(init: NotaryRoleInit): Promise<NotaryRole> {
  const { directory, key, set, network, clock, timers, random, onFailure } = init
  const me = memberOf(set, key.description.did)
  const log = await directory.openEventLog(NOTARY_JOURNAL)
  const closers: (() => Promise<void>)[] = [async () => await log.close()]
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    const pool = openSignaturePool()
    closers.push(async () => await pool.close())
    const highWater = await HighWaterFile.open({
      fileSystem: createNodeFileSystem(),
      directory: init.highWater,
      instance: Buffer.from(random.bytes(16)).toString('hex'),
    })
    closers.push(async () => await highWater.close())
    const service = new NotaryService(
      {
        log,
        highWater,
        signer: batchSignerOf(key.signer),
        verifier: pool,
        hashes: NATIVE_HASHES,
        clock,
        timers,
        onFailure,
      },
      {
        set,
        me,
        feeOwner: feeOwnerOf(set),
        network,
        clockSkewMs: durationFromMs(MARKET_CLOCK_SKEW_MS),
        parameters: knownParameters()
          .filter(({ name }) => init.isTrial || name !== 'trial')
          .map(({ hash, rules }) => ({ hash, rules })),
        founding: foundingParameters(init.isTrial ? 'trial' : 'default'),
      },
    )
    closers.push(async () => await service.stop())
    await service.start()
    return { service, stop }
  } catch (error: unknown) {
    await stop()
    throw error
  }
}

function memberOf(set: NotarySet, did: Did): number {
  const me = set.members.findIndex(({ key }) => key === did)
  if (me >= 0) return me
  throw new CodedError('MARKET_ROLE_MISSING', {
    message: `The key of role notary, ${did}, is no member of the notary set ${set.id}`,
    details: {
      did,
      set: set.id,
      remedy: 'Name this key with --member when the set is made, or start without --notary.',
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

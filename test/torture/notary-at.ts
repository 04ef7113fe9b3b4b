import { join } from 'node:path'
import type { Did } from '../../src/core/evidence/names.ts'
import type { NotarySet } from '../../src/core/notary/notary-set.ts'
import type { VerifyStatement } from '../../src/core/notary/statement.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { DEFAULT_PARAMETERS } from '../../src/core/governance/parameter-set.ts'
import { createInlineSignatures } from '../../src/keys/pool/inline-signatures.ts'
import { JournalFolder } from '../../src/market/ledger/journal-folder.ts'
import { HighWaterFile } from '../../src/market/notary/high-water.ts'
import { NotaryService } from '../../src/market/notary/notary-service.ts'
import type { SegmentCadence } from '../../src/market/notary/books/segment-keeper.ts'
import { serveNotary } from '../../src/market/notary/serve-notary.ts'
import { createLocalTransport } from '../../src/network/local/local-transport.ts'
import type { FramedTransportComponents } from '../../src/network/framed/framed-transport.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { createSystemTimers } from '../../src/node/system-timers.ts'
import type { FileSystem } from '../../src/ports/file-system.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import { decodeSignature } from '../../src/wire/v1/checkpoint.ts'
import { publicKeyOfDid } from '../../src/wire/v1/did-key.ts'
import {
  feeOwnerOf,
  PORTABLE_HASHES,
  NETWORK,
  Party,
  RULES,
  setOfParties,
  SKEW_MS,
} from '../market/notary/settlement-builder.ts'

const verifier = createNodeVerifier()

export const verifyStatement: VerifyStatement = ({ key, bytes, signature }) => {
  const [publicKey, raw] = [publicKeyOfDid(key), decodeSignature(signature)]
  return publicKey !== undefined && raw !== undefined && verifier.verify({ publicKey, bytes, signature: raw })
}

function identityOf({ did, sign }: Party): FramedTransportComponents {
  const verify = (peer: Did, bytes: Uint8Array, signature: Uint8Array): boolean => {
    const publicKey = publicKeyOfDid(peer)
    return publicKey !== undefined && verifier.verify({ publicKey, bytes, signature })
  }
  return { identity: { did, sign, verify }, clock: createSystemClock(), random: createSystemRandom() }
}

/** The set of one that listens at a socket. */
export function setAt(socket: string): NotarySet {
  return setOfParties(0, () => `/unix${socket}`).set
}

export function clientTransport(name: string): Transport {
  return createLocalTransport(identityOf(new Party(`client ${name}`)))
}

export type OpenNotary = { readonly service: NotaryService; readonly close: () => Promise<void> }

export type NotaryPlace = {
  readonly directory: string
  readonly set: NotarySet
  /** Closes segments of the journal in between; absent: none is ever closed. */
  readonly segments?: SegmentCadence | undefined
}

/** A notary over a real or faulty file system. */
export async function openNotaryOver(
  fileSystem: FileSystem,
  { directory, set, segments }: NotaryPlace,
): Promise<OpenNotary> {
  const member = new Party('notary 0')
  const random = createSystemRandom()
  const log = await openSegmentedEventLog({ fileSystem, random }, { directory: join(directory, 'journal') })
  const folder = segments && (await JournalFolder.open(fileSystem, join(directory, 'segments')))
  const instance = Buffer.from(random.bytes(16)).toString('hex')
  const highWater = await HighWaterFile.open({ fileSystem, directory: join(directory, 'high-water'), instance })
  const signatures = createInlineSignatures()
  const service = new NotaryService(
    {
      log,
      folder,
      highWater,
      signer: signatures.createSigner(member.seed),
      verifier: signatures,
      hashes: PORTABLE_HASHES,
      clock: createSystemClock(),
      timers: createSystemTimers(),
      onFailure: () => {},
    },
    {
      set,
      me: 0,
      feeOwner: feeOwnerOf(set),
      network: NETWORK,
      clockSkewMs: SKEW_MS,
      parameters: [RULES],
      founding: DEFAULT_PARAMETERS,
      segments,
    },
  )
  const close = async (): Promise<void> => {
    await service.stop()
    await log.close().catch(() => {})
    await highWater.close().catch(() => {})
  }
  try {
    await service.start()
  } catch (error: unknown) {
    await close()
    throw error
  }
  return { service, close }
}

export async function openNotaryAt({ directory, socket }: { directory: string; socket: string }): Promise<OpenNotary> {
  const set = setAt(socket)
  const notary = await openNotaryOver(createNodeFileSystem(), { directory, set })
  const transport = createLocalTransport(identityOf(new Party('notary 0')), { listen: [`/unix${socket}`] })
  await transport.start()
  serveNotary(transport, notary.service)
  return {
    service: notary.service,
    close: async () => {
      await transport.stop()
      await notary.close()
    },
  }
}

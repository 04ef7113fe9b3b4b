import { setTimeout } from 'node:timers/promises'
import { base16 } from 'multiformats/bases/base16'
import { CodedError } from '../../base/errors.ts'
import type { QuotaRule } from '../../core/quotas/quota-table.ts'
import type { Clock } from '../../ports/clock.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { Random } from '../../ports/random.ts'
import type { IssuerComponents } from '../../rights/issue-right.ts'
import { type DataDirectory, openDataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { didOfPublicKey } from '../../wire/v1/did-key.ts'
import { openInstallationKey } from '../learning/rollout/open-signer.ts'
import { findRunningNode } from '../running-node.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemRandom } from '../system-random.ts'
import { type NodeRights, openRights } from './open-rights.ts'
import { createStopFile } from './stop-file.ts'

/** Longest wait for other commands that have a directory open, each of which is done in about a second, and the pause between tries. */
const WAIT_MS = 30_000
const TRY_AGAIN_MS = 50

/** The key that a data directory signs with, made with the first call; it needs no lock. Throws as `openInstallationKey`. */
export async function openIssuer(dataDir: string, random: Random): Promise<IssuerComponents> {
  const signer = await openInstallationKey(dataDir)
  return { self: didOfPublicKey(base16.baseDecode(signer.publicKeyHex)), signer, random }
}

export type DirectoryRightsInit = {
  readonly directory: DataDirectory
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  readonly quotas: readonly QuotaRule[]
}

/** The rights of an open data directory. Throws as `openRights`. */
export async function openDirectoryRights(init: DirectoryRightsInit): Promise<NodeRights> {
  const { directory, fileSystem, clock, random, quotas } = init
  return await openRights({
    clock,
    quotas,
    stopStore: createStopFile(fileSystem, directory.path),
    openLog: async (name) => await directory.openEventLog(name),
    openIssuer: async () => await openIssuer(directory.path, random),
  })
}

/** Opens a data directory once other commands are done with it; a node that serves from it is not waited for. Rejects as `openDataDirectory`. */
export async function openPatiently(dataDir: string): Promise<DataDirectory> {
  const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
  const until = performance.now() + WAIT_MS
  for (;;) {
    try {
      return await openDataDirectory(components, { path: dataDir })
    } catch (error: unknown) {
      const isWorthWaiting = CodedError.is(error, 'STORE_LOCKED') && findRunningNode(dataDir) === undefined
      if (!isWorthWaiting || performance.now() >= until) throw error
    }
    await setTimeout(TRY_AGAIN_MS)
  }
}

/** Works with the rights of a data directory from which no node serves, and closes it again. Rejects as `openPatiently`, and as the work does. */
export async function useDirectoryRights<Result>(
  dataDir: string,
  work: (rights: NodeRights) => Promise<Result>,
): Promise<Result> {
  const directory = await openPatiently(dataDir)
  try {
    const [fileSystem, clock, random] = [createNodeFileSystem(), createSystemClock(), createSystemRandom()]
    return await work(await openDirectoryRights({ directory, fileSystem, clock, random, quotas: [] }))
  } finally {
    await directory.close()
  }
}

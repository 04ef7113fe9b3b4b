import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../base/errors.ts'
import { priceListFolder } from '../node/prices/imported-price-lists.ts'
import { findRunningNode, type RunningNode } from '../node/running-node.ts'

/** Names the node that serves from a locked data directory; every other error is returned as it is. */
export function nameLockHolder(error: unknown, dataDir: string, remedy?: string): unknown {
  if (!CodedError.is(error, 'STORE_LOCKED')) return error
  const node = findRunningNode(dataDir)
  if (node === undefined) return error
  const what = `has the data directory ${dataDir} open`
  return lockedBy(node, { dataDir, what, cause: error, ...(remedy !== undefined && { remedy }) })
}

/** The node that a failure of `nameLockHolder` names. */
export function lockHolderOf(error: unknown): RunningNode | undefined {
  if (!CodedError.is(error, 'STORE_LOCKED')) return undefined
  const { url, pid } = error.details
  return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : undefined
}

export type LockedInit = {
  readonly what: string
  readonly dataDir?: string
  readonly cause?: unknown
  readonly remedy?: string
}

/** A refusal that says which node is in the way, and what can be done. */
export function lockedBy({ url, pid }: RunningNode, { what, dataDir, cause, remedy }: LockedInit): CodedError {
  return new CodedError('STORE_LOCKED', {
    message: `The node at ${url} (process ${pid}) ${what}`,
    cause,
    details: {
      url,
      pid,
      ...(dataDir !== undefined && { dataDir }),
      remedy:
        remedy ??
        `Ask that node (GET ${url}/ lists what it answers; GET ${url}/v1/models its models), stop it, or name another directory with \`--data-dir\`.`,
    },
  })
}

/**
 * Work in a directory of its own that is removed afterwards: a running node is not disturbed. `withPricesOf` names a data directory whose
 * imported price lists count there, too.
 */
export async function inOwnDirectory<Result>(
  work: (dataDir: string) => Promise<Result>,
  { withPricesOf }: { readonly withPricesOf?: string } = {},
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'kernell-evaluation-'))
  try {
    if (withPricesOf !== undefined) await copyPriceLists(withPricesOf, directory)
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function copyPriceLists(from: string, to: string): Promise<void> {
  try {
    await cp(priceListFolder(from), priceListFolder(to), { recursive: true })
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) throw error
  }
}

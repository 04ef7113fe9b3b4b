import { CodedError } from '../base/errors.ts'
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

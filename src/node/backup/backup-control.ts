import { isAbsolute } from 'node:path'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { type ControlAnswer, type ControlRequest, invalidRequest, requiredText } from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'

export type BackedUpNode = Pick<KernellNode, 'backUp'>

/**
 * `{ op: 'create', file, passphrase }`: writes a backup to a path of this machine.
 *
 * Throws `REQUEST_INVALID` and as `KernellNode.backUp`.
 */
export async function answerBackupControl(
  node: BackedUpNode,
  request: ControlRequest,
  { signal }: AbortOptions = {},
): Promise<ControlAnswer> {
  if (request['op'] !== 'create') throw invalidRequest('op', 'op must be create')
  const file = requiredText(request, 'file')
  if (!isAbsolute(file)) throw invalidRequest('file', 'file must be an absolute path')
  const passphrase = requiredText(request, 'passphrase')
  return {
    kind: 'json',
    body: { ...(await node.backUp({ file, passphrase, ...(signal !== undefined && { signal }) })) },
  }
}

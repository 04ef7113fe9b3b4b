import type { JsonValue } from '../../base/canonical-json.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { choiceOf, type ControlAnswer, type ControlRequest, invalidRequest } from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'

export type ToolNode = Pick<KernellNode, 'toolServers'>

/** Which servers of tools there are, and what each says now. Throws `REQUEST_INVALID`. */
export async function answerToolControl(
  { toolServers }: ToolNode,
  request: ControlRequest,
  options: AbortOptions = {},
): Promise<ControlAnswer> {
  if (choiceOf(request, 'op', ['servers']) === undefined) throw invalidRequest('op', 'op must be servers')
  const servers = await toolServers.inspect(options)
  // Plain data, as reports are.
  return { kind: 'json', body: { servers: servers as unknown as JsonValue } }
}

import type { JsonValue } from '../../base/canonical-json.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { choiceOf, type ControlAnswer, type ControlRequest, invalidRequest } from '../control/control-request.ts'
import { type ToolTaskNode, toolTaskLines } from './tool-task.ts'
import type { KernellNode } from '../kernell-node.ts'

export type ToolNode = Pick<KernellNode, 'toolServers'> & ToolTaskNode

/** Which servers of tools there are, and what each says now; and a task whose models may call tools. Throws `REQUEST_INVALID`. */
export async function answerToolControl(
  node: ToolNode,
  request: ControlRequest,
  options: AbortOptions = {},
): Promise<ControlAnswer> {
  const op = choiceOf(request, 'op', ['servers', 'route'])
  if (op === undefined) throw invalidRequest('op', 'op must be servers or route')
  if (op === 'route') return { kind: 'lines', lines: toolTaskLines(node, request, options) }
  const servers = await node.toolServers.inspect(options)
  // Plain data, as reports are.
  return { kind: 'json', body: { servers: servers as unknown as JsonValue } }
}

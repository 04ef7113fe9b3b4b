import type { KernellNode } from '../kernell-node.ts'
import { choiceOf, type ControlAnswer, type ControlRequest, invalidRequest, requiredText } from './control-request.ts'

export type DecidingNode = Pick<KernellNode, 'explainDecision'>

/** Why a task of a moment ago went where it went: `{"decision": ...}`, `null` where it is not known any more. Throws `REQUEST_INVALID`. */
export async function answerDecisionControl(node: DecidingNode, request: ControlRequest): Promise<ControlAnswer> {
  if (choiceOf(request, 'op', ['explain']) === undefined) throw invalidRequest('op', 'op must be explain')
  const decision = node.explainDecision(requiredText(request, 'task'))
  return await Promise.resolve({ kind: 'json', body: { decision: decision ?? null } })
}

import { CodedError } from '../../base/errors.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { type ControlAnswer, type ControlRequest, requiredText } from '../control/control-request.ts'
import type { KernellNode } from '../kernell-node.ts'
import { readUsageQuery } from '../usage/usage-query.ts'

export type ManagedNode = Pick<KernellNode, 'access' | 'usage'>

/**
 * Access and usage, for commands, which manage the whole node: `by` says whose they are. Throws as `AccessDesk.answer` and `NodeUsage.summarize`.
 */
export async function answerAccessControl(
  { access, usage }: ManagedNode,
  request: ControlRequest,
  options: AbortOptions,
): Promise<ControlAnswer> {
  const { by, ...asked } = request
  if (asked['op'] === 'usage') {
    if (usage === undefined) throw new CodedError('USAGE_NOT_KEPT', { message: 'This node keeps no records of tasks' })
    const query = readUsageQuery({ ...asked, by, op: undefined }, [])
    return { kind: 'json', body: await usage.summarize(query, options) }
  }
  if (access === undefined) throw new TypeError('A node whose keys are managed has access to manage')
  const actor = { by: requiredText({ by }, 'by'), reach: { kind: 'node' } } as const
  return { kind: 'json', body: await access.manage(asked, actor) }
}

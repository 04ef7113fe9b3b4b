import type { JsonValue } from '../../base/canonical-json.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { KernellNode } from '../kernell-node.ts'
import { plain } from '../market/desks/plain-json.ts'
import { askNode, partOf } from './view-query.ts'

/** Trained policies with their gate reports, and where the rollout stands. */
export async function viewPolicies(node: KernellNode, options: AbortOptions): Promise<JsonValue> {
  const ask = async (op: string): ReturnType<typeof partOf> =>
    await partOf(async () => await askNode(node, { area: 'policies', request: { op } }, options))
  const [status, registered] = [await ask('status'), await ask('list')]
  return plain({ status, registered })
}

import type { ContractId } from '../../../core/evidence/names.ts'
import { partOf } from './parameters.ts'
import type { AgentSelf, EndedContract, WorkPlan, WorkTask } from './strategy.ts'

/** What making a result up costs, of what the work costs, in millionths. */
const JUNK_PER_MILLION = 50_000

/** A result that looks like one, for next to nothing. */
export function junkOf(self: AgentSelf, task: WorkTask): WorkPlan {
  self.count('attempt')
  return { kind: 'wrong', spanMs: 1, costNanos: partOf(task.costNanos, JUNK_PER_MILLION) }
}

/** Counts a fraud that was paid for. */
export async function countPaid(self: AgentSelf, ended: EndedContract): Promise<void> {
  if (ended.role !== 'worker' || ended.wasRight !== false) return
  if ((await capturedOf(self, ended.contract)) > 0n) self.count('success')
}

/** What the notary set says that the worker was paid. */
export async function capturedOf({ identities }: AgentSelf, contract: ContractId): Promise<bigint> {
  const running = identities.findLast((identity) => identity.running !== undefined)?.running
  const view = await running?.party.components.notary.contract(contract)
  return BigInt(view?.capturedNanos ?? '0')
}

import type { Amount } from '../../../base/money.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import { honestSeller } from './honest.ts'
import { parameter, partOf } from './parameters.ts'
import type { AgentSelf, EndedContract, SellerPlay, SkillView, WorkPlan, WorkTask } from './strategy.ts'

/** What making a result up costs, of what the work costs, in millionths. */
const JUNK_PER_MILLION = 50_000

/** What it asks, of what buyers pay at most, in millionths: less than the work costs most of the others. */
const ASK_PER_MILLION = 300_000

/** Prices of somebody whose work costs nothing: below those of the honest, so that buyers come. */
export function cheapPrices(agent: AgentSelf): Pick<SellerPlay, 'ask' | 'bid'> {
  const honest = honestSeller(agent)
  const cheap = ({ usualNanos }: SkillView, price: Amount | undefined): Amount | undefined => {
    const asked = partOf(usualNanos, parameter(agent, 'askPerMillion', ASK_PER_MILLION))
    return price === undefined || price < asked ? price : asked
  }
  return {
    ask: (skill) => cheap(skill, honest.ask(skill)),
    bid: (call, skill) => cheap(skill, honest.bid(call, skill)),
  }
}

/** A result that looks like one, for next to nothing. */
export function junkOf(agent: AgentSelf, task: WorkTask): WorkPlan {
  agent.count('attempt')
  return { kind: 'wrong', spanMs: 1, costNanos: partOf(task.costNanos, JUNK_PER_MILLION) }
}

/** Counts a fraud that was paid for. */
export async function countPaid(agent: AgentSelf, ended: EndedContract): Promise<void> {
  if (ended.role !== 'worker' || ended.wasRight !== false) return
  if ((await capturedOf(agent, ended.contract)) > 0n) agent.count('success')
}

/** Counts work that was paid for: whatever it tried before, it came to its price. */
export async function countEarned(agent: AgentSelf, ended: EndedContract): Promise<void> {
  if (ended.role !== 'worker' || ended.wasRight !== true) return
  if ((await capturedOf(agent, ended.contract)) > 0n) agent.count('success')
}

/** What the notary set says that the worker was paid. */
export async function capturedOf({ identities }: AgentSelf, contract: ContractId): Promise<bigint> {
  const running = identities.findLast((identity) => identity.running !== undefined)?.running
  const view = await running?.party.components.notary.contract(contract)
  return BigInt(view?.capturedNanos ?? '0')
}

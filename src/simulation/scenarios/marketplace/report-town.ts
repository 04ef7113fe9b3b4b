import type { JsonValue } from '../../../base/canonical-json.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { checkMarket } from '../../market/audit/check-market.ts'
import type { AgentRecord, PurchaseRecord } from '../../market/agents/agent-record.ts'
import type { Agent } from '../../market/agents/agent.ts'
import type { Town } from '../../market/agents/town.ts'
import type { MetricValue, PlayEnd } from '../../scenario/scenario.ts'
import type { Stage } from '../../scenario/stage.ts'

/** What came of a marketplace: everybody's profit, every purchase, and the state of all accounts. */
export async function reportTown(town: Town, { checks }: Stage): Promise<PlayEnd> {
  await checkMarket(town.market, checks)
  const balances = await balancesOf(town)
  const agents = town.agents.map((agent) => recordOf(agent, balances))
  const ends = countsOf(town.purchases.map(({ outcome }) => outcome ?? 'open'))
  return {
    metrics: {
      purchases: town.purchases.length,
      ends,
      disputes: town.disputed.size,
      agents: agents.map(shown),
      trades: town.purchases.map(shown),
    },
    state: {
      ends,
      balances: Object.fromEntries([...balances].map(([owner, nanos]) => [owner, nanos.toString()])),
    },
  }
}

/** What every key has, what is held of it included; the issuer's account, which is what it owes, apart. */
async function balancesOf({ market }: Town): Promise<ReadonlyMap<Did, bigint>> {
  const balances = new Map<Did, bigint>()
  const { running } = market
  for (let after: string | undefined; running !== undefined;) {
    const page = await running.accounts({ currency: market.currency, ...(after !== undefined && { after }) })
    for (const { id, balanceNanos } of page.ledgers.flatMap(({ accounts }) => accounts)) {
      const [owner, kind] = id.split('/') as [Did, string]
      if (kind !== 'issuer') balances.set(owner, (balances.get(owner) ?? 0n) + BigInt(balanceNanos))
    }
    if (page.next === null) break
    after = page.next
  }
  return balances
}

function recordOf(agent: Agent, balances: ReadonlyMap<Did, bigint>): AgentRecord {
  const { name, side, isChosen, paidInNanos, workNanos, inspectionNanos, attempts, successes } = agent
  const balanceNanos = agent.identities.reduce((sum, { did }) => sum + (balances.get(did) ?? 0n), 0n)
  const valueNanos = agent.town.purchases
    .filter(({ buyer, hasRightResult }) => buyer === name && hasRightResult === true)
    .reduce((sum, purchase) => sum + purchase.valueNanos, 0n)
  return {
    name,
    side,
    strategy: agent.strategy.name,
    isChosen,
    identities: agent.identities.length,
    paidInNanos,
    balanceNanos,
    workNanos,
    inspectionNanos,
    valueNanos,
    profitNanos: balanceNanos + valueNanos - paidInNanos - workNanos - inspectionNanos,
    attempts,
    successes,
  }
}

/** As a report has it: amounts as decimal text. */
function shown(record: AgentRecord | PurchaseRecord): { readonly [name: string]: MetricValue } {
  const rows = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    rows.map(([name, value]) => [
      name,
      typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : value,
    ]),
  ) as { readonly [name: string]: MetricValue }
}

function countsOf(words: readonly string[]): { readonly [word: string]: number } & JsonValue {
  const counts: Record<string, number> = {}
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

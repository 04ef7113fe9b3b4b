import type { JsonValue } from '../../../base/canonical-json.ts'
import { type Did, parseContractId } from '../../../core/evidence/names.ts'
import { checkMarket } from '../../market/audit/check-market.ts'
import type { AgentRecord, PurchaseRecord } from '../../market/agents/agent-record.ts'
import type { SightBook } from '../../market/agents/sight-book.ts'
import type { Town } from '../../market/agents/town.ts'
import type { TownAgent } from '../../market/agents/town-agent.ts'
import { marketplaceMetrics } from '../../metrics/marketplace-metrics.ts'
import type { MetricValue, PlayEnd } from '../../scenario/scenario.ts'
import type { Stage } from '../../scenario/stage.ts'
import { townSeries } from './town-series.ts'

/** What came of a marketplace: everybody's profit, every purchase, and the state of all accounts. */
export async function reportTown(town: Town, sightBook: SightBook, { checks }: Stage): Promise<PlayEnd> {
  await checkMarket(town.market, checks)
  const balances = await balancesOf(town)
  const flows = await flowsOf(town)
  const agents = town.agents.map((agent) => recordOf(town, agent, { balances, flows }))
  const outcome = {
    agents,
    purchases: town.purchases.filter((purchase) => isWanted(town, purchase)),
    costNanos: (seller: string, skill: string): bigint => town.economy.costNanos(seller, skill),
    sights: sightBook.sights(),
  }
  const honest = new Set(agents.filter(({ strategy }) => strategy === 'honest').map(({ name }) => name))
  const ends = countsOf(town.purchases.map(({ outcome }) => outcome ?? 'open'))
  return {
    metrics: {
      ...marketplaceMetrics(outcome),
      ends,
      disputes: town.disputed.size,
      agents: agents.map(shown),
      trades: town.purchases.map(shown),
    },
    series: townSeries(town.purchases, (seller) => honest.has(seller)),
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

/** Whether a buyer really wanted it: what sellers buy of themselves is worth nothing to anybody. */
function isWanted({ agents }: Town, { buyer }: PurchaseRecord): boolean {
  return agents.some(({ name, side }) => name === buyer && side === 'buyer')
}

/** What went to workers for their work, and from payers, by the books, fees taken off: all else that a balance changed by is stakes. */
async function flowsOf({ market, purchases }: Town): Promise<ReadonlyMap<string, bigint>> {
  const flows = new Map<string, bigint>()
  const add = (owner: string, nanos: bigint): void => void flows.set(owner, (flows.get(owner) ?? 0n) + nanos)
  for (const { contract: name = '' } of purchases) {
    const contract = parseContractId(name)
    const view = contract && (await market.running?.contract(contract))
    if (view === undefined) continue
    const paid = BigInt(view.capturedNanos) - BigInt(view.refundedNanos)
    add(view.payer, -paid)
    add(view.worker, paid - BigInt(view.feeNanos))
  }
  return flows
}

type Books = { readonly balances: ReadonlyMap<Did, bigint>; readonly flows: ReadonlyMap<string, bigint> }

function recordOf(town: Town, agent: TownAgent, { balances, flows }: Books): AgentRecord {
  const { name, side, isChosen, paidInNanos, workNanos, inspectionNanos, attempts, successes } = agent
  const balanceNanos = agent.identities.reduce((sum, { did }) => sum + (balances.get(did) ?? 0n), 0n)
  const flowNanos = agent.identities.reduce((sum, { did }) => sum + (flows.get(did) ?? 0n), 0n)
  const valueNanos = town.purchases
    .filter((one) => one.buyer === name && one.hasRightResult === true && isWanted(town, one))
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
    lostNanos: paidInNanos + flowNanos - balanceNanos,
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

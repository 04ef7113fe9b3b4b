import { checkMarket } from '../../market/audit/check-market.ts'
import { findEdgeFault } from '../../checks/deadline-edges.ts'
import { reputationCountedOnce } from '../../checks/reputation-once.ts'
import type { NotaryService } from '../../../market/notary/notary-service.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../../../market/parties/contracts/contract-notes.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { ChaosMarket } from './chaos-market.ts'

/** What the market's books say when everything has come to its end. @returns The balances, by account. */
export async function judgeMarket({ checks }: Stage, market: ChaosMarket): Promise<ReadonlyMap<string, bigint>> {
  const books = await checkMarket(market.town.market, checks)
  for (const edge of market.punctual.edges) checks.check('deadline-edges', findEdgeFault(edge, books?.steps ?? []))
  const service = market.town.market.running
  const balances =
    service === undefined ? new Map<string, bigint>() : await balancesOf(service, market.town.market.currency)
  judgeTrades(market, balances, (what) => checks.check('market-settled-once', what))
  judgeReputation(market, (what) => checks.check('reputation-once', what))
  return balances
}

/** Everybody's accounts but the issuer's, which is what it owes. */
async function balancesOf(
  service: NotaryService,
  currency: ChaosMarket['town']['market']['currency'],
): Promise<ReadonlyMap<string, bigint>> {
  const balances = new Map<string, bigint>()
  for (let after: string | undefined; ;) {
    const page = await service.accounts({ currency, ...(after !== undefined && { after }) })
    for (const { id, balanceNanos } of page.ledgers.flatMap(({ accounts }) => accounts))
      if (!id.includes('/issuer')) balances.set(id, BigInt(balanceNanos))
    if (page.next === null) return balances
    after = page.next
  }
}

/** What buyers have lost is what their contracts cost, each once. */
function judgeTrades(
  { town }: ChaosMarket,
  balances: ReadonlyMap<string, bigint>,
  check: (what: string | undefined) => void,
): void {
  for (const agent of town.agents.filter(({ side }) => side === 'buyer')) {
    const dids = agent.identities.map(({ did }) => did)
    const left = [...balances]
      .filter(([id]) => dids.some((did) => id.startsWith(`${did}/`)))
      .reduce((sum, [, nanos]) => sum + nanos, 0n)
    const paid = agent.paidInNanos - left
    const traded = town.purchases.filter(({ buyer, contract }) => buyer === agent.name && contract !== undefined)
    const owed = traded.reduce((sum, { priceNanos = 0n }) => sum + priceNanos, 0n)
    // Who has a penalty of a seller that did not work has paid less.
    const isWhole =
      traded.every(({ outcome }) => outcome === 'FINAL') &&
      traded.length === town.purchases.filter(({ buyer }) => buyer === agent.name).length
    const what = `${agent.name} paid ${paid} for contracts of ${owed}`
    check(paid > owed || (isWhole && paid < owed) ? what : undefined)
  }
}

/** What parties say of each other counts each contract once. */
export function judgeReputation({ town }: Pick<ChaosMarket, 'town'>, check: (what: string | undefined) => void): void {
  for (const { name, running } of town.market.parties.values()) {
    if (running === undefined) continue
    const notes = running.party.journal.notesOf(CONTRACTS).map(([, note]) => note as ContractNote)
    for (const { name: subject, did } of town.market.parties.values()) {
      for (const { role, contracts: counted } of running.reputation.show(did)) {
        const ended = notes.filter(
          ({ terms, ended: word }) => word !== undefined && readTerms(terms)[role] === did,
        ).length
        check(reputationCountedOnce({ books: name, subject, role, counted, ended }))
      }
    }
  }
}

import type { ComponentType } from 'preact'
import { AccessPage } from './pages/access-page.tsx'
import { AgentsPage } from './pages/agents-page.tsx'
import { BudgetsPage } from './pages/budgets-page.tsx'
import { CachePage } from './pages/cache-page.tsx'
import { CostsPage } from './pages/costs-page.tsx'
import { DecisionsPage } from './pages/decisions-page.tsx'
import { EscrowsPage } from './pages/escrows-page.tsx'
import { LedgerPage } from './pages/ledger-page.tsx'
import { MarketPage } from './pages/market-page.tsx'
import { OverviewPage } from './pages/overview-page.tsx'
import type { PageProps } from './pages/page-props.ts'
import { PeersPage } from './pages/peers-page.tsx'
import { PoliciesPage } from './pages/policies-page.tsx'
import { RunPage } from './pages/run-page.tsx'
import { SimulationsPage } from './pages/simulations-page.tsx'
import type { PageName } from './state/page-names.ts'

type PageEntry = { readonly title: string; readonly view: ComponentType<PageProps> }

/** Every page there is. */
export const PAGE_VIEWS: Readonly<Record<PageName, PageEntry>> = {
  overview: { title: 'Overview', view: OverviewPage },
  run: { title: 'Run a task', view: RunPage },
  decisions: { title: 'Decisions', view: DecisionsPage },
  costs: { title: 'Costs', view: CostsPage },
  cache: { title: 'Cache', view: CachePage },
  policies: { title: 'Policies', view: PoliciesPage },
  agents: { title: 'Agents', view: AgentsPage },
  peers: { title: 'Peers', view: PeersPage },
  market: { title: 'Market', view: MarketPage },
  escrows: { title: 'Escrows', view: EscrowsPage },
  ledger: { title: 'Ledger', view: LedgerPage },
  budgets: { title: 'Budgets', view: BudgetsPage },
  access: { title: 'API keys', view: AccessPage },
  simulations: { title: 'Simulations', view: SimulationsPage },
}

/** As the navigation shows them. */
export const PAGE_GROUPS: readonly { readonly name: string; readonly pages: readonly PageName[] }[] = [
  { name: 'Node', pages: ['overview', 'run', 'decisions'] },
  { name: 'Money', pages: ['costs', 'cache', 'budgets', 'access'] },
  { name: 'Learning', pages: ['policies', 'simulations'] },
  { name: 'Actors', pages: ['agents', 'peers'] },
  { name: 'Market', pages: ['market', 'escrows', 'ledger'] },
]

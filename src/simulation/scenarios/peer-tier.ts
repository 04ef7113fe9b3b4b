import { trainPolicy } from '../../core/learning/train-policy.ts'
import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { Machine } from '../machine/machine.ts'
import { SimulatedMarket } from '../market/simulated-market.ts'
import { defineScenario, type PlayEnd, type Scenario } from '../scenario/scenario.ts'
import type { Stage } from '../scenario/stage.ts'
import { measureNode, measureWindows, shareOf } from './peer-tier/measure-peers.ts'
import { PEER_TIER_OPTIONS, type PeerTierOptions } from './peer-tier/options.ts'
import { checkPayments } from './peer-tier/check-payments.ts'
import { PeerNode } from './peer-tier/peer-node.ts'
import { PeerShop, type ShopInit } from './peer-tier/peer-shop.ts'
import { drawPeerTasks, type PeerTasks } from './peer-tier/peer-tasks.ts'

/** Names under which a liar comes back, where it does. */
const SYBILS = 6
const DOWN_MS = 1_000

/**
 * The same tasks at two nodes with the same policy, one of which may buy answers from peers on a real market. What that costs, at which quality, and how soon a peer is found out that
 * undercuts the others and lies.
 */
export const PEER_TIER: Scenario<PeerTierOptions> = defineScenario<PeerTierOptions>({
  name: 'peer-tier',
  summary: 'Tasks that a node may buy from peers, some of whom lie; share, cost and quality with and without',
  schema: PEER_TIER_OPTIONS,
  async open(stage, options) {
    const tasks = drawPeerTasks(stage, options)
    const artefact = policyOf(tasks)
    const best = tasks.entries.find(({ tier }) => tier === 'premium_api')?.id ?? ''
    const [without, trading] = ['without', 'trading'].map(
      (name) => new PeerNode(stage, { name, tasks, options, artefact, best }),
    ) as [PeerNode, PeerNode]
    const market = await SimulatedMarket.open(stage, { onFailure: (_name, cause) => stage.world.fail(cause) })
    const honest = Array.from({ length: options.honest }, (_, at) => honestShop(at, options))
    const liars = liarShops(options, () => trading.served.length)
    const shops = [...honest, ...liars].map((init) => new PeerShop(market, tasks, init))
    for (const shop of shops) await shop.join()
    await without.startAlone()
    await trading.startTrading(market, () => shops.map(({ did }) => did))
    without.play()
    trading.play()
    scheduleKills(
      stage,
      [...shops.map(({ machineOf }) => machineOf), trading.machine, market.notaries[0]?.machine],
      options,
    )
    stage.agents = shops.length + 2
    return {
      playMs: options.gapMs * (options.tasks + 1),
      convergeMs: 600_000,
      isSettled: () => without.isDone && trading.isDone && trading.hasSettled,
      finish: async () => await finish(stage, { without, trading, market, shops, options }),
    }
  },
})

/** Machines die at any moment, with what they were doing; a second later they are back with what lies on their disks. */
function scheduleKills(
  stage: Stage,
  machines: readonly (Machine | undefined)[],
  { kills, tasks, gapMs }: PeerTierOptions,
): void {
  const { world } = stage
  const draw = stage.random('kills')
  for (let at = 0; at < kills; at += 1) {
    const machine = machines[draw.nextBelow(machines.length)]
    world.schedule(Math.ceil(draw.nextUnit() * tasks * gapMs), {
      kind: 'machine dies',
      run: () => {
        machine?.kill()
        machine?.restartIn(DOWN_MS)
      },
    })
  }
}

type Played = {
  readonly without: PeerNode
  readonly trading: PeerNode
  readonly market: SimulatedMarket
  readonly shops: readonly PeerShop[]
  readonly options: PeerTierOptions
}

async function finish(stage: Stage, { without, trading, market, shops, options }: Played): Promise<PlayEnd> {
  const paidNanos = await checkPayments(stage, { trading, market })
  const liars = new Set(shops.filter(({ name }) => name.startsWith('liar')).map(({ did }) => `${did}`))
  const from = options.liar === 'sleeper' ? Math.floor(options.tasks / 2) : 0
  const isLiars = (modelId: string): boolean => liars.has(modelId.slice(modelId.lastIndexOf('/') + 1))
  const metrics = {
    without: measureNode(without),
    with: measureNode(trading),
    liar: shareOf(trading, isLiars, from),
    honest: shareOf(trading, (modelId) => !isLiars(modelId), from),
    windows: { without: measureWindows(without, isLiars), with: measureWindows(trading, isLiars) },
    paid_credits: Number(paidNanos) / 1e9,
  }
  const answersOf = ({ served }: PeerNode): string[] => served.map((one) => one?.result?.modelId ?? one?.code ?? 'none')
  return {
    metrics,
    state: { without: answersOf(without), with: answersOf(trading), paid: paidNanos.toString() },
  }
}

function policyOf({ train, entries }: PeerTasks): PolicyArtefact | undefined {
  if (train.length < 20) return undefined
  const candidates = entries.map(({ id }) => id).toSorted()
  const lineage = { dataCardHash: 'peer-tier', codeVersion: 'simulation' }
  return trainPolicy(train, { candidates, withCosts: true, seed: 1, lineage })
}

function honestShop(at: number, { honestPrice }: PeerTierOptions): ShopInit {
  return { name: `honest-${at}`, price: honestPrice * (1 + at / 10), plan: () => 'right' }
}

function liarShops({ liar, liarPrice, tasks }: PeerTierOptions, askedSoFar: () => number): readonly ShopInit[] {
  const shop = (name: string, plan: ShopInit['plan']): ShopInit => ({ name, price: liarPrice, plan })
  switch (liar) {
    case 'none':
      return []
    case 'garbage':
      return [shop('liar', () => 'garbage')]
    case 'plausible':
      return [shop('liar', () => 'lie')]
    case 'silent':
      return [shop('liar', () => 'nothing')]
    case 'sleeper':
      return [shop('liar', () => (askedSoFar() < Math.floor(tasks / 2) ? 'right' : 'lie'))]
    case 'sybil':
      return Array.from({ length: SYBILS }, (_, at) => shop(`liar-${at}`, () => 'lie'))
  }
}

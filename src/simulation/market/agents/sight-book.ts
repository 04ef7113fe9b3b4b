import type { Did } from '../../../core/evidence/names.ts'
import { UNKNOWN_STANDING } from '../../../core/market/match-offers.ts'
import { meanOf } from '../../metrics/dispersion.ts'
import type { SellerSight } from '../../metrics/marketplace-metrics.ts'
import { type Sighting, timeToDetect } from '../../metrics/separation.ts'
import type { ReputationKeeper } from '../../../market/reputation/reputation-keeper.ts'
import type { Town } from './town.ts'
import type { TownAgent } from './town-agent.ts'

/** Between two looks, virtual milliseconds. */
const LOOK_MS = 1_000

/** What honest buyers hold of sellers in the course of a play, by their own books. Nobody in the market sees it. */
export class SightBook {
  private readonly town: Town
  private readonly firstFraudMs = new Map<string, number>()
  private readonly sightings = new Map<string, Sighting[]>()
  private lookedMs = Number.NEGATIVE_INFINITY

  constructor(town: Town) {
    this.town = town
  }

  /** Called between events; looks where it is time. Sellers that have cheated are looked at from their first fraud on. */
  look(): void {
    const nowMs = this.town.market.stage.world.nowMs()
    if (nowMs - this.lookedMs < LOOK_MS) return
    this.lookedMs = nowMs
    this.lookAt(nowMs)
  }

  /** At the end. */
  sights(): readonly SellerSight[] {
    this.lookAt(this.town.market.stage.world.nowMs())
    return this.town.agents
      .filter(({ side }) => side === 'seller')
      .map((seller) => {
        const { name } = seller
        const sinceMs = this.firstFraudMs.get(name)
        return {
          name,
          strategy: seller.strategy.name,
          isHonest: seller.strategy.name === 'honest',
          standingPpm: meanOf(this.standingsOf(seller)),
          hasCheated: sinceMs !== undefined,
          detectedMs:
            sinceMs === undefined
              ? undefined
              : timeToDetect(this.sightings.get(name) ?? [], { sinceMs, below: UNKNOWN_STANDING.reputationPpm }),
        }
      })
  }

  private lookAt(atMs: number): void {
    for (const seller of this.town.agents) {
      if (seller.side !== 'seller' || seller.attempts === 0) continue
      if (!this.firstFraudMs.has(seller.name)) this.firstFraudMs.set(seller.name, atMs)
      const standings = this.standingsOf(seller)
      // Whoever sees through it first has seen through it; the others deal with it for themselves.
      const standing = standings.reduce((low, ppm) => Math.min(low, ppm), UNKNOWN_STANDING.reputationPpm)
      const known = this.sightings.get(seller.name)
      if (known === undefined) this.sightings.set(seller.name, [{ atMs, standing }])
      else known.push({ atMs, standing })
    }
  }

  /** The lowest standing that one of its names has with each honest buyer who knows one. */
  private standingsOf({ identities }: TownAgent): readonly number[] {
    return this.town.agents
      .filter(({ side, strategy }) => side === 'buyer' && strategy.name === 'honest')
      .flatMap((buyer) => {
        const reputation = buyer.identities.findLast(({ running }) => running !== undefined)?.running?.reputation
        const standings =
          reputation === undefined ? [] : identities.flatMap(({ did }) => standingWith(reputation, did) ?? [])
        return standings.length === 0 ? [] : [Math.min(...standings)]
      })
  }
}

function standingWith(reputation: ReputationKeeper, seller: Did): number | undefined {
  const known = reputation.show(seller).find(({ role }) => role === 'worker')
  return known && Number(known.meanPpm)
}

import type { Did } from '../../core/evidence/names.ts'
import type { PeerOffer } from '../../core/peer-tier/peer-offer.ts'
import { pause } from '../parties/contracts/contract-follower.ts'
import type { PartyPeerMarketInit, PeerBuyer } from './party-peer-init.ts'
import { askForOffers, type OfferPlace, placesOf, readToldOffers } from './read-offers.ts'

/** Before nodes are asked again where nobody offers anything: who has just started may not have been reached yet. */
const EMPTY_MS = 5_000
/** The first of several changes of cards is seen at once, all further ones together after so long: whoever makes cards without end costs little. */
const REREAD_MS = 250

/** Standing offers of other nodes: those that they have said to everybody, as soon as they do, and those that were asked for, from time to time. */
export class KnownOffers {
  private readonly role: PeerBuyer
  private readonly init: PartyPeerMarketInit
  private told: readonly PeerOffer[] = []
  private asked: readonly PeerOffer[] = []
  /** Nodes and skills of which the card speaks. */
  private covered: ReadonlySet<string> = new Set()
  private readings = 0
  private lastReading = 0
  private isRereading = false
  private hasChanged = false

  constructor(role: PeerBuyer, init: PartyPeerMarketInit) {
    this.role = role
    this.init = init
  }

  get list(): readonly PeerOffer[] {
    return [...this.told, ...this.asked]
  }

  /** Reads from now on, until the party stops. */
  start(): void {
    const { party } = this.role
    const { cards, refreshMs, onError } = this.init
    party.begin(async () => {
      const unwatch = cards?.watch((node) => this.seeChange(node))
      try {
        while (!party.isStopped) {
          await this.refresh().catch((error: unknown) => {
            if (!party.isStopped) onError(error)
          })
          const isEmpty = this.told.length + this.asked.length === 0
          await pause(party.components.timers, isEmpty ? Math.min(refreshMs, EMPTY_MS) : refreshMs, party.signal)
        }
      } finally {
        unwatch?.()
      }
    })
  }

  /** Reads the cards, and asks the nodes that have none. */
  async refresh(): Promise<void> {
    const places = await this.readCards()
    const asked = await askForOffers(this.role, this.init, places)
    // Its card came while it was asked.
    this.asked = asked.filter((offer) => !this.covered.has(placeName(offer)))
  }

  /** What a newer card does not name any more is gone at once, before anything else is read. */
  private seeChange(node: Did): void {
    const said = this.init.cards?.cardOf(node)?.card.offers ?? []
    const isSold = said.some(({ terms }) => this.init.skills.includes(terms.skill))
    if (!isSold && !this.told.some((offer) => offer.node === node)) return
    this.told = this.told.filter((offer) => offer.node !== node || said.some(({ id }) => id === offer.id))
    this.hasChanged = true
    if (!this.isRereading) this.role.party.begin(async () => await this.reread())
  }

  private async reread(): Promise<void> {
    const { party } = this.role
    this.isRereading = true
    try {
      while (this.hasChanged && !party.isStopped) {
        this.hasChanged = false
        await this.readCards()
        if (this.hasChanged) await pause(party.components.timers, REREAD_MS, party.signal)
      }
    } finally {
      this.isRereading = false
    }
  }

  private async readCards(): Promise<readonly OfferPlace[]> {
    this.readings += 1
    const reading = this.readings
    const places = placesOf(this.init)
    const told = await readToldOffers(this.role, this.init, places)
    // A later one was faster.
    if (reading < this.lastReading) return places
    this.lastReading = reading
    this.told = told.filter((offer) => this.isStillSaid(offer))
    this.covered = new Set(places.filter(({ entry }) => entry !== undefined).map(placeName))
    this.asked = this.asked.filter((offer) => !this.covered.has(placeName(offer)))
    return places
  }

  private isStillSaid({ node, id }: PeerOffer): boolean {
    return this.init.cards?.cardOf(node)?.card.offers.some((offer) => offer.id === id) === true
  }
}

function placeName({ node, skill }: Pick<PeerOffer, 'node' | 'skill'>): string {
  return `${node}\0${skill}`
}

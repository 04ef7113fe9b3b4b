import type { RandomStream } from '../../base/random-stream.ts'
import type { Did } from '../../core/evidence/names.ts'
import { streamOf } from '../world/seeded-random.ts'
import type { World } from '../world/world.ts'
import type { WorldProcess } from '../world/world-process.ts'
import { arrivalsOf, GOOD_LINK, type LinkFaults } from './link-faults.ts'
import { type Letter, SimulatedTransport } from './simulated-transport.ts'

const KINDS = { question: 'net question', answer: 'net answer', end: 'net end' } as const

export type NetworkCounts = {
  sent: number
  lost: number
  duplicated: number
  cut: number
  held: number
  /** Arrived behind one that was sent after it in the same direction. */
  overtaken: number
}

/** What has happened on one link so far, and how far its letters have come: by the order in which they were sent. */
type Traffic = { readonly counts: NetworkCounts; posted: number; latest: number }

/**
 * The network between the processes of a world. It carries questions and answers, each by itself: loses, doubles and delays them as the link says, holds them back where a link is clogged, and
 * drops what crosses a partition when it would arrive. Who is not there does not answer.
 */
export class SimulatedNetwork {
  readonly counts: NetworkCounts = newCounts()
  private readonly world: World
  private readonly random: RandomStream
  private readonly stations = new Map<string, SimulatedTransport>()
  private readonly links = new Map<string, LinkFaults>()
  private readonly cuts = new Set<string>()
  private readonly clogs = new Map<string, number>()
  private readonly ofLinks = new Map<string, Traffic>()
  private usual: LinkFaults = GOOD_LINK

  constructor(world: World) {
    this.world = world
    this.random = streamOf(world.seed, 'network')
  }

  /**
   * A transport of a process, reached at `/sim/NAME`. It ends with its process.
   *
   * @param init  `onServed` is told of each question that is being answered.
   */
  createTransport(
    owner: WorldProcess,
    { did, name, onServed }: { readonly did: Did; readonly name: string; readonly onServed?: () => void },
  ): SimulatedTransport {
    return new SimulatedTransport({ network: this, owner, onServed }, { did, address: `/sim/${name}` })
  }

  /** What came of all that was sent in one direction. */
  countsOf(from: Did, to: Did): Readonly<NetworkCounts> {
    return this.trafficOf(`${from} ${to}`).counts
  }

  /** How all links are from now on that are not named by themselves. */
  setUsual(faults: LinkFaults): void {
    this.usual = faults
  }

  /** One direction. `undefined`: as all are. */
  setLink(from: Did, to: Did, faults: LinkFaults | undefined): void {
    if (faults === undefined) this.links.delete(`${from} ${to}`)
    else this.links.set(`${from} ${to}`, faults)
  }

  /** Nothing arrives in this direction until it is healed, what is under way included. */
  cut(from: Did, to: Did): void {
    this.cuts.add(`${from} ${to}`)
  }

  heal(from: Did, to: Did): void {
    this.cuts.delete(`${from} ${to}`)
  }

  /** What is sent in this direction waits for so long, and then comes all at once. */
  clog(from: Did, to: Did, forMs: number): void {
    this.clogs.set(`${from} ${to}`, this.world.nowMs() + forMs)
  }

  /** All faults end. */
  calm(): void {
    this.links.clear()
    this.cuts.clear()
    this.clogs.clear()
    this.usual = GOOD_LINK
  }

  /** For transports: `false` where the address is taken. */
  open(address: string, station: SimulatedTransport): boolean {
    if (this.stations.get(address)?.isOpen === true) return false
    this.stations.set(address, station)
    return true
  }

  close(address: string, station: SimulatedTransport): void {
    if (this.stations.get(address) === station) this.stations.delete(address)
  }

  /** Who answers at an address now. */
  at(address: string): SimulatedTransport | undefined {
    const station = this.stations.get(address)
    return station?.isOpen === true ? station : undefined
  }

  send(letter: Letter): void {
    const address = `${letter.from} ${letter.to}`
    this.world.begin({ address, payload: [letter.kind, letter.content], run: () => this.post(address, letter) })
  }

  private post(link: string, letter: Letter): void {
    const count = (what: keyof NetworkCounts): void => this.count(link, what)
    count('sent')
    const arrivals = arrivalsOf(this.links.get(link) ?? this.usual, this.random)
    if (arrivals.length === 0) count('lost')
    if (arrivals.length === 2) count('duplicated')
    const traffic = this.trafficOf(link)
    const place = (traffic.posted += 1)
    let isHere = false
    const arrive = (): void => {
      // The copy of one that was here before has not been overtaken.
      if (!isHere && place < traffic.latest) count('overtaken')
      isHere = true
      traffic.latest = Math.max(traffic.latest, place)
      this.arrive(letter)
    }
    const heldMs = Math.max(0, (this.clogs.get(link) ?? 0) - this.world.nowMs())
    if (heldMs > 0) count('held')
    for (const delayMs of arrivals)
      this.world.schedule(heldMs + delayMs, {
        kind: KINDS[letter.kind],
        address: link,
        payload: letter.content,
        run: arrive,
      })
  }

  private arrive(letter: Letter): void {
    const link = `${letter.from} ${letter.to}`
    if (this.cuts.has(link)) {
      this.count(link, 'cut')
      return
    }
    letter.arrive()
  }

  private count(link: string, what: keyof NetworkCounts): void {
    this.counts[what] += 1
    this.trafficOf(link).counts[what] += 1
  }

  private trafficOf(link: string): Traffic {
    const known = this.ofLinks.get(link) ?? { counts: newCounts(), posted: 0, latest: 0 }
    this.ofLinks.set(link, known)
    return known
  }
}

function newCounts(): NetworkCounts {
  return { sent: 0, lost: 0, duplicated: 0, cut: 0, held: 0, overtaken: 0 }
}

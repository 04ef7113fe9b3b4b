import { clockJump } from '../../faults/clock-harm.ts'
import { diskHarm, isDiskKind, troubledDisk } from '../../faults/disk-harm.ts'
import type { FaultKind, PlannedFault } from '../../faults/fault-plan.ts'
import { harmLink, isLinkKind, LINK_KINDS, linkHarm, type LinkEnds, relieveLink } from '../../faults/link-harm.ts'
import { PowerCuts } from '../../faults/power-cuts.ts'
import { MODEL_FAULTS } from '../../models/model-fault.ts'
import { GOOD_DISK } from '../../disk/simulated-disk.ts'
import type { Machine } from '../../machine/machine.ts'
import { restartInOrder } from '../../machine/restart-in-order.ts'
import { type ClockSkew, NO_SKEW } from '../../world/world-process.ts'
import { PARTY_LIES, PartyLies } from '../../market/hostile/party-lies.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { ChaosMarket } from './chaos-market.ts'
import type { ChaosModels } from './chaos-models.ts'
import type { ChaosNode } from './chaos-node.ts'
import type { Client } from './client.ts'

const NODE_KINDS = [
  'process-death',
  'power-cut',
  'worker-death',
  'slow-disk',
  'full-disk',
  'refused-write',
  'clock-skew',
  'clock-jump',
  'mailbox-flood',
] as const

/** A clock that is far off is brought back by running wrong: time daemons slew by up to 8 in 100, here by up to 2 either way. */
const SLEW_PPM = 40_000

/** Of the processes of the market that end, those that are told to. */
const ORDERLY_SHARE = 0.4

/** The kinds that this scenario makes happen. */
export const CHAOS_KINDS: readonly FaultKind[] = [...LINK_KINDS, ...NODE_KINDS, ...MODEL_FAULTS, ...PARTY_LIES]

/** Who is there from the beginning. */
export type Befallen = {
  readonly nodes: readonly ChaosNode[]
  readonly clients: readonly Client[]
  readonly models: ChaosModels
}

/** Makes faults happen, and says which of them befell somebody. */
export class ChaosFaults {
  private readonly stage: Stage
  private readonly nodes: readonly ChaosNode[]
  private market: ChaosMarket | undefined
  private readonly models: ChaosModels
  private liars: PartyLies | undefined
  private readonly powerCuts: PowerCuts
  private readonly links: string[]
  private readonly dids: Map<string, ChaosNode['did']>
  /** How often a disk or a link had done something bad when the fault began. */
  private readonly before = new Map<number, number>()

  constructor({ nodes, clients, models }: Befallen, stage: Stage) {
    this.stage = stage
    this.nodes = nodes
    this.models = models
    this.powerCuts = new PowerCuts(stage)
    const ends = [
      ...nodes.map(({ name, did }) => ({ name, did })),
      ...clients.map(({ did }, index) => ({ name: `client-${index + 1}`, did })),
    ]
    this.dids = new Map(ends.map(({ name, did }) => [name, did]))
    this.links = ends.flatMap(({ name: from }) =>
      ends
        .filter(({ name: to }) => from !== to && !(from.startsWith('client') && to.startsWith('client')))
        .map(({ name: to }) => `${from}>${to}`),
    )
  }

  /** The machines of the market, their disks, clocks and links, can be befallen as well. */
  joined(market: ChaosMarket): void {
    this.market = market
    this.liars = new PartyLies(this.stage, market.town)
    const { network, notaries, parties } = market.town.market
    const keepers = notaries.map(({ machine }) => machine.name)
    const names = [...keepers, ...parties.keys()]
    for (const name of names) this.dids.set(name, network.identity(name).did)
    for (const one of keepers)
      for (const other of names) if (one !== other) this.links.push(`${one}>${other}`, `${other}>${one}`)
  }

  targetsOf(kind: FaultKind): readonly string[] {
    if (isLinkKind(kind)) return this.links
    if (PARTY_LIES.includes(kind)) return this.liars?.targets ?? []
    if (MODEL_FAULTS.some((each) => each === kind)) return this.models.targetsOf(kind)
    const own = this.nodes.map(({ name }) => name)
    if (kind === 'worker-death' || kind === 'mailbox-flood') return own
    return [...own, ...(this.market?.machines.map(({ name }) => name) ?? [])]
  }

  inject(fault: PlannedFault): void {
    const { target, kind } = fault
    if (this.models.inject(fault)) return
    if (PARTY_LIES.includes(kind)) {
      this.liars?.inject(fault)
      return
    }
    this.before.set(fault.id, this.harmOf(fault))
    const machine = this.machineOf(target)
    if (machine !== undefined) this.injectMachine(machine, fault)
    else harmLink(this.stage.network, fault, this.endsOf(target))
  }

  relieve(fault: PlannedFault): void {
    const { kind, target, id } = fault
    if (this.models.relieve(fault) || PARTY_LIES.includes(kind)) return
    if (this.harmOf(fault) > (this.before.get(id) ?? 0) && !isMoment(kind)) this.stage.countFault(kind)
    this.before.delete(id)
    const machine = this.machineOf(target)
    if (machine === undefined) relieveLink(this.stage.network, kind, this.endsOf(target))
    else if (kind === 'power-cut') this.powerCuts.relieve(fault, machine)
    else if (isDiskKind(kind)) machine.disk.setFaults(GOOD_DISK)
    else if (kind === 'clock-skew') this.setSkew(machine, { driftPpm: this.nodeOf(machine)?.driftPpm ?? 0 })
    else if (kind === 'clock-jump' && this.market?.machines.includes(machine) === true)
      this.setSkew(machine, { offsetMs: 0 })
  }

  /** Disks and clocks are good, and machines that are down come up. */
  calm(): void {
    this.models.provider.calm()
    for (const machine of this.stage.machines) {
      machine.disk.setFaults(GOOD_DISK)
      // The clocks of those who keep books for others are looked after.
      if (this.market?.machines.includes(machine) === true) this.setSkew(machine, NO_SKEW)
      if (machine.running === undefined) machine.restartIn(1)
    }
  }

  private injectMachine(machine: Machine, fault: PlannedFault): void {
    const { kind, forMs, strength, target } = fault
    const troubled = troubledDisk(kind, strength)
    if (troubled !== undefined) {
      machine.disk.setFaults(troubled)
      return
    }
    const node = this.nodes.find(({ name }) => name === target)
    switch (kind) {
      case 'power-cut':
        this.powerCuts.inject(fault, machine)
        return
      case 'process-death':
        if (machine.running === undefined) return
        if (node === undefined && strength < ORDERLY_SHARE) restartInOrder(machine, 50 + forMs)
        else {
          machine.kill()
          machine.restartIn(50 + forMs)
        }
        this.stage.countFault(kind)
        return
      case 'worker-death':
        if (node?.killWorker() === true) this.stage.countFault(kind)
        return
      case 'clock-skew':
        this.setSkew(machine, { driftPpm: Math.floor((strength - 0.5) * (node === undefined ? 2_000 : SLEW_PPM)) })
        this.stage.countFault(kind)
        return
      case 'clock-jump':
        this.setSkew(machine, { offsetMs: clockJump(strength, node === undefined ? 2_000 : 30_000) })
        this.stage.countFault(kind)
        return
      case 'mailbox-flood':
        if ((node?.crew?.flood(40 + Math.floor(200 * strength)) ?? 0) > 0) this.stage.countFault(kind)
        return
      default:
        return
    }
  }

  /** How much harm of this kind has come to its target so far. */
  private harmOf({ kind, target }: PlannedFault): number {
    const machine = this.machineOf(target)
    return machine === undefined
      ? linkHarm(this.stage.network, kind, this.endsOf(target))
      : diskHarm(machine.disk, kind)
  }

  /** Whoever waits for a time of that clock hears of it first. */
  private setSkew(machine: Machine, change: Partial<ClockSkew>): void {
    this.nodeOf(machine)?.clockIsSet()
    this.market?.punctual.clockIsSet(machine.name)
    const skew = { ...NO_SKEW, ...machine.skew, ...change }
    machine.skew = skew
    if (machine.running !== undefined) machine.running.skew = skew
  }

  private nodeOf(machine: Machine): ChaosNode | undefined {
    return this.nodes.find((node) => node.machine === machine)
  }

  private machineOf(target: string): Machine | undefined {
    return this.stage.machines.find(({ name }) => name === target)
  }

  private endsOf(link: string): LinkEnds {
    const [from, to] = link.split('>').map((name) => this.dids.get(name))
    return [from, to]
  }
}

/** Kinds that are counted where they are made to happen. */
function isMoment(kind: FaultKind): boolean {
  return ['process-death', 'power-cut', 'worker-death', 'clock-skew', 'clock-jump', 'mailbox-flood'].includes(kind)
}

import { clockJump } from '../../faults/clock-harm.ts'
import { diskHarm, isDiskKind, troubledDisk } from '../../faults/disk-harm.ts'
import type { FaultKind, PlannedFault } from '../../faults/fault-plan.ts'
import { harmLink, isLinkKind, linkHarm, type LinkEnds, relieveLink } from '../../faults/link-harm.ts'
import { PowerCuts } from '../../faults/power-cuts.ts'
import { GOOD_DISK } from '../../disk/simulated-disk.ts'
import type { Machine } from '../../machine/machine.ts'
import { restartInOrder } from '../../machine/restart-in-order.ts'
import { isNotaryLie } from '../../market/hostile/lying-notary.ts'
import { PARTY_LIES, PartyLies } from '../../market/hostile/party-lies.ts'
import { type ClockSkew, NO_SKEW } from '../../world/world-process.ts'
import { Copies } from './copies.ts'
import { drawnBuild, type FleetWorld } from './fleet-world.ts'
import { Losses } from './losses.ts'

/** Of the processes that end, those that are told to. */
const ORDERLY_SHARE = 0.3
const DRIFT_PPM = 2_000
const JUMP_MS = 2_000
/** The least and the most that a liar's clock is off when it stamps falsely. */
const FALSE_MS = [5_000, 120_000] as const
/** Between two machines that get a new build. */
const UPGRADE_EVERY_MS = 900
const UPGRADE_DOWN_MS = 150
/** Every link between two notaries. */
const MESH = 'notaries'

/** Makes faults happen in the fleet, and says which of them befell somebody. */
export class FleetFaults {
  readonly losses: Losses
  private readonly world: FleetWorld
  private readonly copies: Copies
  private readonly powerCuts: PowerCuts
  private readonly partyLies: PartyLies
  /** How much harm a disk or a link had come to when the fault began. */
  private readonly before = new Map<number, number>()
  /** Commit votes that were lost when the fault began. */
  private readonly lostBefore = new Map<number, number>()
  private hasLied = new Map<FaultKind, number>()

  constructor(world: FleetWorld) {
    this.world = world
    this.losses = new Losses(world)
    this.copies = new Copies(world)
    this.powerCuts = new PowerCuts(world.stage)
    this.partyLies = new PartyLies(world.stage, world.town)
  }

  targetsOf(kind: FaultKind): readonly string[] {
    const { notaries, parties } = this.world.town.market
    const keepers = notaries.map(({ machine }) => machine.name)
    const everybody = [...keepers, ...keepers, ...parties.keys()]
    if (isLinkKind(kind)) return this.links(keepers, [...parties.keys()])
    if (isNotaryLie(kind)) return this.world.liar === undefined ? [] : [this.world.liar.machine.machine.name]
    if (PARTY_LIES.includes(kind)) return this.partyLies.targets
    if (kind === 'older-copy') return this.world.honest.map(({ machine }) => machine.name)
    if (kind === 'upgrade') return [MESH]
    return everybody
  }

  inject(fault: PlannedFault): void {
    const { kind, target, strength } = fault
    if (PARTY_LIES.includes(kind)) this.partyLies.inject(fault)
    else if (isNotaryLie(kind)) this.lie(fault)
    else if (kind === 'older-copy') this.copies.take(fault)
    else if (kind === 'upgrade') this.upgrade()
    else if (kind === 'commits-lost') this.loseCommits(fault)
    else if (kind === 'quorum-loss' || kind === 'member-loss') this.losses.begin(fault)
    else if (kind === 'machine-joins') {
      this.world.members.join(target)
      this.world.stage.countFault(kind)
    } else if (kind === 'machine-leaves') {
      this.world.members.leave(target)
      this.world.stage.countFault(kind)
    } else {
      this.before.set(fault.id, this.harmOf(fault))
      const machine = this.machineOf(target)
      if (machine !== undefined) this.injectMachine(machine, fault)
      else for (const ends of this.endsOf(target)) harmLink(this.world.stage.network, { ...fault, strength }, ends)
    }
  }

  relieve(fault: PlannedFault): void {
    const { kind, target, id } = fault
    const { network } = this.world.stage
    if (kind === 'quorum-loss' || kind === 'member-loss') this.losses.end(fault)
    else if (isNotaryLie(kind)) this.tellTruth(kind)
    else if (kind === 'older-copy') this.copies.putBack(fault)
    else if (kind === 'commits-lost') this.hearCommits(fault)
    if (!this.before.has(id)) return
    if ((isLinkKind(kind) || isDiskKind(kind)) && this.harmOf(fault) > (this.before.get(id) ?? 0))
      this.world.stage.countFault(kind)
    this.before.delete(id)
    const machine = this.machineOf(target)
    if (machine === undefined) for (const ends of this.endsOf(target)) relieveLink(network, kind, ends)
    else if (kind === 'power-cut') this.powerCuts.relieve(fault, machine)
    else if (isDiskKind(kind)) machine.disk.setFaults(GOOD_DISK)
    else if (kind === 'clock-skew') this.setSkew(machine, { driftPpm: 0 })
    else if (kind === 'clock-jump') this.setSkew(machine, { offsetMs: 0 })
  }

  /** Disks and clocks are good, and machines that are down come up. Half of the liars lie on: the others have to do without them. */
  calm(): void {
    const { stage, liar, members } = this.world
    for (const machine of stage.machines) {
      // Whoever has gone stays away, and whoever has not come yet starts when it has paid in.
      if (members.gone.has(machine) || machine.incarnation === 0) continue
      const isBroken = machine.disk.counts.refused > 0
      machine.disk.setFaults(GOOD_DISK)
      this.setSkew(machine, NO_SKEW)
      if (isBroken) machine.kill()
      if (machine.running === undefined) machine.restartIn(1)
    }
    // Whoever has forgotten what it signed needs all others to say it.
    if (liar === undefined || stage.faults['older-copy'] !== undefined || stage.random('persistence').nextUnit() < 0.5)
      return
    for (const [kind, strength] of this.hasLied) if (isNotaryLie(kind)) this.begin(kind, strength)
  }

  private loseCommits({ id }: PlannedFault): void {
    const { commits } = this.world
    this.lostBefore.set(id, commits.lost)
    commits.begin()
  }

  private hearCommits({ id, kind }: PlannedFault): void {
    const { commits, stage } = this.world
    const before = this.lostBefore.get(id)
    if (before === undefined) return
    this.lostBefore.delete(id)
    commits.end()
    if (commits.lost > before) stage.countFault(kind)
  }

  private lie({ kind, strength }: PlannedFault): void {
    if (isNotaryLie(kind)) this.begin(kind, strength)
    this.hasLied.set(kind, strength)
  }

  private begin(kind: Parameters<NonNullable<FleetWorld['liar']>['mind']['begin']>[0], strength: number): void {
    const { liar, stage } = this.world
    liar?.mind.begin(kind, strength)
    if (kind !== 'notary-stamps-falsely' || liar === undefined) return
    const offMs = FALSE_MS[0] + Math.abs(2 * strength - 1) * (FALSE_MS[1] - FALSE_MS[0])
    this.setSkew(liar.machine.machine, { offsetMs: Math.floor(strength < 0.3 ? -offMs : offMs) })
    stage.countFault(kind)
  }

  private tellTruth(kind: FaultKind): void {
    const { liar } = this.world
    if (liar === undefined || !isNotaryLie(kind)) return
    liar.mind.end(kind)
    if (kind === 'notary-stamps-falsely') this.setSkew(liar.machine.machine, NO_SKEW)
  }

  private injectMachine(machine: Machine, fault: PlannedFault): void {
    const { kind, forMs, strength } = fault
    if (this.world.members.gone.has(machine)) return
    const { stage } = this.world
    const troubled = troubledDisk(kind, strength)
    if (troubled !== undefined) machine.disk.setFaults(troubled)
    else if (kind === 'power-cut') this.powerCuts.inject(fault, machine)
    else if (kind === 'process-death') {
      if (machine.running === undefined) return
      if (strength < ORDERLY_SHARE) restartInOrder(machine, 50 + forMs)
      else {
        machine.kill()
        machine.restartIn(50 + forMs)
      }
      stage.countFault(kind)
    } else {
      const isDrift = kind === 'clock-skew'
      const drift = { driftPpm: Math.floor((strength - 0.5) * DRIFT_PPM) }
      this.setSkew(machine, isDrift ? drift : { offsetMs: clockJump(strength, JUMP_MS) })
      stage.countFault(kind)
    }
  }

  /** One notary after the other goes on with a new build, and then the parties. */
  private upgrade(): void {
    const { stage, town, members } = this.world
    const { notaries, parties } = town.market
    const build = drawnBuild(stage.random(`upgrade ${stage.world.nowMs()}`))
    const machines = [...notaries.map(({ machine }) => machine), ...[...parties.values()].map(({ machine }) => machine)]
    for (const [index, machine] of machines.entries())
      stage.world.schedule(index * (index < notaries.length ? UPGRADE_EVERY_MS : UPGRADE_EVERY_MS / 2), {
        kind: 'upgrade',
        run: () => {
          const notary = notaries[index]
          if (notary !== undefined) notary.build = build
          if (members.gone.has(machine) || machine.running === undefined) return
          restartInOrder(machine, UPGRADE_DOWN_MS)
          stage.countFault('upgrade')
        },
      })
  }

  private setSkew(machine: Machine, change: Partial<ClockSkew>): void {
    const skew = { ...NO_SKEW, ...machine.skew, ...change }
    machine.skew = skew
    if (machine.running !== undefined) machine.running.skew = skew
  }

  private links(keepers: readonly string[], parties: readonly string[]): readonly string[] {
    const between = keepers.flatMap((one) => keepers.filter((other) => other !== one).map((other) => `${one}>${other}`))
    const outside = parties.flatMap((party) =>
      keepers.flatMap((keeper) => [`${party}>${keeper}`, `${keeper}>${party}`]),
    )
    // What is between the notaries decides; a storm befalls all of it.
    return [...between, ...between, ...outside, ...Array.from({ length: 6 }, () => MESH)]
  }

  private endsOf(target: string): readonly LinkEnds[] {
    const { network, notaries } = this.world.town.market
    if (target !== MESH) {
      const [from, to] = target.split('>').map((name) => network.identity(name).did)
      return [[from, to]]
    }
    return notaries.flatMap(({ did: from }) =>
      notaries.filter(({ did }) => did !== from).map(({ did: to }): LinkEnds => [from, to]),
    )
  }

  private harmOf({ kind, target }: PlannedFault): number {
    const machine = this.machineOf(target)
    if (machine !== undefined) return diskHarm(machine.disk, kind)
    const { network } = this.world.stage
    return this.endsOf(target).reduce((sum, ends) => sum + linkHarm(network, kind, ends), 0)
  }

  private machineOf(target: string): Machine | undefined {
    return this.world.stage.machines.find(({ name }) => name === target)
  }
}

import type { FaultKind, PlannedFault } from '../../faults/fault-plan.ts'
import { GOOD_DISK } from '../../disk/simulated-disk.ts'
import { GOOD_LINK } from '../../network/link-faults.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { ChaosNode } from './chaos-node.ts'
import type { Client } from './client.ts'

const LINK_KINDS = [
  'message-loss',
  'message-duplication',
  'message-reordering',
  'link-clog',
  'one-way-partition',
] as const
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

/** The kinds that this scenario makes happen. */
export const CHAOS_KINDS: readonly FaultKind[] = [...LINK_KINDS, ...NODE_KINDS]

/** Makes faults happen, and says which of them befell somebody. */
export class ChaosFaults {
  private readonly stage: Stage
  private readonly nodes: readonly ChaosNode[]
  private readonly links: readonly string[]
  private readonly dids: ReadonlyMap<string, ChaosNode['did']>
  /** How often a disk or a link had done something bad when the fault began. */
  private readonly before = new Map<number, number>()

  constructor(stage: Stage, nodes: readonly ChaosNode[], clients: readonly Client[]) {
    this.stage = stage
    this.nodes = nodes
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

  targetsOf(kind: FaultKind): readonly string[] {
    if (LINK_KINDS.some((each) => each === kind)) return this.links
    return this.nodes.map(({ name }) => name)
  }

  inject(fault: PlannedFault): void {
    const { target } = fault
    this.before.set(fault.id, this.harmOf(fault))
    const node = this.nodes.find(({ name }) => name === target)
    if (node !== undefined) this.injectNode(node, fault)
    else this.injectLink(fault)
  }

  relieve(fault: PlannedFault): void {
    const { kind, target, id } = fault
    if (this.harmOf(fault) > (this.before.get(id) ?? 0) && !isMoment(kind)) this.stage.countFault(kind)
    this.before.delete(id)
    const node = this.nodes.find(({ name }) => name === target)
    if (node === undefined) this.relieveLink(fault)
    else if (kind === 'slow-disk' || kind === 'full-disk' || kind === 'refused-write')
      node.machine.disk.setFaults(GOOD_DISK)
    else if (kind === 'clock-skew') this.setSkew(node, { offsetMs: node.machine.skew?.offsetMs ?? 0, driftPpm: 0 })
  }

  /** Disks and clocks are good, and machines that are down come up. */
  calm(): void {
    for (const node of this.nodes) {
      node.machine.disk.setFaults(GOOD_DISK)
      if (node.machine.running === undefined) node.machine.restartIn(1)
    }
  }

  private injectNode(node: ChaosNode, { kind, forMs, strength }: PlannedFault): void {
    const { machine } = node
    const { disk } = machine
    switch (kind) {
      case 'process-death':
      case 'power-cut':
        if (machine.running === undefined) return
        if (kind === 'power-cut') machine.cutPower('mix')
        else machine.kill()
        machine.restartIn(50 + forMs)
        this.stage.countFault(kind)
        return
      case 'worker-death':
        if (node.killWorker()) this.stage.countFault(kind)
        return
      case 'slow-disk':
        disk.setFaults({ ...GOOD_DISK, latencyMsMin: 1, latencyMsMax: 5 + 60 * strength })
        return
      case 'full-disk':
        disk.setFaults({ ...GOOD_DISK, freeBytes: Math.floor(4_000 * strength) })
        return
      case 'refused-write':
        disk.setFaults({ ...GOOD_DISK, refused: 0.02 + 0.2 * strength })
        return
      case 'clock-skew':
        this.setSkew(node, { offsetMs: machine.skew?.offsetMs ?? 0, driftPpm: Math.floor((strength - 0.5) * 2_000) })
        this.stage.countFault(kind)
        return
      case 'clock-jump':
        this.setSkew(node, { offsetMs: Math.floor((strength - 0.5) * 60_000), driftPpm: machine.skew?.driftPpm ?? 0 })
        this.stage.countFault(kind)
        return
      case 'mailbox-flood':
        if ((node.crew?.flood(40 + Math.floor(200 * strength)) ?? 0) > 0) this.stage.countFault(kind)
        return
      default:
        return
    }
  }

  private injectLink({ kind, target, forMs, strength }: PlannedFault): void {
    const { network } = this.stage
    const [from, to] = this.endsOf(target)
    if (from === undefined || to === undefined) return
    if (kind === 'message-loss') network.setLink(from, to, { ...GOOD_LINK, loss: 0.1 + 0.8 * strength })
    else if (kind === 'message-duplication')
      network.setLink(from, to, { ...GOOD_LINK, duplication: 0.2 + 0.8 * strength })
    else if (kind === 'message-reordering')
      network.setLink(from, to, { ...GOOD_LINK, latencyMsMin: 0, latencyMsMax: 50 + 500 * strength })
    else if (kind === 'link-clog') network.clog(from, to, forMs)
    else network.cut(from, to)
  }

  private relieveLink({ kind, target }: PlannedFault): void {
    const { network } = this.stage
    const [from, to] = this.endsOf(target)
    if (from === undefined || to === undefined) return
    if (kind === 'one-way-partition') network.heal(from, to)
    else if (kind !== 'link-clog') network.setLink(from, to, undefined)
  }

  /** How much harm of this kind has come to its target so far. */
  private harmOf({ kind, target }: PlannedFault): number {
    const [from, to] = this.endsOf(target)
    const disk = this.nodes.find(({ name }) => name === target)?.machine.disk.counts
    const link = from === undefined || to === undefined ? undefined : this.stage.network.countsOf(from, to)
    switch (kind) {
      case 'message-loss':
        return link?.lost ?? 0
      case 'message-duplication':
        return link?.duplicated ?? 0
      case 'message-reordering':
        return link?.sent ?? 0
      case 'link-clog':
        return link?.held ?? 0
      case 'one-way-partition':
        return link?.cut ?? 0
      case 'slow-disk':
        return disk?.operations ?? 0
      case 'full-disk':
      case 'refused-write':
        return disk?.refused ?? 0
      default:
        return 0
    }
  }

  private setSkew(node: ChaosNode, skew: { readonly offsetMs: number; readonly driftPpm: number }): void {
    node.machine.skew = skew
    if (node.machine.running !== undefined) node.machine.running.skew = skew
  }

  private endsOf(link: string): readonly (ChaosNode['did'] | undefined)[] {
    return link.split('>').map((name) => this.dids.get(name))
  }
}

/** Kinds that are counted where they are made to happen. */
function isMoment(kind: FaultKind): boolean {
  return ['process-death', 'power-cut', 'worker-death', 'clock-skew', 'clock-jump', 'mailbox-flood'].includes(kind)
}

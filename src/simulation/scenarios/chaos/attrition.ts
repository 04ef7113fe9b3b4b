import type { RandomStream } from '../../../base/random-stream.ts'
import type { PlannedFault } from '../../faults/fault-plan.ts'

export type AttritionInit = {
  /** Machines of accounts and crews. */
  readonly nodes: readonly string[]
  /** Machines of the market. */
  readonly traders: readonly string[]
  /** Machines of the notaries among them. */
  readonly keepers: readonly string[]
  readonly untilMs: number
  /** Id of the first one. */
  readonly firstId: number
}

/** Of each machine of accounts: what outlives a process, and what waits for an instant, is promised by each of them, and a seed in which it does not die and its clock is not set says nothing of that. */
const OF_NODE = ['process-death', 'power-cut', 'power-cut', 'clock-jump', 'clock-jump', 'clock-jump'] as const
/** Of all machines of the market together, which are many and start slowly. */
const OF_TRADERS = 2
/** Of all notaries together: what they keep is all that anybody has. */
const OF_KEEPERS = 2
/** A cut may wait so long for its moment. */
const FOR_MS_MAX = 1_500

/** What no seed leaves out, whatever else it draws: machines in use are started anew all the time, by those who bring new versions and by power that fails, and daemons set their clocks. */
export function drawAttrition(random: RandomStream, init: AttritionInit): PlannedFault[] {
  const { nodes, traders, keepers, untilMs, firstId } = init
  const faults: PlannedFault[] = []
  const add = (kind: PlannedFault['kind'], target: string): void => {
    const atMs = Math.floor((0.05 + 0.9 * random.nextUnit()) * untilMs)
    const forMs = 1 + Math.floor(random.nextUnit() * Math.min(FOR_MS_MAX, untilMs - atMs - 1))
    faults.push({ id: firstId + faults.length, kind, atMs, forMs, target, strength: random.nextUnit() })
  }
  for (const node of nodes) for (const kind of OF_NODE) add(kind, node)
  for (let count = 0; count < OF_TRADERS && traders.length > 0; count += 1)
    add('power-cut', traders[random.nextBelow(traders.length)] ?? '')
  for (let count = 0; count < OF_KEEPERS && keepers.length > 0; count += 1)
    add('power-cut', keepers[random.nextBelow(keepers.length)] ?? '')
  return faults
}

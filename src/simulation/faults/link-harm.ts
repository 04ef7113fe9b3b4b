import type { Did } from '../../core/evidence/names.ts'
import { GOOD_LINK } from '../network/link-faults.ts'
import type { SimulatedNetwork } from '../network/simulated-network.ts'
import type { FaultKind, PlannedFault } from './fault-plan.ts'

/** Kinds of faults that befall one direction between two machines. */
export const LINK_KINDS = [
  'message-loss',
  'message-duplication',
  'message-reordering',
  'link-clog',
  'one-way-partition',
] as const satisfies readonly FaultKind[]

/** From whom to whom; whoever is not known has no link. */
export type LinkEnds = readonly [from: Did | undefined, to: Did | undefined]

export function isLinkKind(kind: FaultKind): boolean {
  return LINK_KINDS.some((each) => each === kind)
}

/** Lets a fault of a link begin. */
export function harmLink(
  network: SimulatedNetwork,
  { kind, forMs, strength }: Pick<PlannedFault, 'kind' | 'forMs' | 'strength'>,
  [from, to]: LinkEnds,
): void {
  if (from === undefined || to === undefined) return
  if (kind === 'message-loss') network.setLink(from, to, { ...GOOD_LINK, loss: 0.1 + 0.8 * strength })
  else if (kind === 'message-duplication')
    network.setLink(from, to, { ...GOOD_LINK, duplication: 0.2 + 0.8 * strength })
  else if (kind === 'message-reordering')
    network.setLink(from, to, { ...GOOD_LINK, latencyMsMin: 0, latencyMsMax: 50 + 500 * strength })
  else if (kind === 'link-clog') network.clog(from, to, forMs)
  else network.cut(from, to)
}

/** Lets it end. A clog ends by itself. */
export function relieveLink(network: SimulatedNetwork, kind: FaultKind, [from, to]: LinkEnds): void {
  if (from === undefined || to === undefined) return
  if (kind === 'one-way-partition') network.heal(from, to)
  else if (kind !== 'link-clog') network.setLink(from, to, undefined)
}

/** How much harm of this kind has come to a link so far. */
export function linkHarm(network: SimulatedNetwork, kind: FaultKind, [from, to]: LinkEnds): number {
  if (from === undefined || to === undefined) return 0
  const counts = network.countsOf(from, to)
  switch (kind) {
    case 'message-loss':
      return counts.lost
    case 'message-duplication':
      return counts.duplicated
    case 'message-reordering':
      return counts.overtaken
    case 'link-clog':
      return counts.held
    case 'one-way-partition':
      return counts.cut
    default:
      return 0
  }
}

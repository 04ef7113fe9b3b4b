import type { RandomStream } from '../../../base/random-stream.ts'
import { DISK_KINDS } from '../../faults/disk-harm.ts'
import { drawFaults, type FaultKind, type PlannedFault } from '../../faults/fault-plan.ts'
import { LINK_KINDS } from '../../faults/link-harm.ts'
import { NOTARY_LIES } from '../../market/hostile/lying-notary.ts'
import { PARTY_LIES } from '../../market/hostile/party-lies.ts'

/** What is drawn for whoever it may befall. */
const DRAWN_KINDS: readonly FaultKind[] = [
  ...LINK_KINDS,
  'process-death',
  'power-cut',
  ...DISK_KINDS,
  'clock-skew',
  'clock-jump',
  ...PARTY_LIES,
  'older-copy',
  'upgrade',
  ...NOTARY_LIES,
]

/** The kinds that this scenario makes happen. */
export const FLEET_KINDS: readonly FaultKind[] = [
  ...DRAWN_KINDS,
  'commits-lost',
  'quorum-loss',
  'member-loss',
  'machine-joins',
  'machine-leaves',
]

export type FleetPlanInit = {
  readonly notaries: readonly string[]
  readonly liar: string | undefined
  readonly joiners: readonly string[]
  readonly leavers: readonly string[]
  readonly faults: number
  /** Virtual milliseconds in which anything may go wrong. */
  readonly untilMs: number
  readonly targetsOf: (kind: FaultKind) => readonly string[]
}

export type FleetPlan = { readonly playMs: number; readonly plan: readonly PlannedFault[] }

/** Behind which a notary does not know what was signed under its key. */
const FORGETTING: readonly FaultKind[] = ['older-copy', 'notary-splits']
/** Of all seeds, those in which two notaries are gone for a while behind all else, and those in which one is. */
const QUORUM_LOSS_SHARE = 0.35
const MEMBER_LOSS_SHARE = 0.35
/** Of all seeds, those in which commit votes are lost, and for how long: longer than a view waits, which is two seconds. */
const COMMIT_LOSS_SHARE = 0.4
const COMMIT_LOSS_MS = [2_500, 5_000] as const
/** How long two are gone, at least and at most. */
const QUORUM_LOSS_MS = [3_000, 6_000] as const
/** Before one fails, the others have come back: their leases of before are over, and so are the views that they left. */
const RECOVERY_MS = 12_000
const MEMBER_LOSS_MS = 25_000

/** Draws a seed: a time in which anything goes wrong, and then, of three seeds in one each, two notaries that fail at once, one that fails alone, or nothing more. */
export function drawFleetPlan(random: RandomStream, init: FleetPlanInit): FleetPlan {
  const { faults, untilMs, targetsOf, liar } = init
  const drawn = drawFaults(random, { kinds: DRAWN_KINDS, targetsOf, count: faults, untilMs })
  // Whoever has an older copy has forgotten what it signed; more than one would be more than the set can bear.
  const copied = drawn.find(({ kind }) => kind === 'older-copy')?.target
  const plan = drawn.filter(({ kind, target }) => kind !== 'older-copy' || target === copied)
  const add = (fault: Omit<PlannedFault, 'id' | 'strength'>): void => {
    plan.push({ ...fault, id: faults + plan.length, strength: random.nextUnit() })
  }
  const momentMs = (): number => Math.floor((0.05 + 0.85 * random.nextUnit()) * untilMs)
  for (const target of init.joiners) add({ kind: 'machine-joins', atMs: momentMs(), forMs: 0, target })
  for (const target of init.leavers) add({ kind: 'machine-leaves', atMs: momentMs(), forMs: 0, target })
  if (liar !== undefined) {
    const kind = NOTARY_LIES[random.nextBelow(NOTARY_LIES.length)] ?? 'notary-withholds'
    const atMs = Math.floor(random.nextUnit() * untilMs * 0.3)
    add({ kind, atMs, forMs: Math.floor(untilMs * 0.6), target: liar })
  }
  const playMs = faults === 0 ? untilMs : untilMs + addLosses(random, { ...init, copied }, add)
  if (faults > 0) addCommitLoss(random, init, add)
  const sorted = plan.toSorted((left, right) => left.atMs - right.atMs || left.id - right.id)
  const spared = secondForgetting(sorted)
  return { playMs, plan: sorted.filter(({ kind }) => kind !== spared) }
}

/**
 * What a second service of the liar has signed the first one does not know: started anew, it waits until the set has gone on, as does whoever was given an older copy. Two that wait
 * at once are more than a set of four bears, whatever the liar does later, so that of the two kinds only the one that comes first befalls a seed. @returns The other.
 */
function secondForgetting(sorted: readonly PlannedFault[]): FaultKind | undefined {
  const [first, ...later] = sorted.map(({ kind }) => kind).filter((kind) => FORGETTING.includes(kind))
  return later.find((kind) => kind !== first)
}

/** In some seeds commit votes are lost for a while, in which one or two views end with a block that is prepared. */
function addCommitLoss(
  random: RandomStream,
  { notaries, untilMs }: Pick<FleetPlanInit, 'notaries' | 'untilMs'>,
  add: (fault: Omit<PlannedFault, 'id' | 'strength'>) => void,
): void {
  const [draw, at, span] = [random.nextUnit(), random.nextUnit(), random.nextUnit()]
  if (draw >= COMMIT_LOSS_SHARE) return
  const [least, most] = COMMIT_LOSS_MS
  const forMs = Math.floor(Math.min(least + span * (most - least), untilMs / 2))
  add({ kind: 'commits-lost', atMs: Math.floor(at * (untilMs - forMs)), forMs, target: notaries.join(' ') })
}

/** @returns How much longer the play is for them. */
function addLosses(
  random: RandomStream,
  { notaries, liar, copied, untilMs }: FleetPlanInit & { readonly copied: string | undefined },
  add: (fault: Omit<PlannedFault, 'id' | 'strength'>) => void,
): number {
  const [draw, first, step, span] = [random.nextUnit(), random.nextBelow(4), random.nextBelow(3), random.nextUnit()]
  if (draw < QUORUM_LOSS_SHARE) {
    const target = [first, (first + step + 1) % 4].map((at) => notaries[at]).join(' ')
    const forMs = Math.floor(QUORUM_LOSS_MS[0] + span * (QUORUM_LOSS_MS[1] - QUORUM_LOSS_MS[0]))
    add({ kind: 'quorum-loss', atMs: untilMs + 500, forMs, target })
    return 1_000 + forMs
  }
  if (draw >= QUORUM_LOSS_SHARE + MEMBER_LOSS_SHARE) return 0
  // Whoever has forgotten what it signed abstains until the set has gone on, and whoever lied is not counted on either: with one of each there is none to spare.
  if (liar !== undefined && copied !== undefined && liar !== copied) return 0
  // The one that lies, or has forgotten, is the one that the set can do without.
  const target = liar ?? copied ?? notaries[first] ?? ''
  add({ kind: 'member-loss', atMs: untilMs + RECOVERY_MS, forMs: MEMBER_LOSS_MS, target })
  return RECOVERY_MS + MEMBER_LOSS_MS + 500
}

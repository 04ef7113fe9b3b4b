import type { RandomStream } from '../../base/random-stream.ts'

/** Everything that a plan may do to a world; README tables and checks of runs go through this list. */
export const FAULT_KINDS = [
  'message-loss',
  'message-duplication',
  'message-reordering',
  'link-clog',
  'one-way-partition',
  'process-death',
  'power-cut',
  'worker-death',
  'slow-disk',
  'full-disk',
  'refused-write',
  'clock-skew',
  'clock-jump',
  'model-outage',
  'model-garbage',
  'model-timeout',
  'price-change',
  'mailbox-flood',
  'double-signature',
  'replayed-message',
  'forged-capability',
  'older-copy',
  'commits-lost',
  'quorum-loss',
  'member-loss',
  'upgrade',
  'machine-joins',
  'machine-leaves',
  'notary-withholds',
  'notary-votes-twice',
  'notary-splits',
  'notary-stamps-falsely',
  'notary-goes-on',
  'notary-answers-falsely',
] as const

/** One of `FAULT_KINDS`. Which of them a scenario can make happen, and what their strength means there, is up to it. */
export type FaultKind = (typeof FAULT_KINDS)[number]

/** One fault of a plan. It begins at `atMs` and, where it lasts, is over `forMs` later. */
export type PlannedFault = {
  /** Its place in the plan that was drawn; it keeps it when others are dropped. No two have the same. */
  readonly id: number
  readonly kind: FaultKind
  /** Virtual milliseconds since the end of `open`, less than `playMs`. */
  readonly atMs: number
  /** It ends with the play at the latest. */
  readonly forMs: number
  /** Whom it befalls: the name of a machine, or of a link as `FROM>TO`; what the scenario calls them. */
  readonly target: string
  /** How bad, 0 to 1; what that means is up to the kind. */
  readonly strength: number
}

/**
 * What `drawFaults` draws from. About half of `kinds` are left out for each seed; a fault of a kind that has no target is dropped, so
 * there may be fewer than `count`. Times are virtual milliseconds.
 */
export type FaultDraw = {
  readonly kinds: readonly FaultKind[]
  readonly targetsOf: (kind: FaultKind) => readonly string[]
  /** Faults drawn, at most. */
  readonly count: number
  /** Faults begin and end within this time. */
  readonly untilMs: number
}

/**
 * Draws the faults of a seed. As swarms do, it leaves out some kinds altogether, so that seeds differ in kind and not only in number.
 *
 * @see Groce et al., Swarm Testing, ISSTA 2012
 */
export function drawFaults(random: RandomStream, { kinds, targetsOf, count, untilMs }: FaultDraw): PlannedFault[] {
  const swarm = kinds.filter(() => random.nextUnit() < 0.5)
  const chosen = swarm.length === 0 ? kinds : swarm
  const faults: PlannedFault[] = []
  for (let id = 0; id < count; id += 1) {
    // The same draws for each, whatever comes of it.
    const [place, at, span, target, strength] = [0, 0, 0, 0, 0].map(() => random.nextUnit()) as [
      number,
      number,
      number,
      number,
      number,
    ]
    const kind = chosen[Math.floor(place * chosen.length)]
    const targets = kind === undefined ? [] : targetsOf(kind)
    const name = targets[Math.floor(target * targets.length)]
    if (kind === undefined || name === undefined) continue
    const atMs = Math.floor(at * untilMs * 0.9)
    const forMs = 1 + Math.floor(span * Math.min(untilMs * 0.25, untilMs - atMs - 1))
    faults.push({ id, kind, atMs, forMs, target: name, strength })
  }
  return faults.toSorted((left, right) => left.atMs - right.atMs || left.id - right.id)
}

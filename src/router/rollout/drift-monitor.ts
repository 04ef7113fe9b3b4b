import { createRandomStream } from '../../base/random-stream.ts'
import { reportDriftOf } from '../../core/learning/drift/detect-drift.ts'
import {
  createDriftWindow,
  DRIFT_DEFAULTS,
  driftReferenceOf,
  type DriftReference,
  type DriftRow,
  type DriftWindow,
} from '../../core/learning/drift/drift-window.ts'
import { PROMPT_FEATURES } from '../../core/policy/prompt-features.ts'
import type { TrialReferences } from '../../core/rollout/journal/drift-codec.ts'
import { trialOf } from '../../core/rollout/rollout-state.ts'
import { readDecisions, readTraffic, type DriftReading } from '../../core/rollout/watch/trial-drift.ts'
import type { DecisionRecord } from '../../core/routing/decision-record.ts'
import type { ServedPolicy } from '../../core/routing/task-outcome.ts'
import type { RolloutOwner } from './rollout-owner.ts'

export type DriftMonitorComponents = {
  readonly owner: Pick<RolloutOwner, 'state' | 'observe'>
  /** Keeps what the trial's requests were at first; called a few times in a trial. Must not throw. */
  readonly keep: (references: TrialReferences) => void
}

export interface DriftMonitor {
  /** Takes in what a finished task was, and which model its plan began with. Never throws. */
  take(arm: ServedPolicy['arm'], decision: DecisionRecord): void
}

/** Requests that a reference is made of, and that each window has at least. */
const REFERENCE_ROWS = 400
const WINDOW_ROWS = DRIFT_DEFAULTS.rowsMin

/**
 * Tells the rollout of drift, window after window. The reference is what the trial itself began with, for two reasons: the tasks then were those
 * that the gate had judged the candidate for, and what had changed before is not the candidate's doing.
 *
 * ```text
 * traffic    |<- 400: reference ->|<- 200 ->|<- 200 ->|<- 200 ->|          both arms
 * candidate  |<-- 400: reference ------->|<-- 200 ------------->|          its own tasks and decisions
 * incumbent  |<-- a sample of the same --|<-- all of the same --|          of the same time
 * ```
 *
 * Of the windows there are only counts. In memory: the rows of the references until they are complete, counts of some fifty features after.
 *
 * @param known  What was kept before a restart; that of another trial is passed over.
 */
export function createDriftMonitor(components: DriftMonitorComponents, known?: TrialReferences): DriftMonitor {
  return new WindowedDriftMonitor(components, known)
}

class WindowedDriftMonitor implements DriftMonitor {
  readonly #components: DriftMonitorComponents
  readonly #known: TrialReferences | undefined
  #trial: TrialWindows | undefined

  constructor(components: DriftMonitorComponents, known: TrialReferences | undefined) {
    this.#components = components
    this.#known = known
  }

  take(arm: ServedPolicy['arm'], decision: DecisionRecord): void {
    const { owner, keep } = this.#components
    const { position } = owner.state
    const trial = trialOf(position)
    if (trial === undefined) {
      this.#trial = undefined
      return
    }
    const { candidate, drift } = trial
    const key = { candidate, since: drift.since }
    if (this.#trial === undefined || !isSame(this.#trial.key, key)) this.#trial = new TrialWindows(key, this.#known)
    const { readings, isLearned } = this.#trial.take(rowOf(decision), { arm, stage: position.stage })
    if (isLearned) keep(this.#trial.references)
    for (const reading of readings) owner.observe({ type: 'drift-observed', ...key, reading })
  }
}

type TrialKey = Pick<TrialReferences, 'candidate' | 'since'>

function isSame(one: TrialKey, other: TrialKey): boolean {
  return one.candidate === other.candidate && one.since === other.since
}

function rowOf({ features, risk, plan }: DecisionRecord): DriftRow {
  const [first] = plan
  return {
    features: features?.length === PROMPT_FEATURES.length ? features : undefined,
    categories: { risk, model: first?.modelId ?? 'none', tier: first?.tier ?? 'none' },
  }
}

type ArmOf = {
  readonly arm: ServedPolicy['arm']
  /** No incumbent answers any more. */
  readonly isAlone: boolean
}

type Taken = { readonly readings: readonly DriftReading[]; readonly isLearned: boolean }

/** The windows of one trial. */
class TrialWindows {
  readonly key: TrialKey
  #traffic: DriftReference | undefined
  #arms: TrialReferences['arms']
  readonly #first = { traffic: newSample(1), candidate: newSample(2), incumbent: newSample(3) }
  #trafficWindow: DriftWindow | undefined
  #armWindows: { readonly candidate: DriftWindow; readonly incumbent: DriftWindow | undefined } | undefined

  constructor(key: TrialKey, known: TrialReferences | undefined) {
    this.key = key
    const isKnown = known !== undefined && isSame(key, known) && hasTheseFeatures(known)
    this.#traffic = isKnown ? (known.traffic ?? undefined) : undefined
    this.#arms = isKnown ? known.arms : null
  }

  get references(): TrialReferences {
    return { ...this.key, traffic: this.#traffic ?? null, arms: this.#arms }
  }

  take(row: DriftRow, { arm, stage }: ServedPolicy): Taken {
    const traffic = this.#takeTraffic(row)
    // What the candidate is tried on in the shadow is chosen; the canary's tasks are of all kinds.
    if (stage === 'shadow') return traffic
    const arms = this.#takeArm(row, { arm, isAlone: stage === 'full' })
    return {
      readings: [...traffic.readings, ...arms.readings],
      isLearned: traffic.isLearned || arms.isLearned,
    }
  }

  #takeTraffic(row: DriftRow): Taken {
    if (this.#traffic === undefined) {
      this.#first.traffic.add(row)
      if (this.#first.traffic.seen < REFERENCE_ROWS) return NOTHING
      this.#traffic = driftReferenceOf(this.#first.traffic.rows)
      this.#first.traffic.clear()
      return LEARNED
    }
    const window = (this.#trafficWindow ??= createDriftWindow(this.#traffic))
    window.add(row)
    if (window.rows < WINDOW_ROWS) return NOTHING
    this.#trafficWindow = undefined
    const report = reportDriftOf(this.#traffic, window, { featureNames: PROMPT_FEATURES })
    return { readings: [{ kind: 'traffic', traffic: readTraffic(report) }], isLearned: false }
  }

  #takeArm(row: DriftRow, from: ArmOf): Taken {
    if (this.#arms === null) return this.#learnArm(row, from)
    const windows = (this.#armWindows ??= {
      candidate: createDriftWindow(this.#arms.candidate),
      incumbent: this.#arms.incumbent === null ? undefined : createDriftWindow(this.#arms.incumbent),
    })
    windows[from.arm]?.add(row)
    const { candidate, incumbent } = windows
    const isIncumbentSeen = from.isAlone || incumbent === undefined || incumbent.rows >= WINDOW_ROWS
    if (candidate.rows < WINDOW_ROWS || !isIncumbentSeen) return NOTHING
    this.#armWindows = undefined
    const named = { featureNames: PROMPT_FEATURES }
    const other = from.isAlone ? null : this.#arms.incumbent
    const decisions = readDecisions({
      candidate: reportDriftOf(this.#arms.candidate, candidate, named),
      models: candidate.counts('model'),
      incumbent: other === null || incumbent === undefined ? undefined : reportDriftOf(other, incumbent, named),
    })
    return { readings: [{ kind: 'decisions', decisions }], isLearned: false }
  }

  #learnArm(row: DriftRow, { arm, isAlone }: ArmOf): Taken {
    const { candidate, incumbent } = this.#first
    // The candidate's sample is all of its first tasks; the incumbent's is drawn from as long a time.
    if (arm === 'incumbent' || candidate.seen < REFERENCE_ROWS) this.#first[arm].add(row)
    const isIncumbentSeen = incumbent.seen >= WINDOW_ROWS
    if (candidate.seen < REFERENCE_ROWS || !(isAlone || isIncumbentSeen)) return NOTHING
    this.#arms = {
      candidate: driftReferenceOf(candidate.rows),
      incumbent: isIncumbentSeen ? driftReferenceOf(incumbent.rows) : null,
    }
    candidate.clear()
    incumbent.clear()
    return LEARNED
  }
}

const NOTHING: Taken = { readings: [], isLearned: false }
const LEARNED: Taken = { readings: [], isLearned: true }

/** Another version of the program may have other features. */
function hasTheseFeatures({ traffic, arms }: TrialReferences): boolean {
  return [traffic, arms?.candidate, arms?.incumbent].every(
    (reference) =>
      reference === null ||
      reference === undefined ||
      reference.featured === 0 ||
      reference.edges.length === PROMPT_FEATURES.length,
  )
}

/** At most `REFERENCE_ROWS` of the rows that were added, each with the same chance (Vitter 1985, algorithm R). */
type Sample = {
  readonly rows: readonly DriftRow[]
  readonly seen: number
  add(row: DriftRow): void
  clear(): void
}

function newSample(seed: number): Sample {
  const random = createRandomStream(seed)
  let rows: DriftRow[] = []
  let seen = 0
  return {
    get rows() {
      return rows
    },
    get seen() {
      return seen
    },
    add(row) {
      seen += 1
      const place = rows.length < REFERENCE_ROWS ? rows.length : random.nextBelow(seen)
      if (place < REFERENCE_ROWS) rows[place] = row
    },
    clear() {
      rows = []
    },
  }
}

import type { RegressionTerms } from '../off-policy/regression-terms.ts'
import { clusteredInterval, pickClusters } from '../off-policy/task-clusters.ts'
import { calibrationError, type PredictedOutcomes } from './calibration-error.ts'
import type { GateDataCard, GateEvidence, GateInput, OverlapSource } from './gate-evidence.ts'
import { GATE_DEFAULTS, type GateThresholds } from './gate-thresholds.ts'

/** One thing that was looked at. */
export type GateCheck = {
  /** `quality`, `precision`, `cost`, `regressions`, `regressions in SLICE`, `calibration`, `support`, or one of the data card. */
  readonly name: string
  /** What was found, in the unit of the bound; `null` when nothing could be measured. */
  readonly figure: number | null
  /** `null` where a check has no number to keep. */
  readonly bound: number | null
  readonly hasPassed: boolean
  /** One sentence for people, with figure and bound. */
  readonly said: string
}

/** Whether a candidate may take over, with every check that was made, those that it passed as well, and the thresholds that they were made by. */
export type GateDecision = {
  readonly hasPassed: boolean
  readonly checks: readonly GateCheck[]
  readonly thresholds: GateThresholds
}

/** Slices judged at most; the largest come first. */
const SLICES_MAX = 50

/**
 * Whether a candidate may take over: its quality is better than the incumbent's by more than the margin, with its interval; it costs
 * no more; it does not lose what the incumbent could; it knows what it does not know; and the data may judge it. Every check is made, so
 * that a refusal names all reasons.
 */
export function judgeCandidate(input: GateInput, changed: Partial<GateThresholds> = {}): GateDecision {
  const thresholds = { ...GATE_DEFAULTS, ...changed }
  const { evidence, calibration, dataCard } = input
  const measured =
    evidence.kind === 'refused'
      ? [{ name: 'support', figure: null, bound: null, hasPassed: false, said: evidence.message }]
      : judgeEvidence(evidence, input, thresholds)
  const checks = [...measured, judgeCalibration(calibration, thresholds), ...judgeDataCard(dataCard, input, thresholds)]
  return { hasPassed: checks.every(({ hasPassed }) => hasPassed), checks, thresholds }
}

function judgeEvidence(evidence: GateEvidence, input: GateInput, thresholds: GateThresholds): readonly GateCheck[] {
  return [
    judgeQuality(evidence, thresholds),
    judgePrecision(evidence, thresholds),
    ...(thresholds.costTolerance === null && thresholds.costTarget === null ? [] : [judgeCost(evidence, thresholds)]),
    judgeRegressions(evidence, thresholds),
    ...judgeSlices(evidence, input, thresholds),
  ]
}

function judgeQuality({ quality }: GateEvidence, { qualityMargin }: GateThresholds): GateCheck {
  const figure = quality?.difference.low ?? null
  return {
    name: 'quality',
    figure,
    bound: qualityMargin,
    hasPassed: figure !== null && figure > qualityMargin,
    said: `The candidate is right more often by ${points(quality?.difference.value)}, at least by ${points(figure)}; it must be more than ${points(qualityMargin)}`,
  }
}

/**
 * Few rows make a lucky candidate look good. The interval is narrow enough, or the difference is so large that an interval of twice the
 * width would still be above the margin.
 */
function judgePrecision(
  { quality, clusters }: GateEvidence,
  { precisionMax, qualityMargin }: GateThresholds,
): GateCheck {
  const { value, low, high } = quality?.difference ?? { value: 0, low: Number.NEGATIVE_INFINITY, high: 0 }
  const figure = quality === undefined ? null : (high - low) / 2
  const isBeyondDoubt = value - 2 * (value - low) > qualityMargin
  return {
    name: 'precision',
    figure,
    bound: precisionMax,
    hasPassed: figure !== null && (figure <= precisionMax || isBeyondDoubt),
    said: `${clusters.count} different tasks tell the difference to within ${points(figure)}; it must be ${points(precisionMax)} or less, or the difference so large that twice as much would do`,
  }
}

function judgeCost({ cost }: GateEvidence, { costTolerance, costTarget }: GateThresholds): GateCheck {
  const bound = costTarget === null ? (costTolerance ?? 0) : -costTarget
  if (cost === undefined) {
    return {
      name: 'cost',
      figure: null,
      bound,
      hasPassed: false,
      said: 'What the tasks cost is not known for enough rows',
    }
  }
  const scale = cost.incumbent.value
  const figure = relative(cost.difference.high, scale)
  return {
    name: 'cost',
    figure,
    bound,
    hasPassed: figure !== null && figure <= bound,
    said: `The candidate costs ${percent(relative(cost.difference.value, scale))} more, at most ${percent(figure)}; it must be ${percent(bound)} or less`,
  }
}

/** As a share of the incumbent's cost; when that is nothing, any cost is infinitely more, which no JSON number says. */
function relative(difference: number, scale: number): number | null {
  if (difference === 0) return 0
  return scale > 0 ? difference / scale : null
}

function judgeRegressions(evidence: GateEvidence, { regressionMax }: GateThresholds): GateCheck {
  return regressionCheck('regressions', upperShare(evidence.regressions, evidence), regressionMax)
}

function regressionCheck(name: string, figure: number, bound: number): GateCheck {
  return {
    name,
    figure,
    bound,
    hasPassed: figure <= bound,
    said: `The incumbent is right and the candidate wrong on at most ${percent(figure)} of tasks; it must be ${percent(bound)} or less`,
  }
}

/** -ln 0.025: what may still be expected, at 97.5 %, of something that was not seen once. */
const UNSEEN_EVENTS = 3.689

/** The least upper end over the bounds. Never below what rows without a single regression leave open. */
function upperShare(
  terms: RegressionTerms,
  { clusters, unseenShare }: Pick<GateEvidence, 'clusters' | 'unseenShare'>,
): number {
  const unseen = UNSEEN_EVENTS / Math.max(1, clusters.count)
  const ends = terms.map((values) => Math.max(clusteredInterval(values, clusters).high, unseen))
  return Math.min(1, Math.min(...ends) + unseenShare)
}

function judgeSlices(
  { regressions, used, unseenShare, clusters }: GateEvidence,
  { slicesOf }: GateInput,
  { sliceRegressionMax, sliceRowsMin }: GateThresholds,
): readonly GateCheck[] {
  const rowsBySlice = new Map<string, number[]>()
  for (const [place, row] of used.entries()) {
    for (const slice of slicesOf(row)) {
      const rows = rowsBySlice.get(slice) ?? []
      rows.push(place)
      rowsBySlice.set(slice, rows)
    }
  }
  return [...rowsBySlice]
    .map(([slice, rows]) => ({ slice, rows, tasks: pickClusters(clusters, rows) }))
    .filter(({ tasks }) => tasks.count >= sliceRowsMin)
    .toSorted((left, right) => right.rows.length - left.rows.length || (left.slice < right.slice ? -1 : 1))
    .slice(0, SLICES_MAX)
    .map(({ slice, rows, tasks }) => {
      const terms = regressions.map((values) => Float64Array.from(rows, (row) => values[row] ?? 0))
      // All that cannot be spoken of might lie in this slice.
      const unseen = Math.min(1, (unseenShare * used.length) / rows.length)
      const figure = upperShare(terms, { clusters: tasks, unseenShare: unseen })
      return regressionCheck(`regressions in ${slice}`, figure, sliceRegressionMax)
    })
}

function judgeCalibration(calibration: PredictedOutcomes, { calibrationErrorMax }: GateThresholds): GateCheck {
  const { error } = calibrationError(calibration)
  return {
    name: 'calibration',
    figure: error ?? null,
    bound: calibrationErrorMax,
    hasPassed: error !== undefined && error <= calibrationErrorMax,
    said: `What the candidate predicts is off by ${points(error)} on average; it must be ${points(calibrationErrorMax)} or less`,
  }
}

function judgeDataCard(card: GateDataCard, { evidence }: GateInput, { rowsMin }: GateThresholds): readonly GateCheck[] {
  const isFixedSet = evidence.kind === 'replay'
  const { from, to, trainingOverlap } = card
  return [
    {
      name: 'rows',
      figure: card.tasks,
      bound: rowsMin,
      hasPassed: card.tasks >= rowsMin,
      said: `${card.rows} rows of ${card.tasks} different tasks; at least ${rowsMin}`,
    },
    {
      name: 'time range',
      figure: null,
      bound: null,
      hasPassed: isFixedSet || (from !== null && to !== null),
      said: rangeSaid(card, isFixedSet),
    },
    {
      name: 'policy versions',
      figure: card.policyVersions.length,
      bound: null,
      hasPassed: isFixedSet || card.policyVersions.length > 0,
      said: versionsSaid(card, isFixedSet),
    },
    {
      name: 'leakage',
      figure: null,
      bound: null,
      hasPassed: card.leakage === 'passed',
      said: LEAKAGE_SAID[card.leakage],
    },
    {
      name: 'overlap',
      figure: trainingOverlap,
      bound: 0,
      hasPassed: trainingOverlap === 0,
      said:
        trainingOverlap === null
          ? 'It is not known which tasks the candidate was trained on: its artefact does not say, so name the files with --trained-on'
          : `${trainingOverlap} rows are of tasks that the candidate was trained on, as ${OVERLAP_SAID[card.overlapCheckedBy ?? 'files']}`,
    },
  ]
}

const LEAKAGE_SAID: Readonly<Record<GateDataCard['leakage'], string>> = {
  passed: 'No outcome was found among features and prompts',
  failed: 'Outcomes were found among features and prompts',
  unchecked: 'Nobody looked whether outcomes are among features and prompts',
}

const OVERLAP_SAID: Readonly<Record<OverlapSource, string>> = {
  artefact: 'its artefact says',
  files: 'the files say that were named',
  'artefact and files': 'its artefact and the files say that were named',
}

function rangeSaid({ from, to }: GateDataCard, isFixedSet: boolean): string {
  if (from !== null && to !== null) return `Rows from ${from} to ${to}`
  return isFixedSet ? 'A fixed set, whose rows need no time' : 'Rows carry no time'
}

function versionsSaid({ policyVersions }: GateDataCard, isFixedSet: boolean): string {
  if (policyVersions.length > 0) return `Logged under ${policyVersions.join(', ')}`
  return isFixedSet ? 'A fixed set, which no policy logged' : 'No policy is named'
}

function points(share: number | null | undefined): string {
  return share === null || share === undefined || !Number.isFinite(share)
    ? 'an unknown amount'
    : `${(100 * share).toFixed(2)} points`
}

function percent(share: number | null): string {
  return share === null || !Number.isFinite(share) ? 'an unknown share' : `${(100 * share).toFixed(2)} %`
}

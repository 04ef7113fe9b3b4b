import { createRandomStream } from '../../base/random-stream.ts'
import { bootstrapIntervals, type Interval } from '../../core/learning/bootstrap.ts'
import {
  areaOfSample,
  areaUnder,
  orderByScore,
  routingCurve,
  shareToReach,
  type RoutedRows,
} from '../../core/learning/routing-metrics.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import type { EncodedTask } from '../../core/policy/encode-features.ts'
import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { PolicyScorer } from '../../core/policy/policy-scorer.ts'
import type { Clock } from '../../ports/clock.ts'
import { orderRows } from './order-rows.ts'

/**
 * How well one router tells the tasks that need the strong model. `kernell-cascade` decides when the weak model has answered; `oracle` knows the scores of
 * both. Names and shape are public.
 */
export type RouterReport = {
  readonly name: 'random' | 'prompt-length' | 'kernell' | 'kernell-cascade' | 'oracle'
  /** Area under the curve of the gap recovered over the share of strong calls; 0.5 for a router that draws lots. */
  readonly apgr: number
  readonly apgr_ci95: Interval
  /** Share of strong calls, 0 to 1, at which half of the gap between the models is recovered, and 80 % of it. */
  readonly cpt50: number
  readonly cpt80: number
  /** Microseconds per task: of the whole decision, and of scoring alone once the prompt is encoded. */
  readonly us_per_decision: number
  readonly us_scoring: number
}

/** Figures of routers between a strong and a weak model; names and shape are public. */
export type RoutingEvaluation = {
  readonly n: number
  /** Mean scores of the two models. */
  readonly strong: number
  readonly weak: number
  readonly oracle_apgr: number
  readonly routers: readonly RouterReport[]
  /** Paired: the same bootstrap samples for both. */
  readonly vs_prompt_length: { readonly difference: number; readonly ci95: Interval }
}

/** What `evaluateRouting` needs from outside; decisions are timed by the clock. */
export type RoutingEvaluationComponents = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Opens the product's scorer of an artefact: the one that decisions are served with. */
  readonly openScorer: (artefact: PolicyArtefact) => PolicyScorer
}

/**
 * The policy that is judged as a router, and the rows that it is judged on. `strong` and `weak` are models as the rows name them; the seed is that of the
 * intervals and of the router that draws lots.
 */
export type RoutingEvaluationInput = {
  readonly artefact: PolicyArtefact
  /** In any order; rows without both models and contaminated ones are left out here. */
  readonly test: readonly RoutingRow[]
  readonly strong: string
  readonly weak: string
  readonly seed: number
}

/** Rows timed before the clock counts, so that the code is compiled. */
const WARM_UP_ROWS = 2000
/** Odd, so that there is a median. */
const TIMED_PASSES = 5

/** Judges a policy's score as a router between two models, beside prompt length, chance and the oracle. Throws `RangeError` without rows. */
export function evaluateRouting(
  components: RoutingEvaluationComponents,
  { artefact, test, strong, weak, seed }: RoutingEvaluationInput,
): RoutingEvaluation {
  const judged = test.filter((row) => !row.isContaminated && row.outcomes.has(strong) && row.outcomes.has(weak))
  const rows = orderRows(judged, ({ outcomes }) => {
    const answer = outcomes.get(weak)
    return [outcomes.get(strong)?.score, answer?.score, answer?.response]
  })
  if (rows.length === 0) throw new RangeError('There is no row to judge a router with')
  const scorer = components.openScorer(artefact)
  const outcomes = {
    strong: Float64Array.from(rows, (row) => row.outcomes.get(strong)?.score ?? 0),
    weak: Float64Array.from(rows, (row) => row.outcomes.get(weak)?.score ?? 0),
  }
  const routers = routersOf(components, { scorer, rows, weak, seed, outcomes })
  const measured = routers.map(({ scores }) => {
    const routed: RoutedRows = { ...outcomes, scores }
    const order = orderByScore(scores)
    return { routed, order, curve: routingCurve(routed, order) }
  })
  const place = (name: RouterReport['name']): number => routers.findIndex((router) => router.name === name)
  const ours = place('kernell')
  const length = place('prompt-length')
  const intervals = bootstrapIntervals(rows.length, seed, (multiplicity) => {
    const areas = measured.map(({ routed, order }) => areaOfSample(routed, order, multiplicity))
    return [...areas, (areas[ours] ?? 0) - (areas[length] ?? 0)]
  })
  const reports = routers.map(({ name, usPerDecision, usScoring }, index): RouterReport => {
    const curve = measured[index]?.curve ?? []
    return {
      name,
      apgr: areaUnder(curve),
      apgr_ci95: intervals[index] ?? [0, 0],
      cpt50: shareToReach(curve, 0.5),
      cpt80: shareToReach(curve, 0.8),
      us_per_decision: usPerDecision,
      us_scoring: usScoring,
    }
  })
  return {
    n: rows.length,
    strong: mean(outcomes.strong),
    weak: mean(outcomes.weak),
    oracle_apgr: reports[place('oracle')]?.apgr ?? 0,
    routers: reports,
    vs_prompt_length: {
      difference: (reports[ours]?.apgr ?? 0) - (reports[length]?.apgr ?? 0),
      ci95: intervals[routers.length] ?? [0, 0],
    },
  }
}

type Router = {
  readonly name: RouterReport['name']
  readonly scores: Float64Array
  readonly usPerDecision: number
  readonly usScoring: number
}

type RouterInput = {
  readonly scorer: PolicyScorer
  readonly rows: readonly RoutingRow[]
  readonly weak: string
  readonly seed: number
  readonly outcomes: { readonly strong: Float64Array; readonly weak: Float64Array }
}

function routersOf(
  { clock }: RoutingEvaluationComponents,
  { scorer, rows, weak, seed, outcomes }: RouterInput,
): readonly Router[] {
  const random = createRandomStream(seed)
  const prompts = rows.map(({ prompt }) => prompt)
  const timed = (name: Router['name'], scoreRow: (row: number) => number): Router => {
    const { scores, usPerRow } = timeRows(clock, rows.length, scoreRow)
    return { name, scores, usPerDecision: usPerRow, usScoring: usPerRow }
  }
  const ours = timed('kernell', (row) => scorer.scoreGain(prompts[row] ?? ''))
  const encoded = prompts.map((prompt) => copyOf(scorer.encode(prompt)))
  const scoring = timeRows(clock, rows.length, (row) => {
    const batch = encoded[row]
    return batch === undefined ? 0 : scorer.gainOfEncoded(batch)
  })
  const answers = rows.flatMap((row) => row.outcomes.get(weak)?.response ?? [])
  const cascade = scorer.artefact.cascade
  return [
    timed('random', () => random.nextUnit()),
    timed('prompt-length', (row) => (prompts[row] ?? '').length),
    { ...ours, usScoring: scoring.usPerRow },
    ...(cascade !== undefined && answers.length === rows.length
      ? [timed('kernell-cascade', (row) => scorer.scoreGainAfter(prompts[row] ?? '', answers[row] ?? ''))]
      : []),
    timed('oracle', (row) => (outcomes.strong[row] ?? 0) - (outcomes.weak[row] ?? 0)),
  ]
}

/** Scores every row, one per call, after a warm-up; mean wall time per row of the median pass, since a busy machine stops any one of them. */
function timeRows(
  clock: Pick<Clock, 'monotonicMs'>,
  count: number,
  scoreRow: (row: number) => number,
): { readonly scores: Float64Array; readonly usPerRow: number } {
  for (let warm = 0; warm < WARM_UP_ROWS; warm += 1) scoreRow(warm % count)
  const scores = new Float64Array(count)
  const passesUs: number[] = []
  for (let pass = 0; pass < TIMED_PASSES; pass += 1) {
    const startedMs = clock.monotonicMs()
    for (let row = 0; row < count; row += 1) scores[row] = scoreRow(row)
    passesUs.push(((clock.monotonicMs() - startedMs) * 1000) / count)
  }
  const middle = passesUs.toSorted((a, b) => a - b)[TIMED_PASSES >> 1]
  return { scores, usPerRow: middle ?? 0 }
}

/** The encoder overwrites its row, so a row that is scored later is copied. */
function copyOf(batch: EncodedTask): EncodedTask {
  const pairs = batch.offsets[1] ?? 0
  return {
    ...batch,
    dense: batch.dense.slice(),
    offsets: batch.offsets.slice(),
    indices: batch.indices.slice(0, pairs),
    values: batch.values.slice(0, pairs),
  }
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

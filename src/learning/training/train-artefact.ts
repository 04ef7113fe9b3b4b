import { CodedError } from '../../base/errors.ts'
import { chooseMethod, type MethodFigures } from '../../core/learning/training/choose-method.ts'
import { BUCKET_BITS } from '../../core/learning/fit-heads.ts'
import { chooseOperatingPoints } from '../../core/learning/operating-points.ts'
import type { LinearModel } from '../../core/kernels/linear-model.ts'
import type { PolicyArtefact, PolicyLineage } from '../../core/policy/policy-artefact.ts'
import { encodeSet } from './encode-set.ts'
import { measureUncertainty } from './measure-uncertainty.ts'
import { fitQuantiles, type FittedQuantiles } from './fit-quantiles.ts'
import { calibrateAll, heldOutChances, judgeMethod, operatingRows, type HeldOut, type Judged } from './judge-methods.ts'
import type { LinearMethod, Method, NeighbourMethod } from './method.ts'
import { TrainingRun, type TrainingComponents, type TrainingOptions } from './training-run.ts'
import { metricsOf, reportMethods, reportModels, type TrainingReport } from './training-report.ts'
import type { TrainingSet } from './training-set.ts'
import { countSteps, planWork, type TrainingWork } from './training-work.ts'

/** What is to be trained, beside the rows: they, these settings and the seed decide every byte of the artefact. */
export type ArtefactTraining = {
  /** Which families may be chosen. */
  readonly family: 'auto' | PolicyArtefact['family']
  /** Two models between which a router is wanted. */
  readonly pair?: { readonly strong: string; readonly weak: string }
  /** 0 to 2^32 - 1. */
  readonly seed: number
  readonly lineage: Omit<PolicyLineage, 'metrics'>
}

/** A policy that can be registered, with what was measured of it on rows that were held out. */
export type TrainedPolicy = { readonly artefact: PolicyArtefact; readonly report: TrainingReport }

/**
 * Trains a policy on a set of tasks: several ways of training are judged by cross-validation, the best one is trained on all rows and calibrated
 * on the scores of rows that its models had not seen. Equal rows in equal order, settings and seed give equal bytes, on any machine, with any
 * kernel, and whether or not the run was stopped and taken up again.
 *
 * The set is used up. Throws `TRAINING_DATA_INVALID` when the pair or the family cannot be learned from the rows, and the signal's reason.
 */
export async function trainArtefact(
  components: TrainingComponents,
  { set, ...init }: ArtefactTraining & { readonly set: TrainingSet },
  options: TrainingOptions = {},
): Promise<TrainedPolicy> {
  const pair = pairOf(set, init.pair)
  const run = new TrainingRun(components, options)
  await run.pause()
  const encoded = encodeSet(set, pair === undefined)
  const work = planWork({ set: encoded, run, seed: init.seed, family: init.family, isPaired: pair !== undefined })
  run.expect(countSteps(work))
  const judged: Judged = { set, folds: work.folds.of, usd: await scoreCosts(work), pair }
  const contestants = await scoreMethods(work, judged)
  const { chosen, base } = chooseContestants(contestants, init.family)
  for (const fold of work.folds.rowsOf.keys())
    if (!work.selection.includes(fold))
      await addFold(work, [chosen, ...(base.method === chosen.method ? [] : [base])], fold)
  const success = await base.method.fitAll(base.variant)
  const parts = await fitOthers(work)
  const ownCalibration = calibrateAll(judged, base.scores, base.method.start)
  const calibration = calibrateAll(judged, chosen.scores, chosen.method.start)
  const trades = operatingRows(judged, heldOutChances(judged, chosen.scores, { calibration }))
  const operatingPoints = trades === undefined ? [] : chooseOperatingPoints(trades)
  const report = reportOf({ work, judged, contestants, chosen, parts, points: operatingPoints.length })
  const bucketBits = success.sparseCount === 1 << BUCKET_BITS ? BUCKET_BITS : set.bucketBits
  const artefact: PolicyArtefact = {
    family: chosen.method.family,
    recipe: { ...encoded.recipe, bucketBits },
    candidates: set.candidates.map(({ name }) => name),
    success: { ...success, calibration: ownCalibration },
    uncertainty: await measureUncertainty(
      { set: encoded, run },
      { method: base.method, dense: success.dense, scores: base.scores, calibration: ownCalibration },
    ),
    ...(chosen.method.family === 'neighbours' && {
      neighbours: { ...(await gatherAll(chosen)), calibration },
    }),
    ...(parts.usd !== undefined && { usd: spreadBuckets(parts.usd, bucketBits) }),
    ...(parts.latency !== undefined && { latency: parts.latency.models }),
    ...(parts.usdQuantiles !== undefined && { usdQuantiles: parts.usdQuantiles.models }),
    ...(pair !== undefined && { pair }),
    operatingPoints,
    lineage: { ...init.lineage, metrics: metricsOf(report) },
  }
  run.end()
  return { artefact, report }
}

/** A method in one of its variants, with its scores of held-out rows so far and what they are worth. */
type Contestant<Kind extends Method = Method> = {
  readonly method: Kind
  readonly variant: number
  readonly scores: HeldOut
  readonly figures: MethodFigures
}

async function scoreMethods(work: TrainingWork, judged: Judged): Promise<readonly Contestant[]> {
  const contestants: Contestant[] = []
  for (const method of [...work.linear, ...(work.neighbours === undefined ? [] : [work.neighbours])]) {
    const variants = method.names.map(() => emptyScores(work))
    for (const fold of work.selection) {
      for (const [variant, columns] of (await method.scoreFold(fold)).entries())
        writeFold(work, fold, { columns, into: variants[variant] ?? [] })
    }
    for (const [variant, scores] of variants.entries()) {
      await work.run.pause()
      const figures = judgeMethod(judged, { name: method.names[variant] ?? '', scores, start: method.start })
      contestants.push({ method, variant, scores, figures })
    }
  }
  return contestants
}

function emptyScores({ set }: TrainingWork): Float32Array[] {
  return set.candidates.map(() => new Float32Array(set.rowCount).fill(Number.NaN))
}

function writeFold(
  { folds }: TrainingWork,
  fold: number,
  { columns, into }: { readonly columns: readonly Float32Array[]; readonly into: readonly Float32Array[] },
): void {
  for (const [m, column] of columns.entries())
    for (const [place, row] of (folds.rowsOf[fold] ?? new Uint32Array(0)).entries())
      if (into[m] !== undefined) into[m][row] = column[place] ?? Number.NaN
}

async function addFold(work: TrainingWork, contestants: readonly Contestant[], fold: number): Promise<void> {
  for (const { method, variant, scores } of contestants)
    writeFold(work, fold, { columns: (await method.scoreFold(fold))[variant] ?? [], into: scores })
}

/**
 * The winner, and the best linear one: the same, or what serves tasks without text when the winner looks for similar texts. Linear methods are told
 * apart by all rows, and only their winner is compared with the others on the fewer rows that those scored.
 */
function chooseContestants(
  contestants: readonly Contestant[],
  family: ArtefactTraining['family'],
): { readonly chosen: Contestant; readonly base: Contestant<LinearMethod> } {
  const linear = contestants.filter(isLinear)
  const base = linear[chooseMethod(linear.map(({ figures }) => figures))]
  const others = family === 'linear' ? [] : contestants.filter((contestant) => !isLinear(contestant))
  const wanted = [...(family === 'neighbours' || base === undefined ? [] : [base]), ...others]
  const chosen = wanted[chooseMethod(onCommonRows(wanted.map(({ figures }) => figures)))]
  if (chosen === undefined || base === undefined) throw new TypeError('There is always a linear method')
  return { chosen, base }
}

function isLinear(contestant: Contestant): contestant is Contestant<LinearMethod> {
  return contestant.method.family === 'linear'
}

/** Examples are a sample of the rows, so methods are compared on what all of them scored. */
function onCommonRows(figures: readonly MethodFigures[]): readonly MethodFigures[] {
  const isCommon = (row: number): boolean =>
    figures.every(({ rowLosses }) => !Number.isNaN(rowLosses[row] ?? Number.NaN))
  const common = Uint8Array.from(figures[0]?.rowLosses ?? [], (_, row) => Number(isCommon(row)))
  const cut = (values: Float64Array): Float64Array =>
    values.map((value, row) => (common[row] === 1 ? value : Number.NaN))
  return figures.map((method) => ({
    ...method,
    rowLosses: cut(method.rowLosses),
    rowGains: method.rowGains === undefined ? undefined : cut(method.rowGains),
  }))
}

async function scoreCosts(work: TrainingWork): Promise<HeldOut | undefined> {
  const { costs, selection } = work
  if (costs === undefined) return undefined
  const scores = emptyScores(work)
  for (const fold of selection) writeFold(work, fold, { columns: await costs.scoreFold(fold), into: scores })
  return scores
}

type OtherParts = {
  readonly usd: LinearModel | undefined
  readonly latency: FittedQuantiles | undefined
  readonly usdQuantiles: FittedQuantiles | undefined
}

async function fitOthers({ set, run, seed, folds, costs, hasLatency }: TrainingWork): Promise<OtherParts> {
  const { candidates } = set
  const quantiles = async (name: string, columns: readonly Float32Array[]): Promise<FittedQuantiles> =>
    await fitQuantiles({ set, folds, run, seed, name, columns })
  return {
    usd: await costs?.fitAll(),
    latency: hasLatency
      ? await quantiles(
          'latency',
          candidates.map(({ logLatency }) => logLatency),
        )
      : undefined,
    usdQuantiles:
      costs === undefined
        ? undefined
        : await quantiles(
            'usd',
            candidates.map(({ logUsd }) => logUsd),
          ),
  }
}

async function gatherAll({ method, variant }: Contestant): ReturnType<NeighbourMethod['gatherAll']> {
  if (!('gatherAll' in method)) throw new TypeError('A method of family `neighbours` gathers examples')
  return await (method as NeighbourMethod).gatherAll(variant)
}

/** The same model over more buckets: a bucket's number is the first bits of a hash, so a bucket of few is a run of buckets of many. */
function spreadBuckets(model: LinearModel, bucketBits: number): LinearModel {
  const sparseCount = 1 << bucketBits
  if (model.sparseCount === sparseCount) return model
  const { modelCount } = model
  const run = sparseCount / model.sparseCount
  const sparse = new Float32Array(sparseCount * modelCount)
  for (let index = 0; index < sparseCount; index += 1) {
    const from = Math.floor(index / run) * modelCount
    sparse.set(model.sparse.subarray(from, from + modelCount), index * modelCount)
  }
  return { ...model, sparseCount, sparse }
}

type Outcome = {
  readonly work: TrainingWork
  readonly judged: Judged
  readonly contestants: readonly Contestant[]
  readonly chosen: Contestant
  readonly parts: OtherParts
  readonly points: number
}

function reportOf({ work, judged, contestants, chosen, parts, points }: Outcome): TrainingReport {
  const { set, folds } = work
  return {
    rows: set.rowCount,
    unreadable_rows: set.unreadableRows,
    left_out: set.leftOut,
    folds: folds.count,
    family: chosen.method.family,
    method: chosen.figures.name,
    methods: reportMethods(contestants.map(({ figures }) => figures)),
    models: reportModels(judged, chosen.scores, chosen.method),
    latency_coverage: parts.latency?.coverage ?? null,
    usd_coverage: parts.usdQuantiles?.coverage ?? null,
    has_costs: parts.usd !== undefined,
    operating_points: points,
  }
}

function pairOf(
  { candidates }: TrainingSet,
  pair: ArtefactTraining['pair'],
): { readonly strong: number; readonly weak: number } | undefined {
  if (pair === undefined) return undefined
  const placeOf = (name: string): number => {
    const place = candidates.findIndex((candidate) => candidate.name === name)
    if (place >= 0) return place
    throw new CodedError('TRAINING_DATA_INVALID', {
      message: `The rows have too few outcomes of ${name}, or none`,
      details: { model: name },
    })
  }
  return { strong: placeOf(pair.strong), weak: placeOf(pair.weak) }
}

import type { CacheFigures } from '../learning/evaluation/cache.ts'
import type { InjectionFigures, ScorerFigures } from '../learning/evaluation/injection.ts'
import { INJECTION_FAMILIES, type InjectionFamily } from '../learning/injection/injection-rows.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { KernellNode } from './kernell-node.ts'

/** A data file as it was read: JSON Lines, unpacked. */
export type DataFile = { readonly name: string; readonly text: string }

export type EvaluationProgress = { readonly stage: string; readonly done: number; readonly total: number }

export type EvaluationOptions = AbortOptions & { readonly onProgress?: (progress: EvaluationProgress) => void }

/** Figures, and what was trained to get them: the text that `--save` writes and `serve` loads. */
export type Evaluated<Report> = {
  readonly report: Report
  readonly artefact: string
  /** What each test row was given, as lines of JSON for `--scores`; absent where rows have no score. */
  readonly scores?: readonly RowScore[]
  /** What a reader of the figures should know, one sentence each. */
  readonly notes?: readonly string[]
}

/** The score of one test row: what `POST /v1/policy/decide` answers for the same prompt, to the last bit. */
export type RowScore = {
  /** Place of the row, from 0, among those of the test files that count: contaminated ones are left out. */
  readonly row: number
  readonly score: number
  readonly cascade_score?: number
}

export type RoutingEvaluationInit = {
  readonly train: readonly DataFile[]
  readonly test: readonly DataFile[]
  readonly strong: string
  readonly weak: string
  /** Which field of a model's outcome is the label. */
  readonly label: 'score' | 'score_numeric'
  readonly seed: number
}

export type RoutingReport = {
  readonly n: number
  readonly strong: number
  readonly weak: number
  readonly oracle_apgr: number
  readonly routers: readonly {
    readonly name: string
    readonly apgr: number
    readonly apgr_ci95: readonly [number, number]
    readonly cpt50: number
    readonly cpt80: number
    readonly us_per_decision: number
    readonly us_scoring: number
  }[]
  /** APGR of `kernell` less that of `prompt-length`, paired: the same bootstrap samples for both. */
  readonly vs_prompt_length: { readonly difference: number; readonly ci95: readonly [number, number] }
}

export type CostEvaluationInit = { readonly train: DataFile; readonly test: DataFile; readonly seed: number }

export type CostReport = {
  readonly n: number
  readonly best_single: { readonly name: string; readonly score: number; readonly usd: number }
  /** Models without a price for all of their rows. */
  readonly left_out: readonly string[]
  /** Test rows on which some model has no outcome. */
  readonly rows_left_out: number
  readonly points: readonly {
    readonly quality_share: number
    /** Cost as a share of the best single model's; `null` when too little quality was reached. */
    readonly kernell: number | null
    readonly ci95: readonly [number, number] | null
    readonly achieved: number
    readonly best_random_mix: number | null
    /** What that mix reached on the test rows. */
    readonly best_random_mix_achieved: number | null
  }[]
}

export type CacheEvaluationInit = {
  readonly train: readonly DataFile[]
  readonly test: DataFile
  /** Most wrong hits per hit, 0 to 1. */
  readonly maxWrong: number
}

/** What `judgeCache` measures, as it is. */
export type CacheReport = CacheFigures

/** What `--leave-out` takes. */
export const INJECTION_FAMILY_NAMES: readonly InjectionFamily[] = INJECTION_FAMILIES

export type InjectionEvaluationInit = {
  readonly train: readonly DataFile[]
  readonly test: DataFile
  /** Ordinary tasks that must be left alone; may be none. */
  readonly benign: readonly DataFile[]
  /** Collections that are not trained on. */
  readonly leaveOut?: InjectionFamily
}

/** What the scorer that a node runs does, and what its two halves would do by themselves. */
export type InjectionReport = InjectionFigures & {
  readonly alone: {
    readonly rules: ScorerFigures & Pick<InjectionFigures, 'indirect'>
    readonly model: ScorerFigures & Pick<InjectionFigures, 'indirect'>
  }
}

/** Measures the node's own services on data with known outcomes. Throws `TRAINING_DATA_INVALID` naming file and line. */
export type NodeEvaluations = {
  evaluateRouting(init: RoutingEvaluationInit, options?: EvaluationOptions): Promise<Evaluated<RoutingReport>>
  evaluateCost(init: CostEvaluationInit, options?: EvaluationOptions): Promise<Evaluated<CostReport>>
  evaluateCache(init: CacheEvaluationInit, options?: EvaluationOptions): Promise<Evaluated<CacheReport>>
  evaluateInjection(init: InjectionEvaluationInit, options?: EvaluationOptions): Promise<Evaluated<InjectionReport>>
}

/** What `createNode` gives: a node, and the measuring of it. */
export type EvaluatingNode = KernellNode & NodeEvaluations

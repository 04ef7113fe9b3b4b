/**
 * Training and measuring: policies from tasks with known outcomes, cache calibrations from question pairs, and the figures that say what they are worth.
 * Everything is deterministic for a seed. It fetches no data and ships none; `kernell eval` reads files and keeps what was trained.
 *
 * ```ts
 * import { readRoutingFile, trainRouting } from 'kernell-os/learning'
 *
 * export const policyOf = (text: string): string => {
 *   const files = [{ name: 'outcomes.jsonl', text }]
 *   console.log(readRoutingFile({ name: 'outcomes.jsonl', text }, 'score').length)
 *   return JSON.stringify(trainRouting({ files, strong: 'large', weak: 'small', label: 'score', seed: 1, codeVersion: '1' }).candidates)
 * }
 * ```
 */
export { formatDatasetRow, parseDatasetRow, readDatasetRow, readLoggedTasks } from './dataset/dataset-row.ts'
export { type DatasetRow, type LabelRow, type LabelRoute, type LoggedFields } from './dataset/label-row.ts'
export {
  judgeCache,
  trainCacheCalibration,
  type CacheEvaluationComponents,
  type CacheFigures,
  type CacheTrainingInit,
  type JudgedCache,
} from './evaluation/cache.ts'
export {
  evaluateCost,
  readCostRows,
  trainCost,
  type CostEvaluation,
  type CostEvaluationComponents,
  type CostPoint,
  type CostRows,
  type CostTraining,
} from './evaluation/cost.ts'
export {
  evaluatePolicies,
  isFixedSet,
  withKnownPrices,
  type PolicyEvaluation,
  type PolicyEvaluationInit,
} from './evaluation/evaluate-policies.ts'
export type { PolicyChoice } from './evaluation/served-plans.ts'
export { parseQuestionPairs, type QuestionPair } from './evaluation/question-pairs.ts'
export {
  evaluateRouting,
  type RouterReport,
  type RoutingEvaluation,
  type RoutingEvaluationComponents,
  type RoutingEvaluationInput,
} from './evaluation/routing.ts'
export {
  readRoutingFile,
  trainRouting,
  type RoutingFile,
  type RoutingLabel,
  type RoutingTraining,
} from './evaluation/train-routing.ts'
export { labelCompatibly, type Labelled } from './labels/compatibility-label.ts'
export { labelTask } from './labels/label-task.ts'
export {
  createOnlineLearning,
  type LearnedTasks,
  type OnlineLearning,
  type OnlineLearningComponents,
} from './online/online-learning.ts'
export { startOnline } from './online/start-online.ts'
export type { BandPoint, PlotAxis, PlotInit, PlotPoint, PlotSeries } from './plot/plot-init.ts'
export { plotPanelsRaster, plotPanelsSvg, plotRaster, plotSvg } from './plot/plot.ts'
export type { Raster } from './plot/rasterise.ts'
export type {
  AttachedGateReport,
  GateReportReading,
  PolicyList,
  PolicyRecord,
  PolicyRegistry,
  RegisteredPolicy,
} from '../ports/policy-registry.ts'
export {
  createPolicyRegistry,
  type PolicyRegistryComponents,
  type PolicyRegistryInit,
} from './registry/policy-registry.ts'
export { trainArtefact, type ArtefactTraining, type TrainedPolicy } from './training/train-artefact.ts'
export type { ModelReport, TrainingReport } from './training/training-report.ts'
export type {
  TrainingCheckpoints,
  TrainingComponents,
  TrainingOptions,
  TrainingProgress,
} from './training/training-run.ts'
export { TrainingSetBuilder, type TrainingSet, type TrainingSetInit } from './training/training-set.ts'

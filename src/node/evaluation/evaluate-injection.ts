import {
  parseInjectionModel,
  formatInjectionModel,
  INJECTION_HASH_RECIPE,
  type InjectionModel,
} from '../../core/injection/injection-model.ts'
import { createRulesScorer, type InjectionScorer } from '../../core/injection/score-text.ts'
import {
  judgeInjections,
  type InjectionFigures,
  type InjectionJudging,
  type ScorerFigures,
} from '../../learning/evaluation/injection.ts'
import {
  parseInjectionRows,
  isOfFamily,
  rowKeyOf,
  type InjectionFile,
} from '../../learning/injection/injection-rows.ts'
import {
  trainInjectionModel,
  TRAINING_STEPS,
  type InjectionTrainingInit,
} from '../../learning/injection/train-injection-model.ts'
import type { PolicyKernel } from '../../ports/policy-kernel.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'
import type {
  DataFile,
  Evaluated,
  EvaluationOptions,
  InjectionEvaluationInit,
  InjectionReport,
} from '../node-evaluations.ts'
import { openInjectionScorer } from '../open-injection-scorer.ts'
import { nativeSha256Hex } from '../open-answer-cache.ts'
import { createSystemClock } from '../system-clock.ts'

/**
 * Trains an injection model and judges it on other rows, with the very scorer that a node runs. The figures are those of the artefact read back, so
 * what `--save` writes is what was measured. Throws `TRAINING_DATA_INVALID`, and the signal's reason.
 */
export async function evaluateInjection(
  kernel: VectorKernel & PolicyKernel,
  { train, test, benign, leaveOut }: InjectionEvaluationInit,
  { signal, onProgress }: EvaluationOptions = {},
): Promise<Evaluated<InjectionReport>> {
  const files = train.map(fileOf)
  const components = { kernel, hasher: kernel.createTextHasher({ dims: 2, recipe: INJECTION_HASH_RECIPE }) }
  const training = (stage: string, features: InjectionTrainingInit['features']): InjectionTrainingInit => ({
    files,
    ...(features !== undefined && { features }),
    ...(leaveOut !== undefined && { leaveOut }),
    ...(signal !== undefined && { signal }),
    onStep: (done) => onProgress?.({ stage, done, total: TRAINING_STEPS }),
  })
  const artefact = formatInjectionModel(await trainInjectionModel(components, training('train', 'all')))
  const gramsAlone = await trainInjectionModel(components, training('train without rules', 'n-grams'))
  const judging: InjectionJudging = {
    test: fileOf(test).rows,
    benign: benign.flatMap((file) => fileOf(file).rows),
    trained: new Set(
      files.flatMap(({ rows }) => rows.filter((row) => !isOfFamily(row, leaveOut)).map(({ text }) => rowKeyOf(text))),
    ),
    leaveOut,
    monotonicMs: () => createSystemClock().monotonicMs(),
  }
  const judge = (scorer: InjectionScorer): InjectionFigures => judgeInjections(scorer, judging)
  const scorerOf = (model: InjectionModel): InjectionScorer => openInjectionScorer(kernel, model)
  const report = judge(scorerOf(parseInjectionModel(artefact)))
  return {
    report: {
      ...report,
      alone: { rules: partOf(judge(createRulesScorer())), model: partOf(judge(scorerOf(gramsAlone))) },
    },
    artefact,
  }
}

function fileOf({ name, text }: DataFile): InjectionFile {
  return { name, sha256: nativeSha256Hex(text), rows: parseInjectionRows(text, name) }
}

function partOf(figures: InjectionFigures): ScorerFigures & Pick<InjectionFigures, 'indirect'> {
  const { auc, recall, false_alarm_rate, benign_false_alarm_rate, indirect } = figures
  return { auc, recall, false_alarm_rate, benign_false_alarm_rate, indirect }
}

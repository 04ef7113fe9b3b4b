import {
  buildJudgePrompt,
  parseJudgeVerdict,
  unavailableJudge,
  type JudgeVerdict,
} from '../core/verification/judge-prompt.ts'
import type { ConfidenceCalibration } from '../core/verification/calibration.ts'
import type { SchemaCheck } from '../core/verification/check-format.ts'
import { isAccepted, type Verdict } from '../core/verification/verdict.ts'
import { verifyAnswer, type VerificationInput } from '../core/verification/verify-answer.ts'
import type { OverheadCall } from '../core/routing/task-outcome.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { ModelAnswer } from '../ports/language-model.ts'
import { askOverhead } from './ask-overhead.ts'
import type { CallComponents } from './call-model.ts'
import type { CheckAnswer } from './execute-plan.ts'
import type { TaskRun } from './task-run.ts'

/**
 * What `createAnswerCheck` has besides the checks that cost nothing. All of it may be absent: then no answer is judged by a model, and
 * odds are the documented ones.
 */
export type CheckAnswerInit = {
  /** Validates JSON answers against the request's schema; absent: the built-in subset. */
  readonly schemaCheck?: SchemaCheck
  /** Fitted on this node's outcomes; absent: the documented priors. */
  readonly calibration?: ConfidenceCalibration
  /** Model that is asked where the checks leave a cascade in doubt; absent: none is. */
  readonly judgeModelId?: string
  /** Answers of peers: which of them the judge sees in any case, and who learns what was found. */
  readonly peers?: PeerChecks | undefined
  /** P(right) of an answer by what its text shows, where a trained policy has learned to read it; then it replaces the odds from before the answer. */
  readonly answerSuccess?: (
    entry: ModelEntry,
    answered: { readonly policyVersion: string; readonly prompt: string; readonly answer: string },
  ) => number | undefined
}

export type PeerChecks = {
  isChecked(answer: ModelAnswer, taskId: string): boolean
  /** @param judged What the judge cost; absent where none was asked. */
  learn(answer: ModelAnswer, verdict: Verdict, judged?: OverheadCall): void
}

/** Longest reply of a judge. */
const JUDGE_TOKENS_MAX = 300

/** The ladder of checks as the router runs it: the free ones on every answer, the judge only where its price can save a dearer call. */
export function createAnswerCheck(components: CallComponents, init: CheckAnswerInit): CheckAnswer {
  return (run, answered) => {
    const { answer, entry } = answered
    const input = inputOf(run, answered, init)
    const verdict = verifyAnswer(input)
    const peers = entry.tier === 'peer' ? init.peers : undefined
    const { judgeModelId } = init
    const isInDoubt = !isAccepted(verdict) && run.decision.route === 'hybrid' && !answered.isLastResort
    const isDue = verdict.valid && (isInDoubt || peers?.isChecked(answer, run.taskId) === true)
    if (!isDue || judgeModelId === undefined || judgeModelId === entry.id) {
      peers?.learn(answer, verdict)
      return verdict
    }
    return askJudge(components, run, { judgeModelId, input }).then((judge) => {
      const judged = verifyAnswer({ ...input, judge })
      peers?.learn(
        answer,
        judged,
        run.overheadCalls.findLast(({ purpose }) => purpose === 'judge'),
      )
      return judged
    })
  }
}

function inputOf(
  run: TaskRun,
  { entry, answer }: { readonly entry: ModelEntry; readonly answer: ModelAnswer },
  init: CheckAnswerInit,
): VerificationInput {
  const { request } = run.route
  const before = run.decision.candidates.find(({ modelId }) => modelId === entry.id)?.predictedSuccess
  const { policyVersion } = run.decision
  const after = init.answerSuccess?.(entry, { policyVersion, prompt: run.facts.prompt, answer: answer.text })
  const prior = after ?? before
  return {
    task: run.facts.prompt,
    hasContext: !run.facts.isBarePrompt,
    answer: answer.text,
    finishReason: answer.finishReason,
    toolCallCount: answer.toolCalls.length,
    toolCalls: answer.toolCalls,
    tools: request.tools ?? [],
    isOutputCapped: request.maxOutputTokens !== undefined,
    ...(answer.refusal !== undefined && { refusal: answer.refusal }),
    ...(request.responseFormat !== undefined && { expectedFormat: request.responseFormat }),
    ...(init.schemaCheck !== undefined && { schemaCheck: init.schemaCheck }),
    ...(init.calibration !== undefined && { calibration: init.calibration }),
    ...(prior !== undefined && { priorSuccess: prior }),
  }
}

async function askJudge(
  components: CallComponents,
  run: TaskRun,
  { judgeModelId, input }: { readonly judgeModelId: string; readonly input: VerificationInput },
): Promise<JudgeVerdict> {
  const prompt = buildJudgePrompt({ task: input.task, answer: input.answer })
  const reply = await askOverhead(components, run, {
    purpose: 'judge',
    modelId: judgeModelId,
    prompt,
    outputTokensMax: JUDGE_TOKENS_MAX,
  })
  return reply === undefined ? unavailableJudge('the judge could not be asked') : parseJudgeVerdict(reply)
}

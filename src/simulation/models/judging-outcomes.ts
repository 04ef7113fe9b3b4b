import { JUDGE_ACCEPTS_RIGHT, JUDGE_ACCEPTS_WRONG } from '../../core/peer-tier/peer-standing.ts'
import { estimateTokens } from '../../core/models/estimate-tokens.ts'
import type { ModelRequest } from '../../ports/language-model.ts'
import { streamOf } from '../world/seeded-random.ts'
import { tokensOf } from './drawn-outcomes.ts'
import { type OutcomeSource, type ServedOutcome, taskOf } from './outcome-source.ts'

export type JudgingInit = {
  readonly seed: number
  /** Of all that is asked but judgements. */
  readonly outcomes: OutcomeSource
  /** Whether an answer to a prompt is right; `undefined` for a prompt that nobody announced. */
  readonly isRight: (prompt: string, answer: string) => boolean | undefined
}

/** The two fenced parts of a judge's prompt. */
const FENCED = /<<<(DATA-\d+-) task\n([\s\S]*)\n\1>>>\n\n<<<\1 answer\n([\s\S]*)\n\1>>>/
const REPLY_MS = 600

/**
 * Models of a world that judge as well: they err as often as the product assumes of a judge, by a draw of the question alone, so that asking again is no second opinion.
 */
export class JudgingOutcomes implements OutcomeSource {
  private readonly init: JudgingInit

  constructor(init: JudgingInit) {
    this.init = init
  }

  outcomeOf(modelId: string, request: ModelRequest): ServedOutcome {
    const [, , prompt, answer] = FENCED.exec(taskOf(request)) ?? []
    if (prompt === undefined || answer === undefined) return this.init.outcomes.outcomeOf(modelId, request)
    const text = JSON.stringify({ verdict: this.judge(modelId, prompt, answer), confidence: 1, reason: 'worked out' })
    return {
      text,
      finishReason: 'stop',
      tokensIn: tokensOf(request),
      tokensOut: estimateTokens(text),
      firstMs: REPLY_MS,
      totalMs: REPLY_MS,
    }
  }

  private judge(modelId: string, prompt: string, answer: string): 'accept' | 'reject' | 'unsure' {
    const isRight = this.init.isRight(prompt, answer)
    if (isRight === undefined) return 'unsure'
    const draw = streamOf(this.init.seed, `judge/${modelId}/${prompt}/${answer}`).nextUnit()
    return draw < (isRight ? JUDGE_ACCEPTS_RIGHT : JUDGE_ACCEPTS_WRONG) ? 'accept' : 'reject'
  }
}

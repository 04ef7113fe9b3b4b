import { CodedError } from 'kernell-os/core'
import type { RouteCaller, RouteControls, Router, RouteTarget } from 'kernell-os/ports'
import { invalid } from '../request-desk/protocol.ts'
import type { PipelineStage } from './stage-work.ts'

export type PromptStageInit = Omit<PipelineStage, 'run' | 'isSplitting'> & {
  readonly router: Router
  readonly caller: RouteCaller
  /** `{item}` stands for the item; without it the item follows the prompt. */
  readonly prompt: string
  /** Default: the policy decides. */
  readonly target?: RouteTarget
  readonly controls?: RouteControls
}

/** A stage that asks the router about each item, a text, and passes on the answer. Throws as `Router.route`. */
export function promptStage({ router, caller, prompt, target, controls, ...stage }: PromptStageInit): PipelineStage {
  return {
    ...stage,
    async run(value, { signal }) {
      if (typeof value !== 'string') throw invalid('An item of a stage with a prompt must be a text')
      const content = prompt.includes('{item}') ? prompt.replaceAll('{item}', () => value) : `${prompt}\n\n${value}`
      const { answer, modelId } = await router.route(
        {
          caller,
          target: target ?? { kind: 'auto' },
          request: { messages: [{ role: 'user', content }] },
          controls: controls ?? {},
        },
        { signal },
      )
      if (answer.refusal === undefined) return answer.text
      throw new CodedError('MODEL_ANSWER_MALFORMED', {
        message: `${modelId} refused: ${answer.refusal}`,
        isRetryable: false,
      })
    },
  }
}

import { CodedError } from 'kernell-os/core'
import type { RouteCaller, RouteControls, Router, RouteTarget } from 'kernell-os/ports'
import { checkRouting, checkTarget, checkText } from '../agent-input.ts'
import { invalid } from '../request-desk/protocol.ts'
import type { PipelineStage } from './stage-work.ts'

/** What `promptStage` takes: a stage's name and bounds, and how the router is asked about each item. */
export type PromptStageInit = Omit<PipelineStage, 'run' | 'isSplitting'> & {
  readonly router: Router
  readonly caller: RouteCaller
  /** `{item}`, once or more often, stands for the item. */
  readonly prompt: string
  /** Default: the policy decides. */
  readonly target?: RouteTarget
  readonly controls?: RouteControls
}

/**
 * A stage that asks the router about each item, a text, and passes on the answer. Its `run` throws as `Router.route`.
 *
 * Throws TypeError for a prompt without `{item}`, and for a router, caller or target that is none.
 */
export function promptStage({ router, caller, prompt, target, controls, ...stage }: PromptStageInit): PipelineStage {
  checkRouting({ router, caller, controls })
  if (target !== undefined) checkTarget(target, 'target')
  checkText(prompt, 'prompt')
  if (!prompt.includes('{item}'))
    throw new TypeError('prompt must have {item} where the item is to stand, for example "Translate: {item}"')
  return {
    ...stage,
    async run(value, { signal }) {
      if (typeof value !== 'string') throw invalid('An item of a stage with a prompt must be a text')
      const content = prompt.replaceAll('{item}', () => value)
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

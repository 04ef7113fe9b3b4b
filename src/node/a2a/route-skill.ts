import { CodedError } from '../../base/errors.ts'
import { parseTaskId } from '../../base/identifiers.ts'
import { amountToUsd } from '../../base/money.ts'
import type { ChatMessage } from '../../ports/language-model.ts'
import type { RoutedStream, Router, RouteRequest, RouteResult } from '../../ports/router.ts'
import type { AgentSkill, SkillOutcome, SkillWork } from './agent-skill.ts'
import type { JsonObjectValue } from './plain-json.ts'
import { INPUT_MODES, promptOf } from './prompt-of.ts'

/** The skill of the node itself. */
export const ROUTE_SKILL_ID = 'route'
const ARTIFACT_ID = 'answer'

/** A task for the router: it decides what answers, and the answer comes as it is made. */
export function createRouteSkill(router: Router): AgentSkill {
  return {
    id: ROUTE_SKILL_ID,
    name: 'Answer a task',
    description:
      'Answers a question or does a task in text: from the cache, with an exact tool, or with the cheapest model that is good enough. Messages of one context are one conversation.',
    tags: ['text', 'question-answering', 'routing'],
    examples: ['Summarise this text in three sentences: ...', 'What is 17 % of 2,340?'],
    inputModes: [...INPUT_MODES],
    outputModes: ['text/plain'],
    run: async (work) => await answer(router, work),
  }
}

async function answer(router: Router, work: SkillWork): Promise<SkillOutcome> {
  const stream = await router.routeStream(requestOf(work), { signal: work.signal })
  stream.result.catch(() => undefined)
  let text = ''
  for await (const part of stream.parts) {
    if (part.type === 'text-delta') {
      text += part.text
      work.emit({ type: 'text', artifactId: ARTIFACT_ID, name: 'Answer', text: part.text })
    } else if (part.type === 'refusal-delta') text += part.text
  }
  const result = await stream.result
  if (result.answer.refusal !== undefined)
    return { state: 'rejected', text: result.answer.refusal, metadata: summaryOf(stream, result) }
  if (text === '') throw new CodedError('MODEL_ANSWER_MALFORMED', { message: 'The answer has no text' })
  return { state: 'completed', metadata: summaryOf(stream, result) }
}

function requestOf({ caller, controls, contextId, taskId, history, earlier, message }: SkillWork): RouteRequest {
  const id = history.length === 0 ? parseTaskId(taskId) : undefined
  const messages: ChatMessage[] = earlier.flatMap(({ question, answer: said }): ChatMessage[] => [
    { role: 'user', content: question },
    { role: 'assistant', content: said },
  ])
  return {
    ...(id !== undefined && { taskId: id }),
    caller,
    target: { kind: 'auto' },
    request: { messages: [...messages, { role: 'user', content: promptOf(message) }] },
    controls: { ...controls, ...(earlier.length > 0 && { conversation: contextId.slice(0, 128) }) },
    sender: 'peer',
  }
}

function summaryOf({ taskId }: RoutedStream, result: RouteResult): JsonObjectValue {
  const { route, tier, modelId, provider, cache, costNanos, isCostEstimated } = result
  const usage = { inputTokens: result.answer.usage.tokensIn, outputTokens: result.answer.usage.tokensOut }
  const costUsd = costNanos === undefined ? null : amountToUsd(costNanos)
  return { kernell: { taskId, route, tier, model: modelId, provider, cache, costUsd, isCostEstimated, ...usage } }
}

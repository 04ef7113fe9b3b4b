import type { RouteRequest, RouteResult } from '../../../ports/router.ts'
import { type Exchange, type GatewayContext, respondJson, withHeaders } from '../../exchange.ts'
import { invalidRequest } from '../../invalid-request.ts'
import { formatResultHeaders } from '../../node/result-headers.ts'
import { nowS } from '../../tasks/now-seconds.ts'
import { formatChoices } from '../format-chat-completion.ts'
import type { ChatRequest } from '../parse-chat-request.ts'
import { allOrNone } from './all-or-none.ts'
import { formChoices } from './form-choices.ts'
import { sendChoices } from './send-choices.ts'
import { sumResults } from './sum-choices.ts'

/** A chat request, and the task that is its first answer. */
export type FormedChat = { readonly chat: ChatRequest; readonly routed: RouteRequest }

/**
 * Answers a chat request that wants several answers: each is a task of its own, which counts as a request of its own.
 *
 * Throws what the router throws for the first of them that fails, `GATEWAY_OVERLOADED` and `ACCESS_RATE_LIMITED` where there is no room for all, and `REQUEST_INVALID` where there never is.
 */
export async function answerChoices(
  { chat, routed }: FormedChat,
  exchange: Exchange,
  context: GatewayContext,
): Promise<void> {
  const { concurrentRequestsMax } = context.limits
  if (chat.choiceCount > concurrentRequestsMax)
    throw invalidRequest('n', `n must be at most ${concurrentRequestsMax} here: the node does no more at one time`)
  const further = await context.furtherWork.begin(exchange.who, chat.choiceCount - 1)
  try {
    const tasks = formChoices(routed, chat.choiceCount)
    const counted = withHeaders(exchange, further.headers)
    if (chat.isStreamed) await sendChoices(tasks, { exchange: counted, context, isUsageWanted: chat.isUsageWanted })
    else {
      const results = await routeAll(tasks, { signal: exchange.signal, context })
      const sum = sumResults(results)
      respondJson(counted, formatChoices(results, sum, nowS()), { headers: formatResultHeaders(sum) })
    }
  } finally {
    further.end()
  }
}

type At = { readonly signal: AbortSignal; readonly context: GatewayContext }

/** The same for a task that is not answered at once. */
export async function completeChoices({ chat, routed }: FormedChat, at: At): Promise<string> {
  const results = await routeAll(formChoices(routed, chat.choiceCount), at)
  return formatChoices(results, sumResults(results), nowS())
}

async function routeAll(tasks: readonly RouteRequest[], { signal, context }: At): Promise<readonly RouteResult[]> {
  const { router } = context.node
  return await allOrNone({
    items: tasks,
    signal,
    run: async (task, together) => await router.route(task, { signal: together }),
  })
}

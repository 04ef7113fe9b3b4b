import type { RouteRequest, RouteResult } from '../../../ports/router.ts'
import { type Exchange, type GatewayContext, respondJson, setHeaders } from '../../exchange.ts'
import { invalidRequest } from '../../invalid-request.ts'
import { formatResultHeaders } from '../../node/result-headers.ts'
import { nowS } from '../../tasks/now-seconds.ts'
import { formatChoices } from '../format-chat-completion.ts'
import type { ChatRequest } from '../parse-chat-request.ts'
import { allOrNone } from './all-or-none.ts'
import { failureOfShare, formChoices } from './form-choices.ts'
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
  refuseForever(chat.choiceCount, exchange, context)
  const further = await context.furtherWork.begin(exchange.who, chat.choiceCount - 1)
  try {
    const tasks = formChoices(routed, chat.choiceCount)
    setHeaders(exchange, further.headers)
    if (chat.isStreamed) await sendChoices(tasks, { exchange, context, isUsageWanted: chat.isUsageWanted })
    else {
      const results = await routeAll(tasks, { signal: exchange.signal, context })
      const sum = sumResults(results)
      respondJson(exchange, formatChoices(results, sum, nowS()), { headers: formatResultHeaders(sum) })
    }
  } finally {
    further.end()
  }
}

/** More answers than there is ever room for: waiting would not help. */
function refuseForever(count: number, { who }: Exchange, { limits }: GatewayContext): void {
  const levels = who.access?.rates ?? []
  const bounds = [
    [limits.concurrentRequestsMax, 'the node does no more at one time'],
    ...levels.map(({ scope, rates }) => [rates.concurrentRequests, `${scope} may have no more at one time`] as const),
    ...levels.map(({ scope, rates }) => [rates.requestsPerMinute, `${scope} may have no more in a minute`] as const),
  ] as const
  for (const [bound, why] of bounds)
    if (bound !== undefined && count > bound) throw invalidRequest('n', `n must be at most ${bound} here: ${why}`)
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
    run: async (task, together) => {
      try {
        return await router.route(task, { signal: together })
      } catch (error: unknown) {
        throw failureOfShare(error, tasks.length)
      }
    },
  })
}

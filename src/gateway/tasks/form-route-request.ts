import { parseTaskId, type TaskId } from '../../base/identifiers.ts'
import type { ModelRequest } from '../../ports/language-model.ts'
import type { RouteRequest, RouteTarget } from '../../ports/router.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'
import { traceOf } from '../listener/trace-headers.ts'
import { parseRouteControls } from '../node/parse-route-controls.ts'

/** What somebody asks for, in whichever interface it was written. */
export type AskedTask = {
  readonly target: RouteTarget
  readonly request: ModelRequest
}

/** The task as the router takes it: the one way from all interfaces. Throws `REQUEST_INVALID` naming a header. */
export function formRouteRequest(asked: AskedTask, exchange: Exchange, context: GatewayContext): RouteRequest {
  const { headers } = exchange.request
  const taskId: TaskId | undefined = parseTaskId(exchange.requestId)
  return {
    ...(taskId !== undefined && { taskId }),
    caller: exchange.who.caller,
    target: asked.target,
    request: asked.request,
    controls: parseRouteControls(headers, { providers: context.providers, keyTiers: exchange.who.tiers }),
    ...traceOf(headers),
    ...(exchange.span !== undefined && { span: exchange.span }),
  }
}

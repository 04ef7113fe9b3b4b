import { parseTaskId, type TaskId } from '../../base/identifiers.ts'
import type { ModelRequest } from '../../ports/language-model.ts'
import type { RouteRequest, RouteTarget } from '../../ports/router.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'
import type { JsonObject } from '../listener/parse-json-body.ts'
import { invalidRequest } from '../invalid-request.ts'
import { traceOf } from '../listener/trace-headers.ts'
import { parseRouteControls } from '../../node/control/parse-route-controls.ts'

/** What somebody asks for, in whichever interface it was written. */
export type AskedTask = {
  readonly target: RouteTarget
  readonly request: ModelRequest
}

/** Where a task comes from: a request under way, or a batch that was left with the node. */
export type TaskOrigin = Pick<Exchange, 'requestId' | 'who' | 'signal' | 'span'> & {
  readonly request: Pick<Exchange['request'], 'headers'>
}

/** Carries one task out to its end, and gives the body of its answer. Throws what parsing and the router throw. */
export type CompleteTask = (body: JsonObject, origin: TaskOrigin, context: GatewayContext) => Promise<string>

/** Throws `REQUEST_INVALID` for a task that wants a stream where there is nobody to read it. */
export function refuseStream({ isStreamed }: { readonly isStreamed: boolean }): void {
  if (isStreamed) throw invalidRequest('stream', 'stream must be false here: nobody reads it')
}

/** The task as the router takes it: the one way from all interfaces. Throws `REQUEST_INVALID` naming a header. */
export function formRouteRequest(asked: AskedTask, origin: TaskOrigin, context: GatewayContext): RouteRequest {
  const { headers } = origin.request
  const taskId: TaskId | undefined = parseTaskId(origin.requestId)
  return {
    ...(taskId !== undefined && { taskId }),
    caller: origin.who.caller,
    target: asked.target,
    request: asked.request,
    controls: parseRouteControls(headers, { providers: context.providers, keyTiers: origin.who.tiers }),
    ...traceOf(headers),
    ...(origin.span !== undefined && { span: origin.span }),
  }
}

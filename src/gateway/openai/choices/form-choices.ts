import { parseTaskId } from '../../../base/identifiers.ts'
import { CodedError } from '../../../base/errors.ts'
import { amountFromNanos } from '../../../base/money.ts'
import type { ModelRequest } from '../../../ports/language-model.ts'
import type { RouteControls, RouteRequest } from '../../../ports/router.ts'

/**
 * The tasks of a request that wants several answers. The first is the task itself. The others are to be other answers: they neither read the cache nor write to it, and count
 * on from the seed where one is given. Their ids are that of the first with their place, `ID.1`, and what the request may cost is shared among all.
 */
export function formChoices(first: RouteRequest, count: number): readonly RouteRequest[] {
  const controls = shareOf(first.controls, count)
  const { taskId, ...rest } = first
  return Array.from({ length: count }, (_, place) => {
    if (place === 0) return { ...first, controls }
    const id = taskId === undefined ? undefined : parseTaskId(`${taskId}.${place}`)
    return {
      ...rest,
      ...(id !== undefined && { taskId: id }),
      request: withSeed(first.request, place),
      controls: { ...controls, cache: 'off' as const },
    }
  })
}

function shareOf(controls: RouteControls, count: number): RouteControls {
  const { maxCostNanos } = controls
  return maxCostNanos === undefined
    ? controls
    : { ...controls, maxCostNanos: amountFromNanos(maxCostNanos / BigInt(count)) }
}

/** What to throw for a failure of one of several answers: which knows of the share that it has of the request's cap, where that was too little. */
export function failureOfShare(error: unknown, count: number): unknown {
  if (!CodedError.is(error, 'ROUTER_COST_CAP')) return error
  return new CodedError('ROUTER_COST_CAP', {
    message: `${error.message}: of what the request may cost, each of its ${count} answers has an equal share`,
    details: {
      ...error.details,
      remedy: 'Raise the cap (`x-kernell-max-cost-usd`) to what all answers cost together, or ask for fewer with `n`.',
    },
    cause: error,
  })
}

/** The same seed would be the same answer. */
function withSeed(request: ModelRequest, place: number): ModelRequest {
  const { seed } = request
  if (seed === undefined) return request
  return { ...request, seed: Number.isSafeInteger(seed + place) ? seed + place : seed - place }
}

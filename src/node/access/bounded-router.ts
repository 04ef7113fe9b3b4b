import type { Router, RouteResult } from '../../ports/router.ts'
import type { AccessDoor } from './access-door.ts'

/** The router behind what keys may do: tiers, models and tokens a minute of the levels that a key is in, whichever door a task comes through. */
export function boundRouter(router: Router, door: Pick<AccessDoor, 'admit'>): Router {
  return {
    async route(request, options) {
      const task = door.admit(request)
      const { request: admitted, tokens } = task instanceof Promise ? await task : task
      let used = 0
      try {
        const result = await router.route(admitted, options)
        used = tokensOf(result)
        return result
      } finally {
        tokens.settle(used)
      }
    },
    estimate: async (request, options) => await router.estimate(request, options),
    async routeStream(request, options) {
      const task = door.admit(request)
      const { request: admitted, tokens } = task instanceof Promise ? await task : task
      try {
        const stream = await router.routeStream(admitted, options)
        // Whoever reads the stream hears of its failures.
        stream.result.then(
          (result) => tokens.settle(tokensOf(result)),
          () => tokens.settle(0),
        )
        return stream
      } catch (error: unknown) {
        tokens.settle(0)
        throw error
      }
    },
  }
}

/** Of all calls that were made for the answer; none where the cache or an exact tool knew it. */
function tokensOf({ attempts }: RouteResult): number {
  return attempts.reduce((sum, { tokensIn, tokensOut }) => sum + tokensIn + tokensOut, 0)
}

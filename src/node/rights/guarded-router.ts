import type { RoutedStream, Router } from '../../ports/router.ts'
import { type Quotas, scopesOf } from '../../rights/quotas.ts'
import type { StopSwitch } from '../../rights/stop-switch.ts'

/**
 * The router behind the switch and the quotas: nothing begins while everything is stopped or where a quota is used up, and what has begun is cancelled when
 * everything is stopped.
 */
export function guardRouter(
  router: Router,
  { stop, quotas }: { readonly stop: StopSwitch; readonly quotas: Quotas },
): Router {
  return {
    route: async (request, options = {}) =>
      await stop.run(options.signal, async (signal) => {
        quotas.take(scopesOf(request.caller))
        return await router.route(request, { ...options, signal })
      }),
    estimate: async (request, options = {}) =>
      await stop.run(options.signal, async (signal) => await router.estimate(request, { ...options, signal })),
    async routeStream(request, options = {}): Promise<RoutedStream> {
      const running = stop.begin(options.signal)
      try {
        quotas.take(scopesOf(request.caller))
        const stream = await router.routeStream(request, { ...options, signal: running.signal })
        // Whoever reads the stream hears of its failures; here only its end matters.
        stream.result.then(running.end, running.end)
        return stream
      } catch (error: unknown) {
        running.end()
        throw error
      }
    },
  }
}

import type { RoutedStream, Router } from '../../ports/router.ts'
import type { StopSwitch } from '../../rights/stop-switch.ts'

/** The router behind the switch: nothing begins while everything is stopped, and what has begun is cancelled when it is. */
export function behindSwitch(router: Router, stop: StopSwitch): Router {
  return {
    route: async (request, options = {}) =>
      await stop.run(options.signal, async (signal) => await router.route(request, { ...options, signal })),
    estimate: async (request, options = {}) =>
      await stop.run(options.signal, async (signal) => await router.estimate(request, { ...options, signal })),
    async routeStream(request, options = {}): Promise<RoutedStream> {
      const running = stop.begin(options.signal)
      try {
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

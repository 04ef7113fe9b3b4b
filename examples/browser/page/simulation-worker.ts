/** Plays a world in a thread of its own: while one runs, clock, chance and network of its thread are the world's. */

import { findScenario, runScenario } from 'kernell-os/simulation'

type Order = { readonly scenario: string; readonly seed: number; readonly options: object }

async function play({ scenario, seed, options }: Order): Promise<object> {
  const startedAt = performance.now()
  const report = await runScenario(findScenario(scenario), { seed, options })
  const { hash, events, agents, virtualMs, violationsFound } = report
  return { hash, events, agents, virtualMs, violationsFound, tookMs: performance.now() - startedAt }
}

addEventListener('message', ({ data }: MessageEvent<Order>) => {
  play(data).then(
    (report) => postMessage({ report }),
    (error: unknown) => postMessage({ failure: error instanceof Error ? error.message : String(error) }),
  )
})

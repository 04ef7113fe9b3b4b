import { setTimeout as delay } from 'node:timers/promises'

/** What a node says about itself in its metrics. */
export type NodeCounts = { readonly telemetryRows: number; readonly cacheHits: number }

/** Records leave memory in batches; this much later all of them have. */
const FLUSH_WAIT_MS = 1_500

/** Reads the counters of a running node, once its last records are stored. Throws when one is missing: silence is not zero. */
export async function readCounts(port: number): Promise<NodeCounts> {
  await delay(FLUSH_WAIT_MS)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return {
    telemetryRows: readValue(text, 'kernell_telemetry_stored_total'),
    cacheHits:
      readValue(text, 'kernell_cache_lookups_total{result="exact"}') +
      readValue(text, 'kernell_cache_lookups_total{result="similar"}'),
  }
}

function readValue(text: string, series: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  if (line === undefined) throw new Error(`The node has no metric ${series}:\n${text.slice(-2_000)}`)
  return Number(line.slice(series.length + 1))
}

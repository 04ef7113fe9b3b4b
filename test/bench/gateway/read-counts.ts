/** What a node says about itself in its metrics. */
export type NodeCounts = { readonly telemetryRows: number; readonly cacheHits: number }

/** Reads the counters of a running node. Throws when a counter is missing: a bench must not take silence for zero. */
export async function readCounts(port: number): Promise<NodeCounts> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return {
    telemetryRows: sumOf(text, 'kernell_telemetry_records_total'),
    cacheHits: sumOf(text, 'kernell_cache_lookups_total', /outcome="(?:exact|similar)"/),
  }
}

function sumOf(text: string, name: string, labels?: RegExp): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  if (lines.length === 0 && !text.includes(`# TYPE ${name} `))
    throw new Error(`The node has no metric ${name}:\n${text.slice(0, 2_000)}`)
  return lines
    .filter((line) => labels?.test(line) ?? true)
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

import type { DescribedMetric } from '../../src/telemetry/metrics-registry.ts'

/** The page of the metrics that a node serves, from what a node says of them. */
export function metricsPage(described: readonly DescribedMetric[]): string {
  const own = described.filter(({ name }) => name.startsWith('kernell_'))
  const rows = own
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, type, labelNames, help }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ')
      return `| \`${name}\` | ${type} | ${labels} | ${help} |`
    })
  return `# Metrics

\`GET /metrics\` answers in the Prometheus text format, to keys with the role \`admin\` or \`operator\`. All metrics of one node have the prefix
\`kernell_\`; those of the process (\`process_*\`, \`nodejs_*\`) are the usual ones of Prometheus' client for Node.js, event loop lag and garbage
collection included. Counters begin at 0 with each start of the node. Labels have bounded sets of values: names of providers, models, routes and codes
beyond the first 64 are counted as \`other\`, and budgets beyond the first 256 are left out. With \`telemetry.otlpEndpoint\` the same metrics leave by
OTLP.

| metric | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}

## Metrics of OpenTelemetry's conventions

Sent by OTLP only, beside those above. Names, units and bucket boundaries are those of the conventions for generative AI.

| metric | unit | recorded for | attributes |
|---|---|---|---|
| \`gen_ai.client.operation.duration\` | s | each call of a model | \`gen_ai.operation.name\`, \`gen_ai.provider.name\`, \`gen_ai.request.model\`, \`gen_ai.response.model\`, \`error.type\` |
| \`gen_ai.client.operation.time_to_first_chunk\` | s | each streamed call | the same without \`error.type\` |
| \`gen_ai.client.token.usage\` | {token} | each call that was metered, in and out | the same with \`gen_ai.token.type\` |
| \`gen_ai.server.request.duration\` | s | each task | \`gen_ai.operation.name\`, \`gen_ai.provider.name\`, \`gen_ai.response.model\`, \`kernell.tier\`, \`error.type\` |
| \`gen_ai.server.time_to_first_token\` | s | each task that was streamed as it came | the same without \`error.type\` |
`
}

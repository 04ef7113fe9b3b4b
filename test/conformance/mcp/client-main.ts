/** What the suite starts as a client: ours, which asks the server at the address of the last argument what it offers and calls each of its tools. */
import { createOutboundFetch } from '../../../src/guard/outbound-fetch.ts'
import { createToolServers } from '../../../src/mcp/create-tool-servers.ts'
import { TOOL_SERVER_LIMITS } from '../../../src/mcp/tool-server-init.ts'

const url = process.argv.at(-1) ?? ''
/** The tools of the suite, with arguments that they take. */
const TOOLS = { add_numbers: { a: 5, b: 3 }, test_reconnection: {} } as const

const outbound = createOutboundFetch({ allowedOrigins: [url] })
const servers = createToolServers({ outbound, environment: {}, version: '0' }, [
  {
    name: 'suite',
    place: { kind: 'address', url },
    tools: Object.keys(TOOLS),
    agents: {},
    limits: { ...TOOL_SERVER_LIMITS, timeoutMs: 10_000 },
  },
])
const task = servers.openTask()
for (const { tool } of await task.list()) {
  const known = Object.entries(TOOLS).find(([name]) => name === tool)
  const { text } = await task.call({ server: 'suite', tool }, known?.[1] ?? {})
  process.stdout.write(`${tool}: ${text}\n`)
}
await servers.close()
await outbound.close()

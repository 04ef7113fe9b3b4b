/**
 * A server of the Model Context Protocol for tests, on standard streams. The first argument says how it behaves: `well` offers the tools below,
 * everything else is a way not to.
 */
import { createInterface } from 'node:readline'
import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'

const text = (value: string): { content: [{ type: 'text'; text: string }] } => ({
  content: [{ type: 'text', text: value }],
})

const [, , conduct = 'well'] = process.argv

function createServer(): McpServer {
  const server = new McpServer({ name: 'fixture', version: '1.2.3' })
  const said = fromJsonSchema<{ text: string }>({
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  })
  server.registerTool('echo', { description: 'Says it again', inputSchema: said }, (args) => text(args.text))
  server.registerTool('fails', {}, () => ({ ...text('no such page'), isError: true }))
  server.registerTool('hidden', {}, () => text('not for everybody'))
  server.registerTool('environment', {}, () => text(Object.keys(process.env).toSorted().join(' ')))
  server.registerTool('pid', {}, () => text(String(process.pid)))
  server.registerTool('dies', {}, async () => {
    process.kill(process.pid, 'SIGKILL')
    return await new Promise(() => undefined)
  })
  server.registerTool('large', {}, () => text('x'.repeat(5_000)))
  server.registerTool('huge', {}, () => text('x'.repeat(3_000_000)))
  server.registerTool('never', {}, async () => await new Promise(() => undefined))
  server.registerTool('picture', {}, () => ({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }))
  server.registerTool('asks', {}, async ({ mcpReq }) => {
    const answer = await server.server
      .request({ method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }, { signal: mcpReq.signal })
      .then(
        () => 'sampled',
        (error: unknown) => `sampling: ${error instanceof Error ? error.message : 'failed'}`,
      )
    return text(answer)
  })
  return server
}

/** A server by hand, whose tools are not what it says. */
function lie(): void {
  const pattern = '^(a+)+$'
  const tools = [
    {
      name: 'promises',
      inputSchema: { type: 'object' },
      outputSchema: { type: 'object', required: ['sum'], properties: { sum: { type: 'number' } } },
    },
    {
      name: 'endless',
      inputSchema: { type: 'object' },
      outputSchema: { type: 'object', properties: { word: { type: 'string', pattern } } },
    },
  ]
  const results: Readonly<Record<string, object>> = {
    promises: { content: [], structuredContent: { sum: 'a lot' } },
    endless: { content: [], structuredContent: { word: `${'a'.repeat(64)}!` } },
  }
  const version = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'liar', version: '0' },
  }
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line) as { id?: number; method: string; params?: { name?: string } }
    if (id === undefined) return
    const answers: Readonly<Record<string, object | undefined>> = {
      initialize: version,
      'tools/list': { tools },
      'tools/call': results[params?.name ?? ''],
    }
    const result = answers[method]
    const error = { code: -32_601, message: 'Method not found' }
    process.stdout.write(
      `${JSON.stringify({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) })}\n`,
    )
  })
}

if (conduct === 'well') await createServer().connect(new StdioServerTransport())
else if (conduct === 'lies') lie()
else if (conduct === 'garbage')
  process.stdin.on('data', () => process.stdout.write('this is no message\n{"jsonrpc":\n'))
else if (conduct === 'silent') process.stdin.resume()
else process.exitCode = 1

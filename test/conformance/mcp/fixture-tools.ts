import { setTimeout as pause } from 'node:timers/promises'
import { type CallToolResult, fromJsonSchema, type McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { embedded, image, text, WAV } from './fixture-content.ts'

type Content = CallToolResult['content']

const NOTHING = z.object({})
/** The suite asks for a pause between messages. */
const STEP_MS = 50

/** The tools that the suite calls, as it describes them. */
export function registerFixtureTools(server: McpServer): void {
  const fixed: Readonly<Record<string, Content>> = {
    test_simple_text: [text('This is a simple text response for testing.')],

    test_image_content: [image],
    test_audio_content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
    test_embedded_resource: [
      embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
    ],
    test_multiple_content_types: [
      text('Multiple content types test:'),
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  }
  for (const [name, content] of Object.entries(fixed)) tool(server, name, async () => await Promise.resolve(content))
  tool(server, 'test_error_handling', async () => {
    await Promise.resolve()
    throw new Error('This tool intentionally returns an error for testing')
  })
  tool(server, 'test_tool_with_logging', logging)
  tool(server, 'test_tool_with_progress', progressing)
  tool(server, 'test_reconnection', async ({ http }) => {
    http?.closeSSE?.()
    await pause(STEP_MS)
    return [text('Reconnection test completed successfully')]
  })
  registerAsking(server)
  registerSchema(server)
}

function tool(server: McpServer, name: string, run: (context: ServerContext) => Promise<Content>): void {
  server.registerTool(
    name,
    { description: `Fixture of the suite: ${name}`, inputSchema: NOTHING },
    async (_args, context) => ({
      content: await run(context),
    }),
  )
}

async function logging({ mcpReq }: ServerContext): Promise<Content> {
  for (const [index, line] of [
    'Tool execution started',
    'Tool processing data',
    'Tool execution completed',
  ].entries()) {
    if (index > 0) await pause(STEP_MS)
    await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data: line } })
  }
  return [text('The tool has logged')]
}

async function progressing({ mcpReq }: ServerContext): Promise<Content> {
  const progressToken = mcpReq._meta?.progressToken
  for (const progress of [0, 50, 100]) {
    if (progress > 0) await pause(STEP_MS)
    if (progressToken !== undefined)
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
  }
  return [text('The tool has made progress')]
}

function registerAsking(server: McpServer): void {
  const config = (argument: string): { description: string; inputSchema: z.ZodObject } => ({
    description: 'Fixture of the suite that asks the client',
    inputSchema: z.object({ [argument]: z.string() }),
  })
  server.registerTool('test_sampling', config('prompt'), async (args, { mcpReq }) => {
    const answer = await mcpReq.requestSampling({
      messages: [{ role: 'user', content: text(String(args['prompt'])) }],
      maxTokens: 100,
    })
    return { content: [text(`LLM response: ${JSON.stringify(answer.content)}`)] }
  })
  server.registerTool('test_elicitation', config('message'), async (args, context) => {
    const answer = await elicit(context, String(args['message']), {
      username: { type: 'string', description: "User's response" },
      email: { type: 'string', description: "User's email address" },
    })
    return { content: [text(`User response: ${answer}`)] }
  })
  tool(server, 'test_elicitation_sep1034_defaults', async (context) => [
    text(`Elicitation completed: ${await elicit(context, 'Please review the defaults', DEFAULTS)}`),
  ])
  tool(server, 'test_elicitation_sep1330_enums', async (context) => [
    text(`Elicitation completed: ${await elicit(context, 'Please choose', ENUMS)}`),
  ])
}

type Properties = Readonly<Record<string, Readonly<Record<string, unknown>>>>

async function elicit({ mcpReq }: ServerContext, message: string, properties: Properties): Promise<string> {
  const requestedSchema = { type: 'object', properties, required: Object.keys(properties) }
  // The schema is as the suite describes it; what the library accepts of it is what is tested.
  const { action, content } = await mcpReq.elicitInput({ message, requestedSchema } as unknown as Parameters<
    typeof mcpReq.elicitInput
  >[0])
  return `action=${action}, content=${JSON.stringify(content ?? {})}`
}

const DEFAULTS: Properties = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
}

const titled = (names: readonly (readonly [string, string])[]): readonly object[] =>
  names.map(([value, title]) => ({ const: value, title }))

const ENUMS: Properties = {
  untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
  titledSingle: {
    type: 'string',
    oneOf: titled([
      ['value1', 'First Option'],
      ['value2', 'Second Option'],
      ['value3', 'Third Option'],
    ]),
  },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
  titledMulti: {
    type: 'array',
    items: {
      anyOf: titled([
        ['value1', 'First Choice'],
        ['value2', 'Second Choice'],
        ['value3', 'Third Choice'],
      ]),
    },
  },
}

function registerSchema(server: McpServer): void {
  const inputSchema = fromJsonSchema<{ readonly name?: string }>({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
    },
    properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
    additionalProperties: false,
  })
  const description = 'Tool with JSON Schema 2020-12 features'
  server.registerTool('json_schema_2020_12_tool', { description, inputSchema }, async ({ name }) => ({
    content: await Promise.resolve([text(name ?? '')]),
  }))
}

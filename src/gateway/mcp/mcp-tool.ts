import type {
  CallToolResult,
  McpServer,
  ServerContext,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from '@modelcontextprotocol/server'
import type { z } from 'zod'
import type { CallerRole } from '../../node/config/node-config.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { AuthenticatedCaller } from '../listener/authenticate.ts'
import { failedCall } from './failed-call.ts'
import type { RunningCalls } from './running-calls.ts'
import { shareSchema } from './shared-schema.ts'

/** Arguments and results are documents: tools say of both what is in them. */
export type ObjectSchema = z.ZodObject

/** What every tool is given. */
export type ToolSurroundings = {
  readonly node: KernellNode
  readonly who: AuthenticatedCaller
  /** Names of the providers that the node knows. */
  readonly providers: ReadonlySet<string>
}

/** One call, as a tool sees it. */
export type ToolCall = ToolSurroundings & {
  /** Aborted when the caller takes the call back or goes away, it takes too long, or the node stops. */
  readonly signal: AbortSignal
  /** Tells the caller how far the call is; absent where nobody asked. Resolves when it was handed to the connection. */
  readonly progress?: (done: number, message: string, total?: number) => Promise<void>
}

/** What a tool answers: a document, and its gist where that is not the document itself. */
export type ToolAnswer = { readonly document: object; readonly text?: string }

/** A tool of the node. */
export type McpTool = {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: ObjectSchema
  readonly output: ObjectSchema
  readonly annotations: ToolAnnotations
  /** Whose keys see it. The others are told that there is no such tool. */
  readonly roles: readonly CallerRole[]
  /** `args` are as `input` has read them. */
  readonly run: (args: unknown, call: ToolCall) => Promise<ToolAnswer>
}

/** Ties the type of the arguments to their schema. */
export function defineTool<Input extends ObjectSchema>(
  tool: Omit<McpTool, 'input' | 'run'> & {
    readonly input: Input
    readonly run: (args: z.output<Input>, call: ToolCall) => Promise<ToolAnswer>
  },
): McpTool {
  // The library hands over what `input` has read.
  return { ...tool, run: async (args, call) => await tool.run(args as z.output<Input>, call) }
}

export type Registration = {
  readonly surroundings: ToolSurroundings
  readonly calls: RunningCalls
  /** Told of failures that are the program's own. */
  readonly onFailure: (error: unknown) => void
}

/** A tool as servers offer it. */
export type OfferedTool = {
  readonly tool: McpTool
  readonly inputSchema: StandardSchemaWithJSON
  readonly outputSchema: StandardSchemaWithJSON
}

/** For all servers of a node together. */
export function offerTool(tool: McpTool): OfferedTool {
  return { tool, inputSchema: shareSchema(tool.input), outputSchema: shareSchema(tool.output) }
}

/** Offers a tool, where the role of the caller may use it. */
export function registerTool(server: McpServer, offered: OfferedTool, registration: Registration): void {
  const { tool, inputSchema, outputSchema } = offered
  const { role } = registration.surroundings.who
  if (role === undefined || !tool.roles.includes(role)) return
  const { name, title, description, annotations } = tool
  server.registerTool(
    name,
    { title, description, inputSchema, outputSchema, annotations: { title, ...annotations } },
    async (args, context) => await runTool(tool, { args, context, registration }),
  )
}

type Running = { readonly args: unknown; readonly context: ServerContext; readonly registration: Registration }

async function runTool(tool: McpTool, { args, context, registration }: Running): Promise<CallToolResult> {
  const { surroundings, calls, onFailure } = registration
  try {
    const { document, text } = await calls.run(context.mcpReq.signal, async (signal) => {
      const progress = progressOf(context)
      return await tool.run(args, { ...surroundings, signal, ...(progress !== undefined && { progress }) })
    })
    const structured = JSON.stringify(document)
    return {
      content: [{ type: 'text', text: text ?? structured }],
      // As it goes over the wire: what is absent is not there.
      structuredContent: JSON.parse(structured) as Record<string, unknown>,
    }
  } catch (error: unknown) {
    return failedCall(error, onFailure)
  }
}

function progressOf({ mcpReq }: ServerContext): ToolCall['progress'] {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return undefined
  return async (progress, message, total) => {
    const params = { progressToken, progress, message, ...(total !== undefined && { total }) }
    await mcpReq.notify({ method: 'notifications/progress', params })
  }
}

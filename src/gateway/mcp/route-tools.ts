import { z } from 'zod'
import { decisionDocument, usdOrNull } from '../../node/decision-document.ts'
import type { RouteRequest, RouteResult } from '../../ports/router.ts'
import { summarizeResult } from '../node/result-headers.ts'
import { defineTool, type McpTool, type ToolAnswer, type ToolCall } from './mcp-tool.ts'
import { ROUTE_ARGUMENTS, routeRequestOf } from './route-arguments.ts'

/** Letters between two words of progress: an answer of a page says some ten. */
const PROGRESS_CHARS = 400

const USD = z.number().nullable().describe('US dollars; null when a price is unknown')

const ROUTE_RESULT = z.object({
  text: z.string(),
  finish_reason: z.string(),
  task_id: z.string(),
  route: z.string(),
  tier: z.string(),
  model: z.string(),
  provider: z.string(),
  cache: z.string(),
  cost_usd: USD,
  premium_cost_usd: USD,
  is_cost_estimated: z.boolean(),
  latency_ms: z.number(),
  attempts: z.number(),
  tokens_in: z.number(),
  tokens_out: z.number(),
  is_accepted: z
    .boolean()
    .nullable()
    .describe('false: no check accepted it, and it is the best of what came; null: none ran'),
})

const ROUTE = defineTool({
  name: 'route',
  title: 'Run a task',
  description:
    'Runs a task at the lowest expected cost that reaches the quality asked for: exact tools, cache, local models, cheap and premium APIs. It may cost money, within the budgets of the caller and max_cost_usd. Calls that ask for progress get what comes as it comes: a model whose answer has begun is not replaced by another one.',
  input: ROUTE_ARGUMENTS,
  output: ROUTE_RESULT,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  roles: ['admin', 'member'],
  async run(args, call) {
    const request = routeRequestOf(args, call)
    const result =
      call.progress === undefined
        ? await call.node.router.route(request, { signal: call.signal })
        : await routeTelling(request, call, call.progress)
    return answerOf(result)
  },
})

async function routeTelling(
  request: RouteRequest,
  { node, signal }: ToolCall,
  progress: NonNullable<ToolCall['progress']>,
): Promise<RouteResult> {
  const stream = await node.router.routeStream(request, { signal })
  // It is awaited after the parts; when they fail, nobody listens.
  stream.result.catch(() => undefined)
  await progress(0, `${stream.modelId} answers`)
  let [chars, told] = [0, 0]
  for await (const part of stream.parts) {
    signal.throwIfAborted()
    if (part.type !== 'text-delta') continue
    chars += part.text.length
    if (chars - told < PROGRESS_CHARS) continue
    told = chars
    await progress(chars, `${chars} letters of the answer`)
  }
  return await stream.result
}

function answerOf(result: RouteResult): ToolAnswer {
  const { answer } = result
  const text = answer.text === '' ? (answer.refusal ?? '') : answer.text
  const { tokensIn, tokensOut } = answer.usage
  const figures = { finish_reason: answer.finishReason, tokens_in: tokensIn, tokens_out: tokensOut }
  return { document: { text, ...figures, ...summarizeResult(result) }, text }
}

const ESTIMATE = defineTool({
  name: 'estimate',
  title: 'Estimate a task',
  description: 'Says how a task would be run, why, and what it is expected to cost. Calls no model and costs nothing.',
  input: ROUTE_ARGUMENTS,
  output: z.object({
    expected_tokens_in: z.number(),
    expected_tokens_out: z.number(),
    expected_cost_usd: USD,
    expected_latency_s: z.number(),
    premium_cost_usd: USD,
    exact_tool: z.string().nullable().describe('A tool that answers exactly at no cost'),
    decision: z.looseObject({}),
  }),
  annotations: { readOnlyHint: true, openWorldHint: false },
  roles: ['admin', 'member'],
  async run(args, call) {
    const estimate = await call.node.router.estimate(routeRequestOf(args, call), { signal: call.signal })
    return {
      document: {
        expected_tokens_in: estimate.expectedTokensIn,
        expected_tokens_out: estimate.expectedTokensOut,
        expected_cost_usd: usdOrNull(estimate.expectedCostNanos),
        expected_latency_s: estimate.expectedLatencyS,
        premium_cost_usd: usdOrNull(estimate.premiumCostNanos),
        exact_tool: estimate.deterministicTool ?? null,
        decision: decisionDocument(estimate.decision),
      },
    }
  },
})

export const ROUTE_TOOLS: readonly McpTool[] = [ROUTE, ESTIMATE]

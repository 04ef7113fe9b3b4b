import { z } from 'zod'
import { amountFromUsd } from '../../base/money.ts'
import { CodedError } from '../../base/errors.ts'
import type { RouteRequest } from '../../ports/router.ts'
import { invalidRequest } from '../invalid-request.ts'
import { parseRouteControls } from '../../node/control/parse-route-controls.ts'
import { readTarget } from '../tasks/read-target.ts'
import type { ToolCall } from './mcp-tool.ts'

const TEXT_CHARS_MAX = 1_000_000

/** What may be said of a task; the members are those of the headers `x-kernell-*` over HTTP. */
export const ROUTE_ARGUMENTS = z.strictObject({
  prompt: z.string().min(1).max(TEXT_CHARS_MAX).describe('The task, as one would give it to a model'),
  system: z.string().max(TEXT_CHARS_MAX).optional().describe('A system prompt before it'),
  model: z
    .string()
    .optional()
    .describe(
      'kernell (default: the policy decides), kernell-local, kernell-cheap, kernell-premium, or a model of the resource kernell://models',
    ),
  max_cost_usd: z
    .number()
    .nonnegative()
    .optional()
    .describe('The most that the task may cost, US dollars, overhead included'),
  quality: z.number().min(0).max(1).optional().describe('Least predicted chance of an accepted answer'),
  allow: z
    .array(z.string().regex(/^[^,\s]+$/))
    .min(1)
    .max(32)
    .optional()
    .describe(
      'Only these tiers (cache, deterministic, local, cheap, premium, ...) and providers; local-only keeps the task on the machine',
    ),
  cache: z.enum(['default', 'no-store', 'no-read', 'refresh', 'off']).optional(),
  conversation: z.string().optional().describe('Name of the conversation that it belongs to'),
  max_output_tokens: z.int().min(1).max(10_000_000).optional(),
  is_json: z.boolean().optional().describe('The answer has to be one JSON object'),
})

export type RouteArguments = z.output<typeof ROUTE_ARGUMENTS>

/** The request that a call stands for. Throws `REQUEST_INVALID`, which names the argument. */
export function routeRequestOf(args: RouteArguments, { who, providers }: ToolCall): RouteRequest {
  const { prompt, system, model, max_cost_usd: maxCostUsd, max_output_tokens: maxOutputTokens } = args
  const maxCostNanos = maxCostUsd === undefined ? undefined : amountFromUsd(maxCostUsd)
  if (maxCostUsd !== undefined && maxCostNanos === undefined)
    throw invalidRequest('max_cost_usd', 'max_cost_usd must be a decimal number of dollars, 0 or more')
  return {
    caller: who.caller,
    target: readTarget(model ?? 'kernell'),
    request: {
      messages: [
        ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
        { role: 'user', content: prompt },
      ],
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      ...(args.is_json === true && { responseFormat: { type: 'json-object' } as const }),
    },
    controls: { ...controlsOf(args, providers, who.tiers), ...(maxCostNanos !== undefined && { maxCostNanos }) },
  }
}

function controlsOf(
  { quality, allow, cache, conversation }: RouteArguments,
  providers: ToolCall['providers'],
  keyTiers: ToolCall['who']['tiers'],
): RouteRequest['controls'] {
  const headers = {
    'x-kernell-quality': quality?.toFixed(6),
    'x-kernell-allow': allow?.join(','),
    'x-kernell-cache': cache,
    'x-kernell-conversation': conversation,
  }
  try {
    return parseRouteControls(headers, { providers, keyTiers })
  } catch (error: unknown) {
    if (!CodedError.is(error, 'REQUEST_INVALID')) throw error
    throw invalidRequest(undefined, error.message.replaceAll('x-kernell-', ''))
  }
}

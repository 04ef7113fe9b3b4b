import { amountFromNanos, type Amount } from '../base/money.ts'
import { CodedError } from '../base/errors.ts'
import { usdOrNull } from '../node/decision-document.ts'
import type { ToolTaskAnswer, ToolTaskCall } from '../node/mcp/tool-task.ts'
import { TIER_ORDER } from './batch-report.ts'
import { toldBy } from './control-lines.ts'
import { type Flags, listFlag, numberFlag, textFlag, usageError } from './flags.ts'
import { formatExplanation, reasonsOf } from './format-explanation.ts'
import { controlHeaders, readTarget } from './route-flags.ts'
import type { Control } from './running-control.ts'
import type { TaskAnswer, TaskRunner } from './task-answer.ts'

export type ToolRunnerInit = {
  readonly control: Control
  readonly flags: Flags
  /** Told of each call of a tool. */
  readonly onCall: (call: ToolTaskCall) => void
}

type Line = ToolTaskAnswer | ({ readonly event: 'call' } & ToolTaskCall)

/** Runs tasks whose models may call the tools of `--tools`. Throws `COMMAND_INVALID` for flags that cannot be read. */
export function createToolRunner({ control, flags, onCall }: ToolRunnerInit): TaskRunner {
  const target = readTarget(flags)
  const asked = {
    op: 'route',
    tools: listFlag(flags, 'tools'),
    tenant: textFlag(flags, 'tenant'),
    system: textFlag(flags, 'system'),
    maxOutputTokens: numberFlag(flags, 'max-output-tokens', { min: 1, max: 10_000_000, isWhole: true }),
    route: target.kind === 'route' ? target.route : undefined,
    model: target.kind === 'model' ? target.modelId : undefined,
    controls: Object.fromEntries(
      Object.entries(controlHeaders(flags)).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  }
  return async (prompt) => {
    try {
      for await (const line of toldBy<Line>(control, { ...asked, prompt }, 'tools')) {
        if (line.event === 'answer') return taskAnswerOf(line, control.servedBy)
        onCall(line)
      }
    } catch (error) {
      if (CodedError.is(error, 'REQUEST_INVALID')) throw usageError(error.message.replaceAll('x-kernell-', '--'))
      throw error
    }
    throw new CodedError('INTERNAL_ERROR', { message: 'The task ended without an answer' })
  }
}

function taskAnswerOf(answer: ToolTaskAnswer, servedBy: string | undefined): TaskAnswer {
  const { text, decision, model, provider, route, calls, latencyMs, isVerified } = answer
  const figures = figuresOf(answer)
  return {
    text,
    figures,
    reasons: reasonsOf(decision),
    explain: (width) => formatExplanation(decision, width),
    document: {
      task_id: answer.taskId,
      output: text,
      route,
      tier: figures.tier,
      model,
      provider,
      cost_usd: usdOrNull(figures.costNanos),
      premium_usd: usdOrNull(figures.premiumCostNanos),
      latency_ms: Math.round(latencyMs * 1000) / 1000,
      attempts: [],
      overhead: [],
      was_cached: figures.cache === 'exact' || figures.cache === 'similar',
      verified: isVerified,
      decision,
      tool_calls: calls,
      ...(servedBy !== undefined && { served_by: servedBy }),
    },
  }
}

function figuresOf(answer: ToolTaskAnswer): TaskAnswer['figures'] {
  const tier = TIER_ORDER.find((known) => known === answer.tier)
  const cache = (['exact', 'similar', 'miss', 'off'] as const).find((known) => known === answer.cache)
  if (tier === undefined || cache === undefined)
    throw new CodedError('MODEL_ANSWER_MALFORMED', { message: 'The node answers as one of another version' })
  return {
    tier,
    cache,
    modelId: answer.model,
    costNanos: amountOf(answer.costNanos),
    premiumCostNanos: amountOf(answer.premiumCostNanos),
    isCostEstimated: answer.isCostEstimated,
    latencyMs: answer.latencyMs,
    verification: undefined,
    attempts: [],
  }
}

function amountOf(nanos: string | null): Amount | undefined {
  return nanos === null ? undefined : amountFromNanos(BigInt(nanos))
}

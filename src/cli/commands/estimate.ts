import { formatDuration, formatUsd } from '../../base/format.ts'
import { amountToUsd, type Amount } from '../../base/money.ts'
import type { RouteEstimate } from '../../ports/router.ts'
import { formatExplanation } from '../batch-report.ts'
import type { Command } from '../command.ts'
import { ARTEFACT_FLAGS, configOfArtefactFlags } from '../config-flags.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { usageError } from '../flags.ts'
import { decisionDocument, usdOrNull } from '../format-result.ts'
import { requestMaker, ROUTE_FLAGS } from '../route-flags.ts'

/** The decision and the figures behind it; no model is called. */
export const estimateCommand: Command = {
  name: 'estimate',
  summary: 'say what a task would cost and how it would be run, without running it',
  synopsis: 'TASK | -',
  positionalsMax: Number.POSITIVE_INFINITY,
  flags: { ...ROUTE_FLAGS, ...ARTEFACT_FLAGS },
  examples: [
    'kernell estimate "Write a parser for RFC 5322 addresses in Rust"',
    'kernell estimate --route premium - < task.txt',
  ],
  async run(context) {
    const { flags, positionals, terminal, isJson, signal } = context
    if (positionals.length === 0) throw usageError('A task is missing')
    const words = positionals.join(' ')
    const prompt = words === '-' ? (await context.readStandardInput()).trim() : words
    const estimate = await context.useNode(
      async (node) => await node.router.estimate(requestMaker(flags, node)(prompt), { signal }),
      configOfArtefactFlags(flags),
    )
    if (isJson) terminal.printJson(estimateDocument(estimate))
    else
      terminal.print(`${estimateLines(estimate).join('\n')}\n\n${formatExplanation(estimate.decision, terminal.width)}`)
    return EXIT_CODES.done
  },
}

function estimateDocument(estimate: RouteEstimate): object {
  return {
    route: estimate.decision.route,
    expected_cost_usd: usdOrNull(estimate.expectedCostNanos),
    expected_latency_s: estimate.expectedLatencyS,
    expected_tokens_in: estimate.expectedTokensIn,
    expected_tokens_out: estimate.expectedTokensOut,
    premium_usd: usdOrNull(estimate.premiumCostNanos),
    deterministic_tool: estimate.deterministicTool ?? null,
    decision: decisionDocument(estimate.decision),
  }
}

function estimateLines(estimate: RouteEstimate): readonly string[] {
  if (estimate.deterministicTool !== undefined)
    return [`Answered exactly by the tool \`${estimate.deterministicTool}\`, at no cost.`]
  const steps = estimate.decision.plan.map((step) => `${step.modelId} (${step.tier})`)
  return [
    `route      ${estimate.decision.route}`,
    `plan       ${steps.length === 0 ? 'none' : steps.join(', then ')}`,
    `cost       ${costText(estimate.expectedCostNanos)}`,
    `premium    ${costText(estimate.premiumCostNanos)}`,
    `latency    ${formatDuration(estimate.expectedLatencyS * 1000)}`,
    `tokens     ${Math.round(estimate.expectedTokensIn)} in, ${Math.round(estimate.expectedTokensOut)} out`,
  ]
}

function costText(amount: Amount | undefined): string {
  return amount === undefined ? 'unknown' : formatUsd(amountToUsd(amount))
}

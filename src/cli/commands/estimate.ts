import { formatDuration, formatUsd } from '../../base/format.ts'
import { amountToUsd, type Amount } from '../../base/money.ts'
import { CodedError } from '../../base/errors.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { RouteEstimate } from '../../ports/router.ts'
import { decisionDocument, usdOrNull } from '../../node/decision-document.ts'
import { formatExplanation } from '../format-explanation.ts'
import type { Command, CommandContext } from '../command.ts'
import { ARTEFACT_FLAGS, configOfArtefactFlags } from '../config-flags.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { inOwnDirectory } from '../own-directory.ts'
import { readTask } from '../read-task.ts'
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
    const { terminal, isJson } = context
    const estimate = await estimateTask(await readTask(context), context)
    if (isJson) terminal.printJson(estimateDocument(estimate))
    else
      terminal.print(
        `${estimateLines(estimate).join('\n')}\n\n${formatExplanation(decisionDocument(estimate.decision), terminal.cutWidth)}`,
      )
    return EXIT_CODES.done
  },
}

/**
 * An estimate depends on the configuration and the imported prices, and on nothing that a node learns while it runs; so when the data
 * directory is in use, it is made beside it.
 */
async function estimateTask(prompt: string, context: CommandContext): Promise<RouteEstimate> {
  const { flags, terminal, signal } = context
  const artefacts = configOfArtefactFlags(flags)
  const estimate = async (node: KernellNode): Promise<RouteEstimate> =>
    await node.router.estimate(requestMaker(flags, node)(prompt), { signal })
  try {
    return await context.useNode(estimate, artefacts)
  } catch (error) {
    if (!CodedError.is(error, 'STORE_LOCKED')) throw error
    terminal.note(
      terminal.style(
        'dim',
        'The data directory is in use; estimated beside it, with the configuration of this command.',
      ),
    )
    const withPricesOf = context.loadConfig().dataDir
    return await inOwnDirectory(async (dataDir) => await context.useNode(estimate, { ...artefacts, dataDir }), {
      withPricesOf,
    })
  }
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

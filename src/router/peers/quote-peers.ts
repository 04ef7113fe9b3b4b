import type { Amount } from '../../base/money.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import { expectedCost, expectedTokensOut } from '../../core/policy/expected-outcome.ts'
import type { RouteControls } from '../../ports/router.ts'
import { forbiddenBecause } from '../candidates.ts'
import type { TaskRun } from '../task-run.ts'
import type { PeerQuote, PeerTier } from './peer-tier.ts'

/** A task of which nothing is known but its length. */
const MEDIUM = 3

/** Asks the peers of a node for a task, beside the models that could answer it. */
export function quotePeers(peers: PeerTier, run: TaskRun, candidates: readonly ModelEntry[]): PeerQuote | undefined {
  const { facts, today } = run
  const { request, caller, controls } = run.route
  const tokensOut = expectedTokensOut(MEDIUM, request.maxOutputTokens)
  const { tokensIn } = facts
  return peers.quote({
    request,
    tenant: caller.tenant,
    isBarePrompt: facts.isBarePrompt,
    isConfined: isKeptFrom(controls),
    needsMore: needsMore(run),
    hasJudge: mayJudge(peers, controls),
    tokensIn,
    tokensOut,
    today,
    elsewhereNanos: leastOf(candidates.map((entry) => expectedCost(entry, { tokensIn, tokensOut, today }))),
  })
}

/** Whether the caller's controls keep the task from peers: they have to be named wherever anybody is. */
function isKeptFrom({ isLocalOnly, providers, models, tiers }: RouteControls): boolean {
  // A list of models names none of a peer's.
  if (isLocalOnly === true || models !== undefined) return true
  return providers?.includes('peer') === false || tiers?.includes('peer') === false
}

/** What nobody can check is not bought: there is a judge, and the caller lets it see the task. */
function mayJudge({ judge }: PeerTier, controls: RouteControls): boolean {
  return judge !== undefined && forbiddenBecause(judge, controls) === undefined
}

/** What a seller of answers is not given, and an answer without it would not be what was asked for. */
function needsMore({ facts: { needs, usesTools }, route: { request } }: TaskRun): boolean {
  const { responseFormat, stop } = request
  return (
    usesTools ||
    needs.tools === true ||
    needs.vision === true ||
    needs.logprobs === true ||
    responseFormat !== undefined ||
    stop !== undefined
  )
}

function leastOf(costs: readonly (Amount | undefined)[]): Amount | undefined {
  let least: Amount | undefined
  for (const cost of costs) if (cost !== undefined && (least === undefined || cost < least)) least = cost
  return least
}

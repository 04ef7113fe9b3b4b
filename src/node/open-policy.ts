import { readFile } from 'node:fs/promises'
import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import type { RegretLedger } from '../core/policy/exploration/regret-account.ts'
import { parsePolicyArtefact, type PolicyArtefact } from '../core/policy/policy-artefact.ts'
import { civilDateOfInstant } from '../core/models/civil-date.ts'
import { isLocalTier, type ModelEntry } from '../core/models/model-entry.ts'
import { createModelPolicyAdviser } from '../models/model-policy-adviser.ts'
import { createRemotePolicyAdviser } from '../models/remote-policy-adviser.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel } from '../ports/language-model.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { Policy } from '../ports/policy.ts'
import type { PolicyKernel } from '../ports/policy-kernel.ts'
import type { Random } from '../ports/random.ts'
import { createAdvisedPolicy } from '../router/advised-policy.ts'
import { costOfCall } from '../router/call-cost.ts'
import { createPolicyService, type PolicyService } from '../router/policy-service.ts'
import type { ServedPolicy } from '../router/served-policy.ts'
import type { Environment } from './config/environment-document.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { HealthCheck, PolicyAnswer, PolicyAnswers } from './kernell-node.ts'
import type { ConfiguredPolicy } from '../router/rollout/policy-shelf.ts'
import { nativeSha256HexOfBytes } from './open-answer-cache.ts'
import type { LocalWeights } from './open-local-weights.ts'
import { answerPolicyQuestion } from './policy-answers.ts'
import { unreadableFile } from './unreadable-file.ts'

/** The policy of a node: its own, with advisers where they are configured. */
export type NodePolicy = {
  readonly policy: Policy
  /** The node's own policy under its advisers: one of two while a candidate is being tried. */
  readonly own: ServedPolicy
  /** Answers `POST /v1/policy/decide`: the node's own policy, never its advisers, so that two nodes cannot ask each other in circles. */
  answer(body: JsonValue, options?: AbortOptions): Promise<PolicyAnswer | PolicyAnswers>
  checks(): readonly HealthCheck[]
}

export type OpenPolicyInit = {
  readonly config: NodeConfig
  readonly catalog: ModelCatalog
  readonly outbound: OutboundFetch
  readonly environment: Environment
  readonly clock: Clock
  readonly random: Random
  readonly kernel: PolicyKernel
  readonly weights: Pick<LocalWeights, 'openAdapted'>
}

/** How long a local model may think about the route of a task, milliseconds. */
const LITE_TIMEOUT_MS = 2_000

/** A local model costs nothing but time; the limit only keeps a broken one from slowing every task. */
const LITE_REQUESTS_PER_MINUTE = 600

/** Makes policies with the settings of the configuration: of an artefact, or of the documented priors. */
export function policyMaker(
  { config, kernel }: Pick<OpenPolicyInit, 'config' | 'kernel'>,
  regrets: RegretLedger,
): (artefact: PolicyArtefact | undefined) => PolicyService {
  const { quality, exploration, explore, qualityShare } = config.policy
  return (artefact) =>
    createPolicyService(
      {
        quality,
        explorationRate: exploration,
        ...(explore !== undefined && { explore }),
        ...(artefact !== undefined && { artefact }),
        ...(qualityShare !== undefined && { qualityShare }),
      },
      { hashBytes: nativeSha256HexOfBytes, kernel, regrets },
    )
}

/** The policy that the configuration names. Throws `POLICY_ARTEFACT_INVALID`, `POLICY_FORMAT_NEWER`. */
export async function readConfiguredPolicy(
  { policy }: NodeConfig,
  create: ReturnType<typeof policyMaker>,
): Promise<ConfiguredPolicy> {
  if (policy.artefact === undefined) return { service: create(undefined), text: undefined }
  const text = await readArtefact(policy.artefact)
  return { service: create(parsePolicyArtefact(text)), text }
}

/**
 * Opens the policy: what serves, under its advisers. For `policy.lite` it throws `CONFIG_INVALID`, and for its adapter `MODEL_FILE_INVALID` and
 * `MODEL_RUNTIME_MISSING`: an operator who names one is told, where a model that gives no advice would only be passed over.
 */
export async function openPolicy(init: OpenPolicyInit, own: ServedPolicy): Promise<NodePolicy> {
  const { config, clock } = init
  let policy: Policy = own
  if (config.policy.lite !== undefined) {
    const entry = findLite(init, config.policy.lite.model)
    const adviser = createModelPolicyAdviser({
      model: await openLite(init, entry),
      costOf: (usage) => costOfCall(entry, usage, civilDateOfInstant(clock.now())),
      clock,
    })
    policy = createAdvisedPolicy(
      { policy, adviser, clock },
      { ask: 'always', timeoutMs: LITE_TIMEOUT_MS, requestsPerMinute: LITE_REQUESTS_PER_MINUTE, leavesNode: false },
    )
  }
  if (config.policy.pro !== undefined) {
    const { url, apiKeyEnv, timeoutMs, requestsPerMinute } = config.policy.pro
    const apiKey = apiKeyEnv === undefined ? undefined : init.environment[apiKeyEnv]
    const adviser = createRemotePolicyAdviser({ url, ...(apiKey !== undefined && { apiKey }) }, init)
    policy = createAdvisedPolicy(
      { policy, adviser, clock },
      { ask: 'in-doubt', timeoutMs, requestsPerMinute, leavesNode: true },
    )
  }
  return {
    policy,
    own,
    answer: async (body, options) => answerPolicyQuestion(own, init, { body, signal: options?.signal }),
    checks: () => [policyCheck(own)],
  }
}

async function readArtefact(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause: unknown) {
    throw unreadableFile('POLICY_ARTEFACT_INVALID', { named: `The policy ${path}`, file: path, cause })
  }
}

/** It sees every task before a budget does, those that may not leave this machine included: so it has to run here. */
function findLite({ catalog }: OpenPolicyInit, name: string): ModelEntry {
  const entry = catalog.registry.find(name)
  if (entry === undefined || !catalog.available.some(({ id }) => id === entry.id)) {
    throw new CodedError('CONFIG_INVALID', {
      message: `policy.lite.model names ${JSON.stringify(name)}, which no configured provider serves`,
    })
  }
  if (!isLocalTier(entry.tier)) {
    throw new CodedError('CONFIG_INVALID', {
      message: `policy.lite.model names ${JSON.stringify(name)} of the tier ${entry.tier}; only a model of this machine may see every task. Ask another node with policy.pro instead`,
    })
  }
  return entry
}

async function openLite({ config, catalog, weights }: OpenPolicyInit, entry: ModelEntry): Promise<LanguageModel> {
  const adapter = config.policy.lite?.adapter
  if (adapter === undefined) return catalog.open(entry)
  if (config.providers[entry.provider]?.kind !== 'gguf') {
    throw new CodedError('CONFIG_INVALID', {
      message: `policy.lite.adapter needs a GGUF model of this machine, and policy.lite.model names ${JSON.stringify(entry.id)}, which a server runs`,
    })
  }
  return await weights.openAdapted(entry, adapter)
}

function policyCheck({ inForce }: ServedPolicy): HealthCheck {
  const { incumbent, candidate, stage } = inForce
  const serving = stage === 'full' && candidate !== undefined ? candidate : incumbent
  const artefact = serving.scorer?.artefact
  if (artefact !== undefined)
    return { name: 'policy', state: 'ok', detail: `trained: ${serving.version}, ${artefact.candidates.length} models` }
  return {
    name: 'policy',
    state: 'warning',
    detail: 'documented priors; no trained policy is loaded',
    remedy:
      'Train one on your own outcomes: `kernell eval routing --train DATA.jsonl --test DATA.jsonl --strong NAME --weak NAME --save policy.json`, then `kernell serve --policy policy.json`.',
  }
}

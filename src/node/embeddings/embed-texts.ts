import { CodedError } from '../../base/errors.ts'
import type { TaskId } from '../../base/identifiers.ts'
import { type Amount, ZERO_AMOUNT } from '../../base/money.ts'
import { civilDateOfInstant } from '../../core/models/civil-date.ts'
import { estimateTokens } from '../../core/models/estimate-tokens.ts'
import { costOnDate } from '../../core/models/model-cost.ts'
import { isLocalTier, type ModelEntry } from '../../core/models/model-entry.ts'
import { Placeholders } from '../../core/redaction/placeholders.ts'
import type { ExecutionTier } from '../../core/routing/task-outcome.ts'
import { createOpenaiEmbeddings, TEXTS_PER_CALL_MAX } from '../../models/openai/openai-embedding-model.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Budgets } from '../../ports/budgets.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { RouteCaller, RouteControls, RouteRequest } from '../../ports/router.ts'
import type { AccessDoor } from '../access/access-door.ts'
import { isNeverBilled } from '../../router/never-billed.ts'
import type { Environment } from '../config/environment-document.ts'
import type { NodeConfig } from '../config/node-config.ts'
import { apiKeyOf } from '../open-models.ts'
import type { NodeRights } from '../rights/open-rights.ts'
import type { CountedUsage } from '../../telemetry/sums/usage-figures.ts'
import type { EmbeddingEntries } from './embedding-entries.ts'
import { usageOfEmbedding, type Bill } from './usage-of-embedding.ts'

export type EmbedOptions = AbortOptions & {
  /** Absent, or `kernell`: the embedder of the cache. */
  readonly model?: string
  /** Length of the vectors, where the model lets it be chosen. */
  readonly dimensions?: number
  /** Who pays. Absent: nobody's budget does. */
  readonly payer?: {
    readonly caller: RouteCaller
    readonly taskId: TaskId
    /** What the request and its key allow: tiers, models, providers, the most that it may cost. */
    readonly controls: RouteControls
  }
}

export type EmbeddedForCaller = {
  /** The id of the model. */
  readonly model: string
  /** One for each text, in order. */
  readonly vectors: readonly Float32Array[]
  readonly tokens: number
}

export type EmbedTextsComponents = {
  readonly config: Pick<NodeConfig, 'cache' | 'privacy' | 'providers'>
  readonly embedder: EmbeddingModel
  readonly entries: EmbeddingEntries
  readonly budgets: Budgets
  /** What keys may do. */
  readonly door: Pick<AccessDoor, 'admit'>
  readonly outbound: OutboundFetch
  readonly environment: Environment
  readonly clock: Pick<Clock, 'now'>
  /** Told what every request of a payer came to. Must not throw. */
  readonly countUsage: (usage: CountedUsage) => void
}

/** As `embedTexts`, ended by the switch that stops everything. */
export function createEmbed({
  stop,
  ...components
}: EmbedTextsComponents & { readonly stop: NodeRights['stop'] }): KernellEmbed {
  return async (texts, options) =>
    await stop.run(options.signal, async (signal) => await embedTexts(components, texts, { ...options, signal }))
}

export type KernellEmbed = (texts: readonly string[], options: EmbedOptions) => Promise<EmbeddedForCaller>

/**
 * Embeds texts with the embedder of the cache, or with the model that the caller names, whose provider is then asked.
 *
 * Throws `MODEL_NOT_FOUND` for a name that no provider serves, `REQUEST_INVALID` for a length that the embedder of the cache does not have, `ROUTER_NOT_ALLOWED` where what the caller may use leaves
 * the model out, `ROUTER_COST_CAP`, `BUDGET_EXCEEDED` and `ROUTER_PRICE_UNKNOWN` where its cost is bounded, as `AccessDoor.admit`, and as `EmbeddingModel.embed`.
 */
export async function embedTexts(
  components: EmbedTextsComponents,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<EmbeddedForCaller> {
  const { config, embedder, entries, door } = components
  const { payer, model: asked } = options
  const isOwn = asked === undefined || [embedder.id, 'kernell', config.cache.embedder].includes(asked)
  const model = isOwn ? embedder.id : asked
  // One of a provider is paid for, whoever else uses it.
  const entry = isOwn && embedder.leavesNode !== true ? undefined : entries.find(model)
  if (entry === undefined && !isOwn)
    throw new CodedError('MODEL_NOT_FOUND', {
      message: `No provider is known to embed with ${JSON.stringify(model)}; name it as PROVIDER/MODEL, or \`kernell\` for ${embedder.id}`,
    })
  const task = await (payer && door.admit(taskOf(texts, payer)))
  const bill: Bill = { calls: 0, tokens: 0, costNanos: 0n, isCostKnown: true }
  let isSuccess = false
  try {
    const allowed = payer && task && { ...payer, controls: task.request.controls }
    const made =
      entry === undefined
        ? await embedWithOwn(embedder, texts, { ...options, bill })
        : await embedWithProvider(components, texts, { ...options, entry, bill, ...(allowed && { payer: allowed }) })
    isSuccess = true
    return made
  } finally {
    task?.tokens.settle(isSuccess ? bill.tokens : 0)
    // What was refused before anything was called is nobody's usage.
    if (payer !== undefined && bill.calls > 0) countCall(components, { payer, entry, model, bill, isSuccess })
  }
}

type Call = {
  readonly payer: Payer
  readonly entry: ModelEntry | undefined
  readonly model: string
  readonly bill: Bill
  readonly isSuccess: boolean
}

function countCall({ countUsage, clock }: EmbedTextsComponents, { payer, bill, ...call }: Call): void {
  const { organisation, tenant, team, keyId } = payer.caller
  countUsage(
    usageOfEmbedding({
      ...call,
      model: call.entry?.id ?? call.model,
      ...bill,
      at: clock.now(),
      payer: { organisation: organisation ?? null, tenant, team: team ?? null, key: keyId ?? null },
    }),
  )
}

/** As the door knows tasks. */
function taskOf(texts: readonly string[], { caller, taskId, controls }: Payer): RouteRequest {
  const messages = texts.map((content) => ({ role: 'user' as const, content }))
  return { taskId, caller, controls, target: { kind: 'auto' }, request: { messages } }
}

type Payer = NonNullable<EmbedOptions['payer']>

async function embedWithOwn(
  embedder: EmbeddingModel,
  texts: readonly string[],
  { dimensions, signal, bill }: EmbedOptions & { readonly bill: Bill },
): Promise<EmbeddedForCaller> {
  if (dimensions !== undefined && dimensions !== embedder.dimensions)
    throw new CodedError('REQUEST_INVALID', {
      message: `dimensions must be ${embedder.dimensions} for ${embedder.id}, or left out`,
      details: { param: 'dimensions' },
    })
  bill.calls += 1
  const { vectors, tokensIn } = await embedder.embed(texts, { signal })
  bill.tokens = tokensIn > 0 ? tokensIn : estimateAll(texts)
  return { model: embedder.id, vectors, tokens: bill.tokens }
}

async function embedWithProvider(
  { config, budgets, outbound, environment, clock }: EmbedTextsComponents,
  texts: readonly string[],
  { entry, payer, dimensions, signal, bill }: EmbedOptions & { readonly entry: ModelEntry; readonly bill: Bill },
): Promise<EmbeddedForCaller> {
  const provider = config.providers[entry.provider]
  if (provider?.baseUrl === undefined) throw new Error('A model that embeds has a provider with an address')
  const costOf = (tokens: number): Amount | undefined =>
    costOnDate(entry, { inputTokens: tokens, outputTokens: 0 }, civilDateOfInstant(clock.now()))
  if (payer !== undefined) checkControls(payer.controls, entry, costOf(estimateAll(texts)))
  const apiKey = apiKeyOf(provider, environment)
  const { baseUrl } = provider
  const key = apiKey === undefined ? {} : { apiKey }
  const init = { modelId: entry.id, provider: entry.provider, model: entry.model, baseUrl, ...key }
  const model = createOpenaiEmbeddings(init, { outbound })
  const hidden = new Placeholders()
  const isHiding = config.privacy?.hidesSecrets === true && !provider.isLocal
  const vectors: Float32Array[] = []
  let tokens = 0
  for (let start = 0; start < texts.length; start += TEXTS_PER_CALL_MAX) {
    const some = texts.slice(start, start + TEXTS_PER_CALL_MAX)
    const sent = isHiding ? some.map((text) => hidden.hide(text)) : some
    const made = await payFor({ budgets, payer, signal, entry, costOf, texts: sent, bill }, async () => {
      const length = dimensions === undefined ? {} : { dimensions }
      const { vectors: found, tokensIn } = await model.embed(sent, { ...(signal && { signal }), ...length })
      return { found, tokens: tokensIn > 0 ? tokensIn : estimateAll(sent) }
    })
    vectors.push(...made.found)
    tokens += made.tokens
  }
  return { model: entry.id, vectors, tokens }
}

/** Throws `ROUTER_NOT_ALLOWED`, `ROUTER_PRICE_UNKNOWN` and `ROUTER_COST_CAP`. */
function checkControls(controls: RouteControls, entry: ModelEntry, costNanos: Amount | undefined): void {
  const { tiers, models, providers, isLocalOnly, maxCostNanos } = controls
  const isLocal = isLocalTier(entry.tier)
  const isOfTier = (tier: ExecutionTier): boolean => (isLocal ? tier.startsWith('local_') : tier.endsWith('_api'))
  const isAllowed =
    (tiers?.some(isOfTier) ?? true) &&
    (models?.includes(entry.id) ?? true) &&
    (providers?.includes(entry.provider) ?? true) &&
    (isLocal || isLocalOnly !== true)
  if (!isAllowed)
    throw new CodedError('ROUTER_NOT_ALLOWED', { message: `The request or its key does not allow ${entry.id}` })
  if (maxCostNanos === undefined) return
  if (costNanos === undefined)
    throw new CodedError('ROUTER_PRICE_UNKNOWN', { message: `The price of ${entry.id} is unknown, and a cap is set` })
  if (costNanos > maxCostNanos)
    throw new CodedError('ROUTER_COST_CAP', { message: `${entry.id} would cost more than the request allows` })
}

type Paying = Pick<EmbedTextsComponents, 'budgets'> & {
  readonly payer: EmbedOptions['payer']
  readonly signal: AbortSignal | undefined
  readonly entry: ModelEntry
  readonly texts: readonly string[]
  /** `undefined` where the price is not known. */
  readonly costOf: (tokens: number) => Amount | undefined
  readonly bill: Bill
}

/** One call under the budget of whoever pays: what failed and may be billed all the same counts as the most that it can cost. */
async function payFor<Made extends { readonly tokens: number }>(
  { budgets, payer, signal, entry, texts, costOf, bill }: Paying,
  make: () => Promise<Made>,
): Promise<Made> {
  const call = async (): Promise<Made> => await billed(bill, costOf, make)
  if (payer === undefined || !budgets.isBounded(payer.caller)) return await call()
  // A token has a byte at least.
  const amountNanos = costOf(texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0))
  if (amountNanos === undefined)
    throw new CodedError('ROUTER_PRICE_UNKNOWN', {
      message: `The price of ${entry.id} is unknown, and there is a budget`,
    })
  const { caller, taskId } = payer
  const reservation = await budgets.reserve({ caller, taskId, amountNanos }, { ...(signal && { signal }) })
  let spent = amountNanos
  try {
    const made = await call()
    spent = costOf(made.tokens) ?? ZERO_AMOUNT
    return made
  } catch (error: unknown) {
    if (CodedError.is(error) && isNeverBilled(error.code)) spent = ZERO_AMOUNT
    throw error
  } finally {
    await reservation.settle(spent)
  }
}

/** What failed and may be billed all the same has no known cost. */
async function billed<Made extends { readonly tokens: number }>(
  bill: Bill,
  costOf: Paying['costOf'],
  make: () => Promise<Made>,
): Promise<Made> {
  bill.calls += 1
  try {
    const made = await make()
    const costNanos = costOf(made.tokens)
    bill.tokens += made.tokens
    if (costNanos === undefined) bill.isCostKnown = false
    else bill.costNanos += costNanos
    return made
  } catch (error: unknown) {
    if (!CodedError.is(error) || !isNeverBilled(error.code)) bill.isCostKnown = false
    throw error
  }
}

function estimateAll(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + estimateTokens(text), 0)
}

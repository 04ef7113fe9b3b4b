import { CodedError } from '../base/errors.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import { createAnthropicModel } from '../models/anthropic/anthropic-model.ts'
import { createBreakingModel, type ModelBreaker } from '../models/breaking-model.ts'
import { createHidingModel } from '../models/hiding-model.ts'
import { createOpenaiCompatibleModel } from '../models/openai/openai-compatible-model.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel } from '../ports/language-model.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { Tokenizer } from '../ports/tokenizer.ts'
import type { Environment } from './config/environment-document.ts'
import type { ProviderConfig } from './config/node-config.ts'

export type OpenModelComponents = {
  readonly outbound: OutboundFetch
  readonly tokenizer: Tokenizer
  readonly environment: Environment
  readonly providers: Readonly<Record<string, ProviderConfig>>
  /** Opens a GGUF file of this machine; loaded only when such a provider is configured. */
  readonly openGguf: (entry: ModelEntry) => LanguageModel
}

/** The adapter behind an entry, by the kind of its provider. Throws `CONFIG_INVALID` when that lacks an address. */
export function openModel(components: OpenModelComponents, entry: ModelEntry): LanguageModel {
  const provider = components.providers[entry.provider]
  if (provider === undefined) {
    throw new CodedError('ROUTER_MODEL_UNKNOWN', {
      message: `No provider ${entry.provider} is configured for ${entry.id}`,
    })
  }
  if (provider.kind === 'gguf') return components.openGguf(entry)
  const { baseUrl } = provider
  if (baseUrl === undefined) {
    throw new CodedError('CONFIG_INVALID', { message: `providers.${entry.provider}.baseUrl is missing` })
  }
  const apiKey = apiKeyOf(provider, components.environment)
  const init = {
    modelId: entry.id,
    provider: entry.provider,
    model: entry.model,
    baseUrl,
    ...(apiKey !== undefined && { apiKey }),
    ...(provider.propagatesTrace === true && { propagatesTrace: true }),
  }
  return provider.kind === 'anthropic'
    ? createAnthropicModel(init, components)
    : createOpenaiCompatibleModel(init, components)
}

export type GuardedModelComponents = OpenModelComponents & {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Whether models outside may not see the secrets of prompts. */
  readonly isHiding: boolean
  /** Told of the breaker of each model that is opened; absent: nobody looks. */
  readonly onBreaker?: ((breaker: ModelBreaker) => void) | undefined
}

/** As `openModel`: left alone while its service fails, and told no secrets where it is outside and the operator wants that. */
export function openGuardedModel(components: GuardedModelComponents, entry: ModelEntry): LanguageModel {
  const { clock, isHiding, providers, onBreaker } = components
  const model = createBreakingModel(openModel(components, entry), { clock })
  onBreaker?.(model)
  return isHiding && providers[entry.provider]?.isLocal !== true ? createHidingModel(model) : model
}

/** The provider's key; read from the environment at the last moment and kept nowhere else. */
export function apiKeyOf(provider: ProviderConfig, environment: Environment): string | undefined {
  const value = provider.apiKeyEnv === undefined ? undefined : environment[provider.apiKeyEnv]
  return value === undefined || value === '' ? undefined : value
}

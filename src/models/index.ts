/**
 * Adapters that answer: any server with the OpenAI interface, Anthropic, GGUF weights through the optional package `node-llama-cpp`. Each takes the way
 * out to the network as a component, meters what the provider reports, and never retries or picks another model: the router does.
 *
 * ```ts
 * import { createOpenaiCompatibleModel, createO200kTokenizer } from 'kernell-os/models'
 * import type { LanguageModel, OutboundFetch } from 'kernell-os/ports'
 *
 * export const ollama = (outbound: OutboundFetch): LanguageModel =>
 *   createOpenaiCompatibleModel(
 *     { modelId: 'ollama/qwen3:4b', provider: 'ollama', model: 'qwen3:4b', baseUrl: 'http://127.0.0.1:11434/v1' },
 *     { outbound, tokenizer: createO200kTokenizer() },
 *   )
 * ```
 */
export {
  createAnthropicModel,
  type AnthropicModelComponents,
  type AnthropicModelInit,
} from './anthropic/anthropic-model.ts'
export { downloadModel, type DownloadedModel, type DownloadModelInit, type DownloadProgress } from './download-model.ts'
export {
  openGgufEmbeddingModel,
  type GgufEmbeddingModel,
  type GgufEmbeddingModelInit,
} from './gguf/gguf-embedding-model.ts'
export { createGgufModel, type GgufModel, type GgufModelInit } from './gguf/gguf-model.ts'
export { createLlamaRuntime, type LlamaRuntime, type LlamaRuntimeInit } from './gguf/llama-runtime.ts'
export { probeHardware, type HardwareProbeInit } from './hardware-probe.ts'
export {
  createOpenaiCompatibleModel,
  type OpenaiCompatibleModelComponents,
  type OpenaiCompatibleModelInit,
} from './openai/openai-compatible-model.ts'
export { openOpenaiEmbeddingModel, type OpenaiEmbeddingModelInit } from './openai/openai-embedding-model.ts'
export { createO200kTokenizer } from './tokenizer.ts'

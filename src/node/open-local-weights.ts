import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { checkGgufAdapter } from '../models/gguf/check-gguf-adapter.ts'
import { createGgufModel, type GgufModelInit } from '../models/gguf/gguf-model.ts'
import { openGgufEmbeddingModel } from '../models/gguf/gguf-embedding-model.ts'
import { createLlamaRuntime } from '../models/gguf/llama-runtime.ts'
import type { EmbeddingModel } from '../ports/embedding-model.ts'
import type { LanguageModel } from '../ports/language-model.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import { modelFolder } from './pull-model.ts'

/** GGUF weights of this machine. Nothing is loaded before the first call. */
export type LocalWeights = {
  openModel(entry: ModelEntry): LanguageModel
  /**
   * A model of its own with a LoRA adapter, which no other use of the same file has; the memory of the weights is taken once more. The adapter
   * is looked at now, the model loaded with the first call.
   *
   * Throws `MODEL_FILE_INVALID` when the adapter is missing, is none or does not fit, and `MODEL_RUNTIME_MISSING`.
   */
  openAdapted(entry: ModelEntry, adapterPath: string): Promise<LanguageModel>
  openEmbedder(name: string): Promise<EmbeddingModel>
  /** Frees every model. Idempotent. */
  dispose(): Promise<void>
}

/** Opens files by path, or by name in the data directory's folder of downloaded weights. */
export function openLocalWeights(dataDir: string): LocalWeights {
  const runtime = createLlamaRuntime()
  const closers: (() => Promise<void>)[] = []
  const pathOf = (name: string): string => {
    const downloaded = join(modelFolder(dataDir), name)
    return isAbsolute(name) || !existsSync(downloaded) ? name : downloaded
  }
  const open = (init: GgufModelInit): LanguageModel => {
    const model = createGgufModel(init, { runtime })
    closers.push(() => model.dispose())
    return model
  }
  return {
    openModel: (entry) => open({ modelId: entry.id, path: pathOf(entry.model) }),
    async openAdapted(entry, adapterPath) {
      const path = pathOf(entry.model)
      const { module } = await runtime.open()
      await checkGgufAdapter(adapterPath, { modelPath: path, module })
      return open({ modelId: entry.id, path, adapterPath })
    },
    async openEmbedder(name) {
      const embedder = await openGgufEmbeddingModel(
        { modelId: name, path: pathOf(name.replace(/^gguf\//, '')) },
        { runtime },
      )
      closers.push(async () => await embedder[Symbol.asyncDispose]())
      return embedder
    },
    async dispose() {
      for (const close of closers.splice(0)) await close()
      await runtime.dispose()
    },
  }
}

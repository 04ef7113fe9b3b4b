import type { GgufFileInfo } from 'node-llama-cpp'
import { asRecord, asString } from '../json-access.ts'
import { findCutTensor, invalidFile, readGgufInfo } from './check-gguf-file.ts'
import type { LlamaModule } from './llama-runtime.ts'

type Shape = readonly number[]

/** Suffixes of the two matrices that change a tensor: W + scale * B A. */
const PARTS = ['.lora_a', '.lora_b'] as const

/** Rows of its matrices are places of the vocabulary, the other way round than everywhere else; the loader looks at their shape. */
const EMBEDDING = 'token_embd.weight'

/**
 * Checks that a GGUF file is a LoRA adapter and fits a model, before anything native sees it.
 *
 * Throws `MODEL_FILE_INVALID` when the file is missing, is no adapter, is cut off, or was made for another model.
 */
export async function checkGgufAdapter(
  path: string,
  { modelPath, module }: { readonly modelPath: string; readonly module: LlamaModule },
): Promise<void> {
  const { info, sizeBytes } = await readGgufInfo(path, module)
  const base = (await readGgufInfo(modelPath, module)).info
  const metadata = asRecord(info.metadata) ?? {}
  const type = asString(asRecord(metadata['general'])?.['type'])
  const adapter = asString(asRecord(metadata['adapter'])?.['type'])
  if (type !== 'adapter' || adapter !== 'lora')
    throw invalidFile(path, 'it is not a LoRA adapter (`general.type` is not adapter, or `adapter.type` not lora)')
  const cut = findCutTensor(info, sizeBytes)
  if (cut !== undefined) throw invalidFile(path, `it ends before its tensor ${cut} does`)
  const [own, wanted] = [architectureOf(info), architectureOf(base)]
  if (own !== wanted)
    throw invalidFile(path, `it is an adapter for models of the architecture ${own}, and the model is ${wanted}`)
  const problem = misfitOf(shapesOf(info), shapesOf(base))
  if (problem !== undefined) throw invalidFile(path, `it does not fit the model: ${problem}`)
}

function architectureOf(info: GgufFileInfo): string {
  return asString(asRecord(asRecord(info.metadata)?.['general'])?.['architecture']) ?? 'unknown'
}

function shapesOf(info: GgufFileInfo): ReadonlyMap<string, Shape> {
  const tensors = info.fullTensorInfo ?? info.tensorInfo ?? []
  return new Map(tensors.map(({ name, dimensions }) => [name, dimensions.map(Number)]))
}

/** The first thing that does not fit; `undefined` when everything does. */
function misfitOf(adapter: ReadonlyMap<string, Shape>, model: ReadonlyMap<string, Shape>): string | undefined {
  if (adapter.size === 0) return 'it changes nothing'
  for (const name of adapter.keys()) {
    const part = PARTS.find((suffix) => name.endsWith(suffix))
    if (part === undefined) return `its tensor ${name} is no part of an adapter`
    const target = name.slice(0, -part.length)
    const [down, up] = PARTS.map((suffix) => adapter.get(target + suffix))
    const changed = model.get(target)
    if (down === undefined || up === undefined) return `half of ${target} is missing`
    if (changed === undefined) return `the model has no ${target}`
    if (target.endsWith(EMBEDDING)) continue
    if (down[0] !== changed[0] || up[1] !== changed[1] || down[1] !== up[0])
      return `${target} has ${changed.join(' x ')} places, and the adapter is for ${down[0]} x ${up[1]}`
  }
  return undefined
}

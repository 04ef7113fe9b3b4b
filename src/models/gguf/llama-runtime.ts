import type * as NodeLlamaCpp from 'node-llama-cpp'
import type { MachineHardware } from '../../core/models/hardware-fit.ts'
import { CodedError } from '../../base/errors.ts'

/** The optional package, as a module. Its types are erased: nothing is loaded until a GGUF model is used. */
export type LlamaModule = typeof NodeLlamaCpp

export type OpenLlama = { readonly module: LlamaModule; readonly llama: NodeLlamaCpp.Llama }

/** Which hardware the native llama.cpp of this process runs on, the same for every GGUF model that shares it. */
export type LlamaRuntimeInit = {
  /** `auto` uses the best accelerator there is; `off` the processor only. Default `auto`. */
  readonly gpu?: 'auto' | 'off'
  /** How the package is loaded; for tests of its absence. */
  readonly importModule?: () => Promise<LlamaModule>
}

/** The native llama.cpp of this process, loaded at first use and shared by every GGUF model. */
export type LlamaRuntime = AsyncDisposable & {
  /** Loads the package and its native part once. Throws `MODEL_RUNTIME_MISSING`. */
  open(): Promise<OpenLlama>
  /** Accelerators and their memory; empty when the package is not installed or finds none. Loads it when it is there. */
  findGpus(): Promise<MachineHardware['gpus']>
  /** Makes `dispose` free this model first. Returns how to take that back, for a model that was freed already. */
  adopt(dispose: () => Promise<void>): () => void
  /** Frees every model, then the native part, within five seconds. Idempotent; a later `open` loads anew. */
  dispose(): Promise<void>
}

/** The native part waits for evaluations in flight; one that hangs must not keep the process from stopping. */
const DISPOSE_TIMEOUT_MS = 5_000

/** The native library, loaded when it is first needed. */
export function createLlamaRuntime(init: LlamaRuntimeInit = {}): LlamaRuntime {
  let opening: Promise<OpenLlama> | undefined
  const open = (): Promise<OpenLlama> => {
    opening ??= loadLlama(init).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const adopted = new Set<() => Promise<void>>()
  const dispose = async (): Promise<void> => {
    const opened = opening
    opening = undefined
    if (opened === undefined) return
    await withinTime(disposeAll(opened, [...adopted]))
    adopted.clear()
  }
  const adopt = (disposeModel: () => Promise<void>): (() => void) => {
    adopted.add(disposeModel)
    return () => void adopted.delete(disposeModel)
  }
  return { open, adopt, dispose, findGpus: () => findGpus(open), [Symbol.asyncDispose]: dispose }
}

/** Contexts go before their models, and models before the library: freed the other way round, each waits for the other. */
async function disposeAll(opened: Promise<OpenLlama>, models: readonly (() => Promise<void>)[]): Promise<void> {
  await Promise.allSettled(models.map((disposeModel) => disposeModel()))
  const { llama } = await opened
  await llama.dispose()
}

async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DISPOSE_TIMEOUT_MS)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

async function loadLlama(init: LlamaRuntimeInit): Promise<OpenLlama> {
  try {
    const module = await (init.importModule ?? importLlama)()
    const llama = await module.getLlama({
      gpu: init.gpu === 'off' ? false : 'auto',
      // Compiling native code on the operator's machine is never this program's decision.
      build: 'never',
      progressLogs: false,
      // Its messages would mix with the program's own output; a failure arrives as an exception.
      logLevel: module.LlamaLogLevel.disabled,
    })
    return { module, llama }
  } catch (cause) {
    throw new CodedError('MODEL_RUNTIME_MISSING', {
      message: 'The optional package node-llama-cpp, which runs GGUF models, is not installed or does not load here',
      cause,
    })
  }
}

function importLlama(): Promise<LlamaModule> {
  return import('node-llama-cpp')
}

async function findGpus(open: () => Promise<OpenLlama>): Promise<MachineHardware['gpus']> {
  const { llama } = await open()
  if (llama.gpu === false) return []
  const [names, memory] = await Promise.all([llama.getGpuDeviceNames(), llama.getVramState()])
  return [{ name: names.join(', '), memoryBytes: memory.total }]
}

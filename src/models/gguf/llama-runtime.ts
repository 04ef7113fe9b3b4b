import type * as NodeLlamaCpp from 'node-llama-cpp'
import type { MachineHardware } from '../../core/models/hardware-fit.ts'
import { CodedError } from '../../base/errors.ts'

/** The optional package, as a module. Its types are erased: nothing is loaded until a GGUF model is used. */
export type LlamaModule = typeof NodeLlamaCpp

export type OpenLlama = { readonly module: LlamaModule; readonly llama: NodeLlamaCpp.Llama }

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
  /** Frees every model. Idempotent; a later `open` loads anew. */
  dispose(): Promise<void>
}

export function createLlamaRuntime(init: LlamaRuntimeInit = {}): LlamaRuntime {
  let opening: Promise<OpenLlama> | undefined
  const open = (): Promise<OpenLlama> => {
    opening ??= loadLlama(init).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const dispose = async (): Promise<void> => {
    const opened = opening
    opening = undefined
    if (opened === undefined) return
    const { llama } = await opened
    await llama.dispose()
  }
  return { open, dispose, findGpus: () => findGpus(open), [Symbol.asyncDispose]: dispose }
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

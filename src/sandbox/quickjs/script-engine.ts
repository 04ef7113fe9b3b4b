import { readFile } from 'node:fs/promises'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core'
import interpreter from '@jitl/quickjs-ng-wasmfile-release-sync'
import { setThreadClock } from '../hosted/guest-clock.ts'
import { decodeInputs, type GuestInputs } from '../hosted/guest-inputs.ts'
import { endWithValue, failWith } from '../hosted/guest-values.ts'
import type { GuestEnd, GuestEngine, GuestRun } from '../hosted/serve-guest.ts'
import { PAGE_BYTES, webAssembly, type WasmMemory, type WasmModule } from '../hosted/web-assembly.ts'
import { ScriptFiles } from './script-files.ts'
import { createScriptHost } from './script-host.ts'
import { SCRIPT_PRELUDE } from './script-prelude.ts'

const WASM_FILE = '@jitl/quickjs-ng-wasmfile-release-sync/wasm'
/** Its types are those of its CommonJS form, where the default export is the module. */
const VARIANT = interpreter as unknown as QuickJSSyncVariant
/** The interpreter itself begins with this much, and nothing of it is the script's. */
const OWN_PAGES = 256
/** What the interpreter was built to address. */
const PAGES_MAX = 32_768
/** Of the interpreter's own stack, which is 1 MiB. */
const STACK_BYTES_MAX = 262_144
const MEMORY_LIMIT_MAX = 2 ** 31 - 1

/** Runs JavaScript in an interpreter that is WebAssembly itself. */
export class ScriptEngine implements GuestEngine {
  private wasm: WasmModule | undefined

  /** Runs something once, so that the code of the interpreter is compiled: all of its instances share that. */
  async warm(): Promise<void> {
    this.wasm = await webAssembly.compile(await readFile(new URL(import.meta.resolve(WASM_FILE))))
    const runtime = (await this.instantiate(createMemory(OWN_PAGES))).newRuntime()
    const context = runtime.newContext()
    context.unwrapResult(context.evalCode('JSON.stringify([1, `a`, {}])')).dispose()
    context.dispose()
    runtime.dispose()
  }

  async run(run: GuestRun): Promise<GuestEnd> {
    const { limits, window, job } = run
    const [source = new Uint8Array(), ...parts] = run.parts
    const inputs = decodeInputs(job, parts)
    const pages = Math.min(PAGES_MAX, OWN_PAGES + Math.ceil(limits.memoryBytes / PAGE_BYTES))
    const memory = createMemory(pages)
    const runtime = (await this.instantiate(memory)).newRuntime({
      memoryLimitBytes: Math.min(limits.memoryBytes, MEMORY_LIMIT_MAX),
      maxStackSizeBytes: STACK_BYTES_MAX,
      interruptHandler: () => window.shouldStop,
    })
    setThreadClock(inputs.nowMs)
    return new ScriptRun({ run, inputs, runtime, memory }).toEnd(new TextDecoder().decode(source))
  }

  private async instantiate(wasmMemory: WasmMemory): Promise<QuickJSWASMModule> {
    return await newQuickJSWASMModuleFromVariant(newVariant(VARIANT, { wasmModule: this.wasm, wasmMemory }))
  }
}

function createMemory(maximum: number): WasmMemory {
  return new webAssembly.Memory({ initial: OWN_PAGES, maximum })
}

type ScriptRunInit = {
  readonly run: GuestRun
  readonly inputs: GuestInputs
  readonly runtime: QuickJSRuntime
  readonly memory: WasmMemory
}
/** A value, or how the run ends instead. */
type Step = { readonly value: QuickJSHandle } | { readonly end: GuestEnd }

const NOT_DESCRIBED = 'The script threw what cannot be described.'
/** What is heard of an error where there is no memory left to make one. */
const INARTICULATE: readonly string[] = ['null', NOT_DESCRIBED]

/** One script from its text to its end. The thread ends with it, so that no handle is given back. */
class ScriptRun {
  private readonly run: GuestRun
  private readonly inputs: GuestInputs
  private readonly runtime: QuickJSRuntime
  private readonly memory: WasmMemory
  private readonly context: QuickJSContext
  private readonly files: ScriptFiles
  private readonly tools: { readonly invoke: QuickJSHandle; readonly describe: QuickJSHandle }

  constructor({ run, inputs, runtime, memory }: ScriptRunInit) {
    this.memory = memory
    this.run = run
    this.inputs = inputs
    this.runtime = runtime
    this.context = runtime.newContext()
    this.files = new ScriptFiles(run.window, run.limits.diskBytes)
    for (const { path, bytes } of inputs.files) this.files.write(path, bytes)
    this.tools = this.prepare()
  }

  toEnd(source: string): GuestEnd {
    const { context, run, inputs } = this
    const compiled = context.evalCode(source, 'script.js', { type: 'module', compileOnly: true })
    if (compiled.error !== undefined)
      return { type: 'refused', message: `The script is no module: ${this.say(compiled.error)}` }
    run.begin()
    const exports = this.settle(context.evalCode(source, 'script.js', { type: 'module' }))
    if ('end' in exports) return exports.end
    if (inputs.call === undefined) return this.handOut({ type: 'end', reason: 'exited', files: [], isCut: false })
    const called = context.getProp(exports.value, inputs.call)
    if (context.typeof(called) !== 'function')
      return { type: 'refused', message: `The script exports no function ${inputs.call}.` }
    const args = context.newString(JSON.stringify(inputs.args))
    const value = this.settle(context.callFunction(this.tools.invoke, context.undefined, called, args))
    if ('end' in value) return value.end
    const { outputBytes } = run.limits
    return this.handOut(endWithValue(run.window, { value: context.getString(value.value), outputBytes }))
  }

  private prepare(): { readonly invoke: QuickJSHandle; readonly describe: QuickJSHandle } {
    const { context, run, inputs, files } = this
    const prelude = context.unwrapResult(context.evalCode(SCRIPT_PRELUDE, 'prelude.js'))
    const host = createScriptHost(context, { window: run.window, inputs, files })
    const environment = context.newString(JSON.stringify(inputs.environment))
    const tools = context.unwrapResult(context.callFunction(prelude, context.undefined, host, environment))
    return { invoke: context.getProp(tools, 'invoke'), describe: context.getProp(tools, 'describe') }
  }

  /** Runs what is to be done until a promise is settled. Nothing comes from outside later, so that one which is not settled by then never is. */
  private settle(result: ReturnType<QuickJSContext['evalCode']>): Step {
    if (result.error !== undefined) return { end: this.fail(result.error) }
    const jobs = this.runtime.executePendingJobs()
    if (jobs.error !== undefined) return { end: this.fail(jobs.error) }
    const state = this.context.getPromiseState(result.value)
    switch (state.type) {
      case 'fulfilled':
        return { value: state.value }
      case 'rejected':
        return { end: this.fail(state.error) }
      case 'pending':
        return { end: failWith(this.run.window, 'The script waits for a promise that nothing will settle.') }
    }
  }

  private fail(error: QuickJSHandle): GuestEnd {
    const why = this.say(error)
    const isMemory = why === '' || (INARTICULATE.includes(why) && this.hasFilledMemory())
    return isMemory ? { type: 'end', reason: 'memory', files: [], isCut: false } : failWith(this.run.window, why)
  }

  /** Whether it held half of what it may have at some time; the interpreter's memory never shrinks. What fits into what it begins with cannot be told from nothing. */
  private hasFilledMemory(): boolean {
    const { memoryBytes } = this.run.limits
    const grown = this.memory.buffer.byteLength - OWN_PAGES * PAGE_BYTES
    return memoryBytes <= OWN_PAGES * PAGE_BYTES || grown * 2 >= memoryBytes
  }

  /** An error in the script's own words; empty where its memory was used up. */
  private say(error: QuickJSHandle): string {
    const { context } = this
    const said = context.callFunction(this.tools.describe, context.undefined, error)
    return said.error === undefined ? context.getString(said.value) : NOT_DESCRIBED
  }

  private handOut(end: GuestEnd): GuestEnd {
    return end.type === 'end' && end.reason === 'exited' ? { ...end, ...this.files.handOut(this.inputs.filesOut) } : end
  }
}

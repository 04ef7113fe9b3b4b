import { setThreadClock } from '../hosted/guest-clock.ts'
import { decodeInputs, type GuestInputs } from '../hosted/guest-inputs.ts'
import { endWithValue, failWith, VALUE_BYTES_LEAST, valueBytesMax } from '../hosted/guest-values.ts'
import type { GuestEnd, GuestEngine, GuestRun } from '../hosted/serve-guest.ts'
import type { JsonValue } from '../../ports/sandbox-runtime.ts'
import { webAssembly } from '../hosted/web-assembly.ts'
import { closeThread } from './close-thread.ts'
import { type ComponentInstance, findFunction, instantiateComponent } from './component-instance.ts'
import { jsonOfResult, ListTooLong } from './component-values.ts'
import { limitMemories } from './memory-share.ts'
import { translateComponent, type TranslatedComponent } from './translate-component.ts'
import { ComponentExit, createWasiImports } from './wasi-imports.ts'

/** What a run is told: its inputs, and whether its bytes are a component or what an earlier run made of it. */
export type ComponentJob = {
  readonly inputs: JsonValue
  readonly translated?: { readonly imports: readonly string[]; readonly names: readonly string[] }
}

/** Runs functions of WebAssembly components. */
export class ComponentEngine implements GuestEngine {
  /** Nothing that every run needs takes long: the translator is loaded where a component was never seen. */
  async warm(): Promise<void> {
    await Promise.resolve()
  }

  async run(run: GuestRun): Promise<GuestEnd> {
    const job = run.job as unknown as ComponentJob
    const programParts = job.translated?.names.length ?? 1
    const inputs = decodeInputs(job.inputs, run.parts.slice(programParts))
    const translated = await readProgram(run, job)
    if ('end' in translated) return translated.end
    const allowed = createWasiImports({ window: run.window, inputs })
    const foreign = translated.program.imports.find((name) => !Object.hasOwn(allowed, name))
    if (foreign !== undefined) return refuse(`The component imports ${foreign}, which nothing here gives.`)
    const [script = new Uint8Array(), ...modules] = translated.program.files
    const limited = limitMemories(modules, run.limits.memoryBytes)
    if (limited.kind === 'refused') return refuse(limited.refusal.message)
    const names = translated.program.names.slice(1)
    const files = new Map(names.map((name, index) => [name, limited.modules[index] ?? new Uint8Array()]))
    return await callComponent({ run, inputs, script, files, imports: allowed })
  }
}

function refuse(message: string): GuestEnd {
  return { type: 'refused', message }
}

async function readProgram(
  { parts, keep }: GuestRun,
  { translated }: ComponentJob,
): Promise<{ readonly program: TranslatedComponent } | { readonly end: GuestEnd }> {
  if (translated !== undefined) return { program: { ...translated, files: parts.slice(0, translated.names.length) } }
  try {
    const program = await translateComponent(parts[0] ?? new Uint8Array())
    keep({ imports: program.imports, names: program.names }, program.files)
    return { program }
  } catch (error: unknown) {
    return { end: refuse(`The bytes are no component: ${sayOf(error)}`) }
  }
}

type CallInit = {
  readonly run: GuestRun
  readonly inputs: GuestInputs
  readonly script: Uint8Array
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly imports: object
}

async function callComponent({ run, inputs, script, files, imports }: CallInit): Promise<GuestEnd> {
  const url = `data:text/javascript;base64,${Buffer.from(script).toString('base64')}`
  setThreadClock(inputs.nowMs)
  closeThread(url)
  let instance: ComponentInstance | undefined
  try {
    instance = await instantiateComponent({ url, files, imports, begin: run.begin })
    const found = findFunction(instance.exports, inputs.call ?? '')
    if (found === undefined) return refuse(`The component exports no function ${inputs.call}.`)
    if (found.length !== inputs.args.length)
      return refuse(`${inputs.call} takes ${found.length} arguments, and ${inputs.args.length} are given.`)
    const value = jsonOfResult(await found(...inputs.args), valueBytesMax(run.limits.outputBytes))
    return endWithValue(run.window, { value, outputBytes: run.limits.outputBytes })
  } catch (error: unknown) {
    return endOfError(error, { run, memoryBytes: instance?.memoryBytes() ?? 0 })
  }
}

/** A component that had grown to more than half of what it may have, and then trapped, is taken for one that got no more: its own allocator says so by a trap. */
function endOfError(error: unknown, { run, memoryBytes }: { run: GuestRun; memoryBytes: number }): GuestEnd {
  const nothing = { type: 'end', files: [], isCut: false } as const
  if (error instanceof ComponentExit && error.isOk) return { ...nothing, reason: 'exited' }
  if (error instanceof ListTooLong) return run.window.stopAt('output')
  const end = failWith(run.window, sayOf(error))
  const isFull = error instanceof webAssembly.RuntimeError && memoryBytes * 2 > run.limits.memoryBytes
  return isFull ? { ...nothing, reason: 'memory' } : end
}

/** An error of a `result` carries its payload; all else has a message. */
function sayOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'payload' in error) return sayPayload(error.payload)
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

function sayPayload(payload: unknown): string {
  try {
    return jsonOfResult(payload, VALUE_BYTES_LEAST)
  } catch {
    return 'The component failed with a value that cannot be said.'
  }
}

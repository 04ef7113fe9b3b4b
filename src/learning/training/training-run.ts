import type { AbortOptions } from '../../ports/abort-options.ts'
import type { PolicyKernel } from '../../ports/policy-kernel.ts'

/** Results of steps that are done, by name, so that a run that was stopped goes on where it was. Kept only for the same rows and settings. */
export interface TrainingCheckpoints {
  /** `undefined` when the step was not done, or its result is damaged. */
  read(name: string): Promise<Uint8Array | undefined>
  /** Resolves when the result is kept whole. */
  write(name: string, bytes: Uint8Array): Promise<void>
}

/** How far a run is, in steps: `stage` is the name of the step, and `done` at the end. `total` rises while more steps are announced. */
export type TrainingProgress = { readonly stage: string; readonly done: number; readonly total: number }

/** What training needs from outside: the numeric kernel and, for long runs, a place for what is done and a way to let others work. */
export type TrainingComponents = {
  readonly kernel: PolicyKernel
  /** Absent: nothing is kept. */
  readonly checkpoints?: TrainingCheckpoints
  /** Lets other work of the process run; called every few milliseconds of work. Absent: nothing else runs. */
  readonly pause?: () => Promise<void>
}

/** How a run is stopped and watched. An aborted one throws the signal's reason; where there are checkpoints, the next one goes on from there. */
export type TrainingOptions = AbortOptions & { readonly onProgress?: (progress: TrainingProgress) => void }

/** The steps of one run: each is done once, ever, and gives numbers that depend on nothing but rows and settings. */
export class TrainingRun {
  readonly #components: TrainingComponents
  readonly #options: TrainingOptions
  #done = 0
  #total = 0

  constructor(components: TrainingComponents, options: TrainingOptions) {
    this.#components = components
    this.#options = options
  }

  /** Announces steps. */
  expect(steps: number): void {
    this.#total += steps
  }

  /** All steps are done, whatever had been expected. */
  end(): void {
    this.#options.onProgress?.({ stage: 'done', done: this.#done, total: this.#done })
  }

  /** Throws the signal's reason when it is aborted. */
  async pause(): Promise<void> {
    await this.#components.pause?.()
    this.#options.signal?.throwIfAborted()
  }

  /**
   * The result of a step: what an earlier run kept under its name, or what `compute` gives.
   *
   * @param name  Letters, digits and hyphens, the same in every run.
   */
  async step(name: string, compute: () => Promise<Float32Array>): Promise<Float32Array> {
    const { checkpoints } = this.#components
    this.#options.signal?.throwIfAborted()
    this.#options.onProgress?.({ stage: name, done: this.#done, total: Math.max(this.#total, this.#done + 1) })
    const kept = await checkpoints?.read(name)
    const result = kept === undefined ? await compute() : decodeNumbers(kept)
    if (kept === undefined) await checkpoints?.write(name, encodeNumbers(result))
    this.#done += 1
    this.#options.onProgress?.({ stage: name, done: this.#done, total: Math.max(this.#total, this.#done) })
    return result
  }
}

/** Little-endian, so that a directory may be carried to another machine. */
function encodeNumbers(numbers: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4))
  for (let index = 0; index < numbers.length; index += 1) view.setFloat32(index * 4, numbers[index] ?? 0, true)
  return new Uint8Array(view.buffer)
}

function decodeNumbers(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength >> 2 }, (_, index) => view.getFloat32(index * 4, true))
}

/** Joins results of equal meaning into one array. */
export function joinNumbers(parts: readonly (Float32Array | Float64Array)[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

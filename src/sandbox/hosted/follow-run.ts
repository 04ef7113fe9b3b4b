import { CodedError } from '../../base/errors.ts'
import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type {
  JsonValue,
  SandboxEnd,
  SandboxFile,
  SandboxResult,
  SandboxRunOptions,
} from '../../ports/sandbox-runtime.ts'
import { OutputCapture } from '../process/output-capture.ts'
import { depthOfJson, VALUE_DEPTH_MAX } from './guest-values.ts'
import type { HostedChild } from './hosted-child.ts'
import type { HostMessage } from './messages.ts'

/** Everything of a result that does not depend on the kind of program. */
export type HostedOutcome = Omit<SandboxResult, 'runtime' | 'code' | 'signal'>

export type FollowInit = {
  readonly child: HostedChild
  readonly job: {
    readonly limits: SandboxLimits
    readonly job: JsonValue
    readonly parts: readonly Uint8Array[]
    readonly onKept?: (note: JsonValue, parts: readonly Uint8Array[]) => void
  }
  readonly calledAtMs: number
  readonly signal: AbortSignal
  readonly onOutput: SandboxRunOptions['onOutput']
}

/** A host that is not warm by then is broken. */
const WARM_WITHIN_MS = 30_000
/** For reading, compiling and translating a program, before its own time begins. */
const PREPARE_WITHIN_MS = 10_000
/** The host ends its guest at the limit; one that does not is ended from here. */
const PATIENCE_MS = 400
/** Beside its output: values, what is kept of a program, and the frames themselves. */
const ANSWER_BYTES = 100_663_296

/** Gives a host its program and waits for the end of it, by itself or by a limit. The host is the caller's to end. */
export async function followRun(init: FollowInit): Promise<HostedOutcome> {
  return await new Promise((resolve, reject) => new Following(init, { resolve, reject }).start())
}

type Settle = { readonly resolve: (outcome: HostedOutcome) => void; readonly reject: (error: unknown) => void }

class Following {
  private readonly init: FollowInit
  private readonly settle: Settle
  private readonly output: OutputCapture
  private timer: NodeJS.Timeout | undefined
  private beganAtMs: number | undefined
  private isDone = false

  constructor(init: FollowInit, settle: Settle) {
    this.init = init
    this.settle = settle
    this.output = new OutputCapture({
      bytesMax: init.job.limits.outputBytes,
      onOutput: init.onOutput,
      // The host has stopped the guest by itself; what it had said was cut there.
      onOverflow: () => {},
    })
  }

  start(): void {
    const { child, signal } = this.init
    signal.addEventListener('abort', this.cancel, { once: true })
    this.expect(WARM_WITHIN_MS, () => this.fail('The host does not get warm.'))
    child.listen({
      onMessage: (message, parts) => this.hear(message, parts),
      onLost: (error) => this.reject(error),
    })
    if (signal.aborted) this.cancel()
    else if (child.isWarm) this.give()
  }

  private readonly cancel = (): void => this.finish('cancelled')

  private give(): void {
    const { child, job } = this.init
    const { limits, parts } = job
    this.expect(PREPARE_WITHIN_MS, () => this.finish('time'))
    const answerBytesMax = ANSWER_BYTES + 3 * limits.outputBytes
    child.give({ type: 'run', limits, job: job.job }, { parts, answerBytesMax })
  }

  private hear(message: HostMessage, parts: readonly Uint8Array[]): void {
    if (this.isDone) return
    switch (message.type) {
      case 'ready':
        return this.give()
      case 'kept':
        return this.init.job.onKept?.(message.note, parts)
      case 'began':
        this.beganAtMs = performance.now()
        return this.expect(this.init.job.limits.wallMs + PATIENCE_MS, () => this.finish('time'))
      case 'output':
        return this.output.write(message.stream, parts[0] ?? new Uint8Array())
      case 'refused':
        return this.reject(new CodedError('SANDBOX_PROGRAM_INVALID', { message: message.message }))
      case 'broken':
        return this.fail(message.message)
      case 'end':
        return this.finish(message.reason, { message, parts })
    }
  }

  private finish(
    reason: SandboxEnd,
    ended?: { readonly message: Extract<HostMessage, { type: 'end' }>; readonly parts: readonly Uint8Array[] },
  ): void {
    this.stop()
    const { calledAtMs } = this.init
    const nowMs = performance.now()
    const startMs = (this.beganAtMs ?? nowMs) - calledAtMs
    const [stdout, stderr] = [this.output.read('stdout'), this.output.read('stderr')]
    const files = this.takeFiles(ended)
    this.settle.resolve({
      reason,
      ...valueOf(ended?.message.value),
      stdout: stdout.bytes,
      stderr: stderr.bytes,
      files: files.kept,
      usage: {
        wallMs: nowMs - (this.beganAtMs ?? nowMs),
        startMs,
        cpuMs: ended?.message.cpuMs,
        memoryBytesPeak: ended?.message.memoryBytesPeak,
        outputBytes: this.output.bytes + files.bytes,
      },
      truncated: { stdout: stdout.isTruncated, stderr: stderr.isTruncated, files: files.isCut },
      leftBehind: [],
    })
  }

  /** Files share the limit of output with what was said. */
  private takeFiles(
    ended: { message: Extract<HostMessage, { type: 'end' }>; parts: readonly Uint8Array[] } | undefined,
  ): {
    readonly kept: readonly SandboxFile[]
    readonly bytes: number
    readonly isCut: boolean
  } {
    const kept: SandboxFile[] = []
    let left = this.output.bytesLeft
    let isCut = ended?.message.isCut ?? false
    for (const [index, path] of (ended?.message.paths ?? []).entries()) {
      const whole = ended?.parts[index] ?? new Uint8Array()
      const bytes = whole.subarray(0, left)
      isCut ||= bytes.byteLength < whole.byteLength
      left -= bytes.byteLength
      kept.push({ path, bytes })
    }
    return { kept, bytes: this.output.bytesLeft - left, isCut }
  }

  private fail(message: string): void {
    this.reject(new CodedError('SANDBOX_BROKEN', { message }))
  }

  private reject(error: unknown): void {
    this.stop()
    this.settle.reject(error)
  }

  private expect(withinMs: number, otherwise: () => void): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(otherwise, withinMs)
  }

  private stop(): void {
    this.isDone = true
    clearTimeout(this.timer)
    this.init.signal.removeEventListener('abort', this.cancel)
  }
}

/** The guest's thread has looked at the depth already; what it says is not believed. */
function valueOf(text: string | undefined): { readonly value?: JsonValue } {
  if (text === undefined) return {}
  if (depthOfJson(text) > VALUE_DEPTH_MAX) throw new SyntaxError('A value that is too deep')
  const value: unknown = JSON.parse(text)
  return { value: value as JsonValue }
}

import { constants } from 'node:os'
import { CodedError } from '../../base/errors.ts'
import type { SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import type { SandboxEnd, SandboxRequest, SandboxResult, SandboxRunOptions } from '../../ports/sandbox-runtime.ts'
import { OutputCapture } from '../process/output-capture.ts'
import { RunEnding } from '../process/run-ending.ts'
import { FrameReader, type GuestEvent } from './frame-reader.ts'
import { GuestFiles } from './guest-files.ts'

export type GuestRunInit = {
  readonly runtime: SandboxRuntimeName
  readonly request: SandboxRequest
  readonly options: SandboxRunOptions & { readonly signal: AbortSignal }
  /** Within which the program has to have begun, from now. */
  readonly startWithinMs: number
  readonly isCopy?: boolean
}

type Ended = Extract<GuestEvent, { type: 'ended' }>

/** After a program's end its files still come; nobody waits longer for the next piece. */
const HAND_OUT_WITHIN_MS = 10_000
const ENOENT = 2

/** One run of a program under a supervisor: what the supervisor says becomes a result, and what it does not say in time ends the run from here. */
export class GuestRun {
  /** Resolves when there is nothing more to wait for; the container or machine is then to be destroyed. Rejects as `SandboxRuntime.run` does. */
  readonly finished: Promise<void>
  private readonly init: GuestRunInit
  private readonly reader: FrameReader
  private readonly capture: OutputCapture
  private readonly createdAt = performance.now()
  private readonly settle = Promise.withResolvers<void>()
  private patience: NodeJS.Timeout
  private files: GuestFiles | undefined
  private ending: RunEnding | undefined
  private ended: Ended | undefined
  private reason: SandboxEnd | undefined
  private startedAt = 0
  private endedAt: number | undefined
  private cpuMs: number | undefined
  private memoryBytesPeak: number | undefined

  constructor(init: GuestRunInit) {
    this.init = init
    this.finished = this.settle.promise
    // Whoever waits hears it; nobody may be waiting yet.
    this.finished.catch(ignore)
    this.reader = new FrameReader({ isCopy: init.isCopy ?? false })
    this.capture = new OutputCapture({
      bytesMax: init.request.policy.limits.outputBytes,
      onOutput: init.options.onOutput,
      onOverflow: () => this.ending?.end('output'),
    })
    this.patience = setTimeout(() => this.fail(`nothing began within ${init.startWithinMs} ms`), init.startWithinMs)
    init.options.signal.addEventListener('abort', this.giveUp, { once: true })
    if (init.options.signal.aborted) this.giveUp()
  }

  get hasStarted(): boolean {
    return this.startedAt > 0
  }

  /** Bytes that the supervisor wrote. */
  feed(bytes: Uint8Array): void {
    try {
      for (const event of this.reader.read(bytes)) {
        if (this.reason !== undefined) return
        this.hear(event)
      }
    } catch (error) {
      this.settle.reject(error)
    }
  }

  /** Time of processors that was measured from outside since the program began. */
  hearCpu(cpuMs: number): void {
    if (this.ended !== undefined) return
    this.cpuMs = cpuMs
    if (cpuMs > this.init.request.policy.limits.cpuMs) this.ending?.end('cpu')
  }

  /** Nothing more will come: it is broken where it had not come to its end. */
  close(message: string): void {
    this.fail(message)
  }

  /** The result, once finished. */
  read(leftBehind: readonly string[]): SandboxResult {
    const { runtime, request } = this.init
    const reason = this.reason ?? 'exited'
    const hasExited = reason === 'exited'
    const [stdout, stderr] = [this.capture.read('stdout'), this.capture.read('stderr')]
    const out = this.files?.read() ?? { files: [], isTruncated: false, bytes: 0 }
    const signal = this.ended?.signal
    return {
      runtime,
      reason,
      code: hasExited ? this.ended?.code : undefined,
      signal: hasExited ? signalName(signal) : 'SIGKILL',
      stdout: stdout.bytes,
      stderr: stderr.bytes,
      files: out.files,
      usage: {
        wallMs: (this.endedAt ?? performance.now()) - this.startedAt,
        startMs: this.startedAt - this.createdAt,
        cpuMs: this.cpuMs,
        memoryBytesPeak: this.memoryBytesPeak,
        outputBytes: this.capture.bytes + out.bytes,
      },
      truncated: {
        stdout: stdout.isTruncated,
        stderr: stderr.isTruncated,
        // What was to come out of a run that was ended is not there.
        files: out.isTruncated || (this.files === undefined && (request.filesOut ?? []).length > 0),
      },
      leftBehind,
    }
  }

  /** Gives back what it holds. Idempotent. */
  dispose(): void {
    clearTimeout(this.patience)
    this.ending?.settle('exited')
    this.init.options.signal.removeEventListener('abort', this.giveUp)
  }

  private hear(event: GuestEvent): void {
    switch (event.type) {
      case 'ready':
        return
      case 'started':
        return this.begin()
      case 'output':
        return this.capture.write(event.stream, event.piece)
      case 'usage':
        this.memoryBytesPeak = event.memoryBytesPeak
        this.hearGuestCpu(event.cpuMs)
        return
      case 'ended':
        return this.end(event)
      case 'file':
        return this.files?.begin(event)
      case 'file-piece':
        this.patience.refresh()
        return this.files?.add(event.piece)
      case 'done':
        return this.finish(this.ended?.limit ?? 'exited')
      case 'not-run':
        this.settle.reject(this.notRun(event.errno))
        return
      case 'broken':
        return this.fail(event.message)
    }
  }

  private begin(): void {
    clearTimeout(this.patience)
    const { request, options } = this.init
    options.signal.removeEventListener('abort', this.giveUp)
    this.startedAt = performance.now()
    const ending: RunEnding = new RunEnding({
      wallMs: request.policy.limits.wallMs,
      signal: options.signal,
      stop: () => this.finish(this.ending?.reason ?? 'cancelled'),
    })
    this.ending = ending
    // A signal may have come while this was being made.
    if (ending.reason !== undefined) this.finish(ending.reason)
  }

  private end(ended: Ended): void {
    this.endedAt = performance.now()
    this.ended = ended
    this.ending?.settle('exited')
    this.files = new GuestFiles(this.init.request.filesOut ?? [], this.capture.bytesLeft)
    this.patience = setTimeout(() => this.fail('its files did not come out in time'), HAND_OUT_WITHIN_MS)
    this.init.options.signal.addEventListener('abort', this.stopHandingOut, { once: true })
    if (this.init.options.signal.aborted) this.stopHandingOut()
  }

  private finish(reason: SandboxEnd): void {
    this.reason ??= reason
    this.endedAt ??= performance.now()
    this.init.options.signal.removeEventListener('abort', this.stopHandingOut)
    this.settle.resolve()
  }

  /** What the supervisor counts stands where nothing is measured from outside. */
  private hearGuestCpu(cpuMs: number): void {
    this.hearCpu(Math.max(cpuMs, this.cpuMs ?? 0))
  }

  private fail(message: string): void {
    this.settle.reject(new CodedError('SANDBOX_BROKEN', { message: `${this.init.runtime}: ${message}` }))
  }

  private notRun(errno: number): CodedError {
    const { program } = this.init.request
    const path = program.kind === 'command' ? program.argv[0] : undefined
    return new CodedError('SANDBOX_PROGRAM_INVALID', {
      message: `${path ?? ''} ${errno === ENOENT ? 'is not there' : 'cannot be run'} in the sandbox`,
      details: { errno },
    })
  }

  private readonly giveUp = (): void => this.settle.reject(this.init.options.signal.reason)

  private readonly stopHandingOut = (): void => this.finish('cancelled')
}

function ignore(): void {}

function signalName(number: number | undefined): string | undefined {
  if (number === undefined) return undefined
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found?.[0] ?? `SIG${number}`
}

import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs'
import { CodedError } from '../../base/errors.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import { HOST_DIRECTORY } from './host-arguments.ts'
import { type HostMessage, parseHostMessage, type RunMessage } from './messages.ts'

/** All that a host may say before it has a program. */
const BYTES_BEFORE_RUN = 65_536
const STDERR_CHARACTERS_MAX = 2_000
const GONE_WITHIN_MS = 1_000
/** Where a machine stands is nobody's business. */
const ENVIRONMENT = { TZ: 'UTC' }

/** Hears a host: what it says, and once that it can say no more. */
export type HostedListener = {
  readonly onMessage: (message: HostMessage, parts: readonly Uint8Array[]) => void
  readonly onLost: (error: CodedError) => void
}

/**
 * A process of this very Node, in which one guest is hosted. It has no environment but a fixed time zone, a process group of its own, and three pipes. It ends itself when this process is gone, because
 * its input is closed then.
 */
export class HostedChild {
  private readonly child: ChildProcess
  private readonly reader = new FrameReader()
  private readonly gone: Promise<void>
  private bytesMax = BYTES_BEFORE_RUN
  private bytesLeft = BYTES_BEFORE_RUN
  private listener: HostedListener | undefined
  private lost: CodedError | undefined
  private isReady = false
  private stderr = ''

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, args, {
      env: ENVIRONMENT,
      cwd: HOST_DIRECTORY,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.gone = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.lose(`The host ended by itself (${signal ?? code}). ${this.stderr}`)
        resolve()
      })
      this.child.once('error', (cause) => {
        this.lose('The host cannot be started.', cause)
        if (this.child.pid === undefined) resolve()
      })
    })
    // A pipe that breaks is seen by the end of the process.
    for (const stream of this.child.stdio) stream?.on('error', () => {})
    this.child.stdout?.on('data', (chunk: Buffer) => this.read(chunk))
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = `${this.stderr}${chunk.toString()}`.slice(-STDERR_CHARACTERS_MAX)
    })
    this.preferForKilling()
  }

  /** `undefined` once there is nothing more to expect of it. */
  get isAlive(): boolean {
    return this.lost === undefined
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  /** Whether its engine is loaded. */
  get isWarm(): boolean {
    return this.isReady
  }

  /** Whether it keeps this process running. One that waits for work does not. */
  keepAlive(doesKeep: boolean): void {
    const method = doesKeep ? 'ref' : 'unref'
    this.child[method]()
    for (const stream of this.child.stdio) if (stream !== null && stream !== undefined) refer(stream, method)
  }

  listen(listener: HostedListener): void {
    this.listener = listener
    if (this.lost !== undefined) listener.onLost(this.lost)
  }

  /** Gives it its program; `answerBytesMax` is all that it may say from now on. */
  give(message: RunMessage, { parts, answerBytesMax }: { parts: readonly Uint8Array[]; answerBytesMax: number }): void {
    this.bytesMax = answerBytesMax
    this.bytesLeft = answerBytesMax
    this.child.stdin?.write(encodeFrame(message, parts))
  }

  /** Kills it and waits until it is gone. @returns What is still there, in words. */
  async end(): Promise<readonly string[]> {
    this.listener = undefined
    this.child.kill('SIGKILL')
    let patience: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      patience = setTimeout(() => resolve('late'), GONE_WITHIN_MS)
    })
    const first = await Promise.race([this.gone, late])
    clearTimeout(patience)
    return first === 'late' ? [`process ${this.child.pid}`] : []
  }

  private read(chunk: Buffer): void {
    if (this.lost !== undefined) return
    this.bytesLeft -= chunk.byteLength
    if (this.bytesLeft < 0) return this.lose('The host says more than it may.')
    try {
      for (const { header, parts } of this.reader.push(chunk, this.bytesMax)) this.hear(parseHostMessage(header), parts)
    } catch (cause) {
      this.lose('The host says what cannot be read.', cause)
    }
  }

  private hear(message: HostMessage, parts: readonly Uint8Array[]): void {
    if (message.type === 'ready') this.isReady = true
    this.listener?.onMessage(message, parts)
  }

  private lose(message: string, cause?: unknown): void {
    this.lost ??= new CodedError('SANDBOX_BROKEN', { message: message.trim(), cause })
    this.child.kill('SIGKILL')
    this.listener?.onLost(this.lost)
  }

  /** Where memory of the machine runs out, the kernel takes a guest and not who started it. */
  private preferForKilling(): void {
    if (process.platform === 'linux' && this.child.pid !== undefined)
      writeFile(`/proc/${this.child.pid}/oom_score_adj`, '1000', () => {})
  }
}

function refer(stream: object, method: 'ref' | 'unref'): void {
  const call: unknown = Reflect.get(stream, method)
  if (typeof call === 'function') Reflect.apply(call, stream, [])
}

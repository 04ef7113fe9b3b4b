import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { CodedError } from '../../base/errors.ts'
import type { SandboxStream } from '../../ports/sandbox-runtime.ts'
import { HostProgram } from '../process/host-program.ts'
import {
  identifyProcess,
  isRunning,
  killProcess,
  type ProcessIdentity,
  waitUntilGone,
} from '../process/process-identity.ts'
import type { Gate } from './gate.ts'
import { INFO, type LaunchPlan, STATUS } from './launch-plan.ts'

export type LaunchInit = {
  readonly bubblewrap: string
  readonly plan: LaunchPlan
  readonly gate: Gate
  /** Marks processes that wait at the gate, so that they are found if this process dies. */
  readonly environment: Readonly<Record<string, string>>
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  readonly stdin: Uint8Array | undefined
  readonly onOutput: (stream: SandboxStream, piece: Uint8Array) => void
  /** What was written to standard error so far, for what went wrong. */
  readonly complaint: () => string
  readonly signal: AbortSignal
}

type Parts = Pick<Launch, 'program' | 'first'> & { readonly status: { text: string }; readonly gate: Gate }

const READY_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 1
const GONE_WITHIN_MS = 1_000
const NO_CAPABILITIES = /^CapEff:\t0+$/m
const SHELL_SIGNALS_FROM = 128

/**
 * A program whose namespaces are there and which waits at a gate, so that limits can be laid on it before its first instruction. The first process of its namespace is bubblewrap's; when that
 * one ends, the kernel ends all others.
 */
export class Launch {
  readonly program: HostProgram
  readonly first: ProcessIdentity
  private readonly status: { text: string }
  private readonly gate: Gate

  private constructor(parts: Parts) {
    this.program = parts.program
    this.first = parts.first
    this.status = parts.status
    this.gate = parts.gate
  }

  /** Throws `SANDBOX_BROKEN` where bubblewrap fails, and the signal's reason; nothing is left of it then. */
  static async start(init: LaunchInit): Promise<Launch> {
    const { plan } = init
    const program = await HostProgram.start({
      file: init.bubblewrap,
      args: plan.args,
      environment: init.environment,
      user: init.user,
      stdin: init.stdin,
      descriptors: plan.descriptors,
      onOutput: init.onOutput,
    })
    const abort = (): void => program.kill()
    init.signal.addEventListener('abort', abort, { once: true })
    const deadline = setTimeout(abort, READY_WITHIN_MS)
    try {
      const status = { text: '' }
      program.take(STATUS).on('data', (piece: Buffer) => {
        status.text += piece.toString('latin1')
      })
      const first = await firstProcess(program.take(INFO))
      if (first !== undefined && (await isAtGate(first))) return new Launch({ program, first, status, gate: init.gate })
      await program.stop()
      init.signal.throwIfAborted()
      throw new CodedError('SANDBOX_BROKEN', { message: `bubblewrap failed: ${init.complaint().trim()}` })
    } finally {
      clearTimeout(deadline)
      init.signal.removeEventListener('abort', abort)
    }
  }

  /** Lets the program begin. */
  release(): void {
    this.gate.open()
  }

  /**
   * Ends all of it: with the first process of a namespace the kernel kills every other one, wherever it hides. Its parent, which is bubblewrap outside, is left to take note of it and to end
   * by itself; `gone` sees to that.
   */
  kill(): void {
    if (!isRunning(this.first)) return this.program.kill()
    killProcess(this.first)
    setTimeout(() => this.program.kill(), GONE_WITHIN_MS).unref()
  }

  /** Waits until nothing of it runs. @returns What still does. */
  async gone(): Promise<readonly ProcessIdentity[]> {
    killProcess(this.first)
    return await waitUntilGone([this.first, this.program.identity], GONE_WITHIN_MS)
  }

  /** What the program ended with, by the convention of shells; `undefined` where it never began. */
  get exitStatus(): { readonly code: number | undefined; readonly signal: number | undefined } | undefined {
    const match = /"exit-code": (\d+)/.exec(this.status.text)
    if (match === null) return undefined
    const status = Number(match[1])
    const isSignal = status > SHELL_SIGNALS_FROM && status <= SHELL_SIGNALS_FROM + 64
    return isSignal ? { code: undefined, signal: status - SHELL_SIGNALS_FROM } : { code: status, signal: undefined }
  }
}

async function firstProcess(info: Readable): Promise<ProcessIdentity | undefined> {
  let text = ''
  for await (const piece of info) text += String(piece)
  const match = /"child-pid": (\d+)/.exec(text)
  return match === null ? undefined : identifyProcess(Number(match[1]))
}

/** The last that bubblewrap does before the gate is to give up its capabilities. @returns Whether it came so far. */
async function isAtGate(first: ProcessIdentity): Promise<boolean> {
  while (isRunning(first)) {
    try {
      if (NO_CAPABILITIES.test(readFileSync(`/proc/${first.pid}/status`, 'latin1'))) return true
    } catch {
      return false
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  return false
}

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { Duplex, type Readable, type Writable } from 'node:stream'
import { CodedError } from '../../base/errors.ts'
import type { SandboxStream } from '../../ports/sandbox-runtime.ts'
import { inheritedDescriptors } from './inherited-descriptors.ts'
import { identifyProcess, isRunning, killProcess, type ProcessIdentity, waitUntilGone } from './process-identity.ts'

/** A further descriptor of the program. `give`: it reads these bytes to their end. `hold`: it reads what is written later. `take`: what it writes is read. `talk`: both, a connected socket. `share`: one of ours. */
export type ProgramDescriptor =
  | { readonly kind: 'give'; readonly bytes: Uint8Array }
  | { readonly kind: 'hold' }
  | { readonly kind: 'take' }
  | { readonly kind: 'talk' }
  | { readonly kind: 'share'; readonly descriptor: number }

export type HostProgramInit = {
  /** An absolute path; it is never given to a shell. */
  readonly file: string
  readonly args: readonly string[]
  /** All that it sees of an environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly directory?: string | undefined
  /** Whom it runs as, where this process may choose. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly stdin?: Uint8Array | undefined
  /** From the number 3 on. */
  readonly descriptors?: readonly ProgramDescriptor[]
  readonly onOutput: (stream: SandboxStream, piece: Uint8Array) => void
  /** The kernel kills it when this process ends, even by `kill -9`. Not needed where it sees to that itself. */
  readonly diesWithParent?: boolean
}

export type ProgramExit = { readonly code: number | undefined; readonly signal: NodeJS.Signals | undefined }

type Stdio = 'ignore' | 'pipe' | number

/** A child that does not close its pipes, because somebody else holds them, is waited for no longer. */
const CLOSE_WITHIN_MS = 1_000
const GONE_WITHIN_MS = 2_000
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv']

/** A program of this machine, in a process group of its own. */
export class HostProgram {
  readonly identity: ProcessIdentity
  /** Resolves once it has ended and all that it wrote was read. */
  readonly ended: Promise<ProgramExit>
  private readonly child: ChildProcess

  private constructor(child: ChildProcess, identity: ProcessIdentity, ended: Promise<ProgramExit>) {
    this.child = child
    this.identity = identity
    this.ended = ended
  }

  /** Throws `SANDBOX_BROKEN` where it cannot be started. */
  static async start(init: HostProgramInit): Promise<HostProgram> {
    const descriptors = init.descriptors ?? []
    const stdio: Stdio[] = [
      init.stdin === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...descriptors.map((each) => (each.kind === 'share' ? each.descriptor : ('pipe' as const))),
    ]
    const [file, args] = withParent(init)
    const child = spawnCovered(stdio, (covered) =>
      spawn(file, args, {
        stdio: covered,
        env: init.environment,
        detached: true,
        cwd: init.directory ?? '/',
        ...(init.user !== undefined && { uid: init.user.uid, gid: init.user.gid }),
      }),
    )
    const ended = endOf(child)
    feed(child, init, descriptors)
    await startOf(child, init.file)
    // It cannot be gone: nobody has asked for its end yet, so that its number is still its own.
    const identity = identifyProcess(child.pid ?? -1)
    if (identity === undefined) throw new CodedError('SANDBOX_BROKEN', { message: `${init.file} is not in /proc` })
    return new HostProgram(child, identity, ended)
  }

  /** Calls back once it has ended and all that it wrote was read. */
  onEnded(listener: () => void): void {
    this.ended.then(listener, listener)
  }

  /** Writes to a descriptor that is held, and closes it. */
  release(descriptor: number, bytes: Uint8Array): void {
    const stream = this.child.stdio[descriptor]
    if (stream !== null && stream !== undefined && 'end' in stream) stream.end(bytes)
  }

  /** What comes out of a descriptor that is taken. */
  take(descriptor: number): Readable {
    const stream = this.child.stdio[descriptor]
    if (stream === null || stream === undefined || !('read' in stream))
      throw new RangeError(`descriptor ${descriptor} is not taken`)
    return stream
  }

  /** Both directions of a descriptor that is talked on. */
  talk(descriptor: number): Duplex {
    const stream = this.child.stdio[descriptor]
    if (!(stream instanceof Duplex)) throw new RangeError(`descriptor ${descriptor} is not talked on`)
    return stream
  }

  /** Kills it, and all of its group. What left the group is the caller's to find. */
  kill(): void {
    if (!isRunning(this.identity)) return
    try {
      process.kill(-this.identity.pid, 'SIGKILL')
    } catch {
      killProcess(this.identity)
    }
  }

  /** Kills it and waits. @returns What of it still runs. */
  async stop(): Promise<readonly ProcessIdentity[]> {
    this.kill()
    const left = await waitUntilGone([this.identity], GONE_WITHIN_MS)
    if (left.length === 0) await this.ended
    return left
  }
}

/** Starts it with what would be inherited covered. Throws `SANDBOX_BROKEN` where the kernel refuses at once, as for arguments that are too long for it. */
function spawnCovered(stdio: readonly Stdio[], start: (covered: Stdio[]) => ChildProcess): ChildProcess {
  const nothing = openSync('/dev/null', 'r')
  try {
    return start(cover(stdio, nothing))
  } catch (cause) {
    throw new CodedError('SANDBOX_BROKEN', { message: 'the kernel starts no such program', cause })
  } finally {
    closeSync(nothing)
  }
}

/** Puts `nothing` in the place of what would be inherited. Places between are left as they are, which is empty. */
function cover(stdio: readonly Stdio[], nothing: number): Stdio[] {
  const covered = [...stdio]
  for (const descriptor of inheritedDescriptors()) {
    while (covered.length <= descriptor) covered.push('ignore')
    if (descriptor >= stdio.length) covered[descriptor] = nothing
  }
  return covered
}

/** `setpriv` asks the kernel for that signal and then becomes the program. Where it is missing, the next start takes the program away. */
function withParent({ diesWithParent, file, args }: HostProgramInit): [file: string, args: readonly string[]] {
  const setpriv = diesWithParent === true ? SETPRIV.find((path) => existsSync(path)) : undefined
  return setpriv === undefined ? [file, args] : [setpriv, ['--pdeathsig', 'KILL', '--', file, ...args]]
}

function feed(child: ChildProcess, init: HostProgramInit, descriptors: readonly ProgramDescriptor[]): void {
  for (const stream of child.stdio) stream?.on('error', ignoreBrokenPipe)
  child.stdout?.on('data', (piece: Buffer) => init.onOutput('stdout', piece))
  child.stderr?.on('data', (piece: Buffer) => init.onOutput('stderr', piece))
  child.stdin?.end(init.stdin)
  for (const [index, descriptor] of descriptors.entries()) {
    const stream = child.stdio[index + 3]
    if (descriptor.kind === 'give' && isWritable(stream)) stream.end(descriptor.bytes)
  }
}

/** A program need not read what it is given. */
function ignoreBrokenPipe(): void {}

function isWritable(stream: Readable | Writable | null | undefined): stream is Writable {
  return stream !== null && stream !== undefined && 'end' in stream
}

async function startOf(child: ChildProcess, file: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  } catch (cause) {
    throw new CodedError('SANDBOX_BROKEN', { message: `${file} cannot be started`, cause })
  }
}

async function endOf(child: ChildProcess): Promise<ProgramExit> {
  return await new Promise((resolve) => {
    let patience: NodeJS.Timeout | undefined
    child.once('exit', () => {
      patience = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy()
      }, CLOSE_WITHIN_MS)
    })
    child.once('close', (code, signal) => {
      clearTimeout(patience)
      resolve({ code: code ?? undefined, signal: signal ?? undefined })
    })
  })
}

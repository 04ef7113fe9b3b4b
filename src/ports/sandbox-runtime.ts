import type { RuntimeState } from '../core/sandbox/choose-runtime.ts'
import type { SandboxRuntimeName } from '../core/sandbox/isolation.ts'
import type { SandboxPolicy } from '../core/sandbox/sandbox-policy.ts'

/**
 * Runs programs that nobody trusts. One contract for all of them, weak and strong: what goes in, what it may use, what comes out, and that nothing is left behind. Whatever the program
 * does, `run` resolves within a second of its limits with what happened; the process that called is unharmed.
 *
 * ```ts
 * import type { SandboxRequest, SandboxRuntime } from 'kernell-os/ports'
 *
 * export const outputOf = async (runtime: SandboxRuntime, policy: SandboxRequest['policy']): Promise<string> => {
 *   const { stdout } = await runtime.run({ program: { kind: 'command', argv: ['/bin/echo', 'hello'] }, policy })
 *   return new TextDecoder().decode(stdout)
 * }
 * ```
 */
export interface SandboxRuntime {
  readonly name: SandboxRuntimeName
  /** Looks whether it works on this machine by running something in it; what was found is kept until `close`. */
  probe(options?: SandboxRunOptions): Promise<RuntimeState>
  /**
   * Runs a program to its end. Runs beyond what the implementation does at one time wait, and only so many of them.
   *
   * Throws `SANDBOX_UNAVAILABLE`, `SANDBOX_BUSY`, `SANDBOX_PROGRAM_INVALID`, `SANDBOX_POLICY_INVALID`, `SANDBOX_BROKEN` where the runtime itself failed, and the signal's reason; nothing is left
   * running then, either.
   */
  run(request: SandboxRequest, options?: SandboxRunOptions): Promise<SandboxResult>
  /** Ends all that runs, and what was kept warm. Idempotent. */
  close(): Promise<void>
}

/** What runs in a sandbox. Each runtime runs programs of one kind, and refuses the others with `SANDBOX_PROGRAM_INVALID`. */
export type SandboxProgram =
  /** `argv[0]` is an absolute path within the sandbox. No shell reads it. */
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  /**
   * A module of JavaScript without imports. Where `call` is named, that export is called with `args` and what it returns is `value`; else the module runs, and `value` is absent.
   */
  | { readonly kind: 'script'; readonly source: string; readonly call?: string; readonly args?: readonly JsonValue[] }
  /** A component, as bytes, and the name of one of its exported functions: `name`, or `interface#name`. */
  | {
      readonly kind: 'component'
      readonly bytes: Uint8Array
      readonly call: string
      readonly args?: readonly JsonValue[]
    }

/** What a function in a sandbox takes and returns. Unlike the type of this name in `kernell-os/core`, members of an object are never `undefined`. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** A file of the program's own directory, in which it starts. */
export type SandboxFile = {
  /** Relative, with `/` between names, without `.` and `..`. */
  readonly path: string
  readonly bytes: Uint8Array
  readonly isExecutable?: boolean
}

/**
 * A program, what it is given, and what it may use. What is malformed is refused before anything runs: `SANDBOX_PROGRAM_INVALID`,
 * `SANDBOX_POLICY_INVALID`.
 */
export type SandboxRequest = {
  readonly program: SandboxProgram
  readonly policy: SandboxPolicy
  /** What it reads from its standard input. Absent: nothing. */
  readonly stdin?: Uint8Array
  /** What lies in its directory at the start. */
  readonly files?: readonly SandboxFile[]
  /** Paths in its directory that are handed out at the end. One that is no plain file, or lies behind a link, is not. */
  readonly filesOut?: readonly string[]
}

/** Which output of a program a piece is of, for `SandboxRunOptions.onOutput`. */
export type SandboxStream = 'stdout' | 'stderr'

/** How a run or a probe is ended from outside, and who is told of output before the end. */
export type SandboxRunOptions = {
  /** Ends the run; it resolves with the reason `cancelled`. */
  readonly signal?: AbortSignal
  /** Told of output as it comes, up to the limit. One that throws is told no more, and the run goes on. */
  readonly onOutput?: (stream: SandboxStream, piece: Uint8Array) => void
}

/** Why a run ended. `exited`: by itself, with `code` or `signal`; `failed`: a script threw, or a component trapped, as `stderr` says; else the limit it came to. */
export type SandboxEnd = 'exited' | 'failed' | 'cancelled' | 'time' | 'cpu' | 'memory' | 'output' | 'processes' | 'disk'

/** What came of a run that began, however it ended; output up to the limit of its policy, the rest cut off and marked in `truncated`. */
export type SandboxResult = {
  readonly runtime: SandboxRuntimeName
  readonly reason: SandboxEnd
  /** Exit status of a command; `undefined` where a signal ended it, or nothing exits. */
  readonly code: number | undefined
  /** Name of the signal that ended it, as `SIGKILL`. */
  readonly signal: string | undefined
  /** What the called function returned. */
  readonly value?: JsonValue
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  readonly files: readonly SandboxFile[]
  readonly usage: SandboxUsage
  readonly truncated: { readonly stdout: boolean; readonly stderr: boolean; readonly files: boolean }
  /** What could not be taken away, as paths, ids of processes or names of containers. Empty, or the runtime is broken. */
  readonly leftBehind: readonly string[]
}

/** What was measured; `undefined` where this runtime cannot tell. */
export type SandboxUsage = {
  readonly wallMs: number
  /** From the call until the program itself began. */
  readonly startMs: number
  readonly cpuMs: number | undefined
  readonly memoryBytesPeak: number | undefined
  readonly outputBytes: number
}

/** The only way out of a sandbox: a broker on a socket of this machine, which lets through to named hosts alone. The guard implements it. */
export interface SandboxEgress {
  /** Throws `SANDBOX_POLICY_INVALID` for a host that is none, `SANDBOX_BUSY` where too many are open, `SANDBOX_BROKEN` where no socket can be made. */
  open(init: { readonly hosts: readonly string[]; readonly bytesMax: number }): Promise<EgressGate>
}

/**
 * The way out of one run, as `SandboxEgress.open` makes it: only to the hosts that were named then, until it is closed or its bytes are
 * used up.
 */
export interface EgressGate {
  /** Path of a Unix socket that speaks HTTP CONNECT, and GET and HEAD of `http:` URLs in full. Whoever can open it can use it: its mode is 0600, in a folder of mode 0700. */
  readonly socketPath: string
  /** What was asked for, in order: host and port, and whether it was let through; it grows, and its entries change while they are under way. */
  readonly requests: readonly EgressRequest[]
  /** Ends every connection, and takes the socket away. Idempotent. */
  close(): Promise<void>
}

/**
 * One request of a program for a connection through its gate. It is listed before it is over, and its counts grow until then. Where no
 * host and port were asked for, `host` is the beginning of what was, and `port` is 0.
 */
export type EgressRequest = {
  readonly host: string
  readonly port: number
  /** Why it was refused; absent: it was not. */
  readonly refused?: string
  /** What came to the program, bytes. */
  readonly bytesIn: number
  /** What it sent, bytes. */
  readonly bytesOut: number
}

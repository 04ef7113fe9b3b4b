import type { IsolationTier } from './isolation.ts'

/** What a run may use. All of it is enforced from outside; a program that comes to one of them ends, and the result says which. */
export type SandboxLimits = {
  /** From its start to its end, milliseconds. */
  readonly wallMs: number
  /** Time of processors over all of its processes, milliseconds. */
  readonly cpuMs: number
  /** Of all of its processes together, bytes. */
  readonly memoryBytes: number
  /** Of standard output, standard error and files that are handed out, together, bytes. What is beyond is cut off and marked. */
  readonly outputBytes: number
  /** Processes and threads at one time. */
  readonly processes: number
  /** Of what it may write into its own directory, bytes. */
  readonly diskBytes: number
}

/** Absent limits are these. */
export const SANDBOX_LIMIT_DEFAULTS: SandboxLimits = {
  wallMs: 10_000,
  cpuMs: 10_000,
  memoryBytes: 268_435_456,
  outputBytes: 1_048_576,
  processes: 64,
  diskBytes: 67_108_864,
}

/** Least and most that a policy may name. */
export const SANDBOX_LIMIT_BOUNDS: Readonly<Record<keyof SandboxLimits, readonly [least: number, most: number]>> = {
  wallMs: [1, 86_400_000],
  cpuMs: [1, 86_400_000],
  memoryBytes: [1_048_576, 1_099_511_627_776],
  outputBytes: [0, 1_073_741_824],
  processes: [1, 4_096],
  diskBytes: [0, 1_099_511_627_776],
}

/** What a program may do beyond computing: nothing that is not named. */
export type SandboxPolicy = {
  readonly isolation: IsolationTier
  readonly limits: SandboxLimits
  /** Hosts that it may reach through the broker, as `name`, `name:port` or `*.name`; port 443 where none is named. */
  readonly network: { readonly hosts: readonly string[] }
  /** Names of variables of the caller's environment that it sees. */
  readonly environment: readonly string[]
  /** Absolute paths of this machine that it sees where they are; `write` holds reading. */
  readonly paths: { readonly read: readonly string[]; readonly write: readonly string[] }
  /** Whether a machine may be emulated where the processor's help does not work. */
  readonly allowEmulation: boolean
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CodedError } from '../../../base/errors.ts'
import type { SandboxLimits } from '../../../core/sandbox/sandbox-policy.ts'

export type ResourceLimitsInit = {
  readonly prlimit: string
  readonly pid: number
  /** Whom the process runs as: who is not it may not change its limits. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  readonly limits: SandboxLimits
  /** Of one file, bytes. */
  readonly fileBytes: number
  /** Processes that are not the program's and count with it. */
  readonly ownProcesses: number
  /** Whether a control group holds the memory already. */
  readonly hasControlGroup: boolean
}

const OPEN_FILES = 1_024
const OPEN_FILES_LEAST = 64
/** For so much memory there is one descriptor, where memory is watched: a socket holds nearly as much, also one that is in a message and in no table. */
const BYTES_PER_FILE = 262_144
const LOCKED_BYTES = 65_536
const QUEUE_BYTES = 65_536
const PENDING_SIGNALS = 256
/** What a program may reserve and not use. */
const RESERVED_BYTES = 67_108_864

/**
 * Lays the kernel's limits on a process that waits at its gate; what it starts inherits them. They hold each process for itself, but for their number, which is that of the user in this
 * namespace of users: there is nobody else in it. One more than the policy names is let through, so that wanting more is seen. What all use together is watched from outside.
 */
export async function layResourceLimits(init: ResourceLimitsInit): Promise<void> {
  const { limits, ownProcesses, user } = init
  const seconds = Math.ceil(limits.cpuMs / 1_000) + 1
  const values: Readonly<Record<string, string | number>> = {
    core: 0,
    cpu: `${seconds}:${seconds + 1}`,
    fsize: init.fileBytes,
    memlock: LOCKED_BYTES,
    msgqueue: QUEUE_BYTES,
    nofile: init.hasControlGroup ? OPEN_FILES : openFilesFor(limits.memoryBytes),
    nproc: limits.processes + ownProcesses + 1,
    sigpending: PENDING_SIGNALS,
    ...(!init.hasControlGroup && { data: limits.memoryBytes * 2 + RESERVED_BYTES }),
  }
  const args = Object.entries(values).map(([name, value]) => `--${name}=${value}`)
  try {
    await promisify(execFile)(init.prlimit, ['--pid', String(init.pid), ...args], { env: {}, ...user })
  } catch (cause) {
    throw new CodedError('SANDBOX_BROKEN', { message: 'limits cannot be laid on the program', cause })
  }
}

function openFilesFor(memoryBytes: number): number {
  return Math.min(OPEN_FILES, Math.max(OPEN_FILES_LEAST, Math.floor(memoryBytes / BYTES_PER_FILE)))
}

import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { JsonValue } from '../../ports/sandbox-runtime.ts'
import type { LimitInside } from './guest-window.ts'

/** To a host, once in its life; the parts of the frame are the program, its input and its files, as the guest's engine reads them. */
export type RunMessage = { readonly type: 'run'; readonly limits: SandboxLimits; readonly job: JsonValue }

/** How a guest can end. `refused`: it never began. */
export type GuestReason = 'exited' | 'failed' | 'memory'
export type HostReason = GuestReason | LimitInside | 'time' | 'cpu'

/** What a thread says to the host that watches it. Output is not among it: that goes through the window. */
export type GuestMessage =
  | { readonly type: 'ready' }
  /** What was worked out of the program and is worth keeping for the next run of the same one; said before the program begins. */
  | { readonly type: 'kept'; readonly note: JsonValue; readonly parts: readonly Uint8Array[] }
  | { readonly type: 'began' }
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'end'
      readonly reason: GuestReason
      /** JSON of what the called function returned. */
      readonly value?: string
      readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[]
      /** Whether a file did not fit. */
      readonly isCut: boolean
    }

/** What a host says to its node; bytes are the parts of the frame. */
export type HostMessage =
  | { readonly type: 'ready' | 'began' }
  | { readonly type: 'kept'; readonly note: JsonValue }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr' }
  | { readonly type: 'refused' | 'broken'; readonly message: string }
  | {
      readonly type: 'end'
      readonly reason: HostReason
      readonly value?: string
      readonly paths: readonly string[]
      readonly isCut: boolean
      readonly cpuMs: number
      readonly memoryBytesPeak: number
    }

const REASONS: readonly string[] = [
  'exited',
  'failed',
  'memory',
  'output',
  'disk',
  'time',
  'cpu',
] satisfies readonly HostReason[]

/** Reads what a host says as if the guest had taken it over. Throws a `SyntaxError`. */
export function parseHostMessage(header: unknown): HostMessage {
  if (typeof header !== 'object' || header === null || !('type' in header)) throw new SyntaxError('No message')
  const message = header as Readonly<Record<string, unknown>>
  switch (message['type']) {
    case 'ready':
    case 'began':
      return { type: message['type'] }
    case 'kept':
      return { type: 'kept', note: message['note'] as JsonValue }
    case 'output':
      return { type: 'output', stream: message['stream'] === 'stderr' ? 'stderr' : 'stdout' }
    case 'refused':
    case 'broken':
      return { type: message['type'], message: String(message['message']).slice(0, 1_000) }
    case 'end':
      return parseEnd(message)
    default:
      throw new SyntaxError('A message of no known type')
  }
}

function parseEnd(message: Readonly<Record<string, unknown>>): HostMessage {
  const { reason, value, paths, isCut, cpuMs, memoryBytesPeak } = message
  if (typeof reason !== 'string' || !REASONS.includes(reason)) throw new SyntaxError('An end for no known reason')
  if (!Array.isArray(paths) || !paths.every((path): path is string => typeof path === 'string'))
    throw new SyntaxError('An end without its files')
  if (!Number.isFinite(cpuMs) || !Number.isFinite(memoryBytesPeak)) throw new SyntaxError('An end without its figures')
  return {
    type: 'end',
    reason: reason as HostReason,
    ...(typeof value === 'string' ? { value } : {}),
    paths,
    isCut: isCut === true,
    cpuMs: Number(cpuMs),
    memoryBytesPeak: Number(memoryBytesPeak),
  }
}

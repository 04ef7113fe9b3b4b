import { CodedError } from '../../base/errors.ts'
import type { SandboxStream } from '../../ports/sandbox-runtime.ts'

/** What a supervisor says. */
export type GuestEvent =
  /** It waits for its request, and can be copied. */
  | { readonly type: 'ready' }
  | { readonly type: 'started' }
  | { readonly type: 'output'; readonly stream: SandboxStream; readonly piece: Uint8Array }
  | { readonly type: 'usage'; readonly cpuMs: number; readonly memoryBytesPeak: number }
  | {
      readonly type: 'ended'
      readonly limit: GuestLimit | undefined
      readonly code: number | undefined
      readonly signal: number | undefined
    }
  | { readonly type: 'file'; readonly index: number; readonly isExecutable: boolean; readonly size: number }
  | { readonly type: 'file-piece'; readonly piece: Uint8Array }
  | { readonly type: 'done' }
  /** There is no such program, or it cannot be run. */
  | { readonly type: 'not-run'; readonly errno: number }
  | { readonly type: 'broken'; readonly message: string }

export type GuestLimit = 'memory' | 'processes' | 'disk' | 'output'

const HEAD_BYTES = 5
const PIECE_BYTES_MAX = 16_384
const MESSAGE_BYTES_MAX = 512
const LIMITS: Readonly<Record<number, GuestLimit>> = { 0x6d: 'memory', 0x70: 'processes', 0x64: 'disk', 0x6f: 'output' }

/** Where in its life a supervisor is: what it may say depends on it. */
type Stage = 'fresh' | 'waiting' | 'running' | 'ended' | 'in-file' | 'over'

type FrameRule = {
  /** Fewest and most bytes. */
  readonly bytes: readonly [least: number, most: number]
  readonly stages: readonly Stage[]
  readonly next: Stage | undefined
  readonly read: (payload: Buffer) => GuestEvent | undefined
}

const RULES: Readonly<Record<string, FrameRule>> = {
  R: { bytes: [0, 0], stages: ['fresh'], next: 'waiting', read: () => ({ type: 'ready' }) },
  S: { bytes: [0, 0], stages: ['fresh', 'waiting'], next: 'running', read: () => ({ type: 'started' }) },
  N: {
    bytes: [4, 4],
    stages: ['fresh', 'waiting'],
    next: 'over',
    read: (payload) => ({ type: 'not-run', errno: payload.readUInt32LE() }),
  },
  B: {
    bytes: [0, MESSAGE_BYTES_MAX],
    stages: ['fresh', 'waiting', 'running'],
    next: 'over',
    read: (payload) => ({ type: 'broken', message: payload.toString('latin1').replace(/[^ -~]/g, '?') }),
  },
  o: { bytes: [1, PIECE_BYTES_MAX], stages: ['running'], next: undefined, read: (piece) => output('stdout', piece) },
  e: { bytes: [1, PIECE_BYTES_MAX], stages: ['running'], next: undefined, read: (piece) => output('stderr', piece) },
  U: { bytes: [16, 16], stages: ['running'], next: undefined, read: readUsage },
  X: { bytes: [3, 3], stages: ['running'], next: 'ended', read: readEnd },
  f: { bytes: [11, 11], stages: ['ended', 'in-file'], next: 'in-file', read: readFileHead },
  b: {
    bytes: [1, PIECE_BYTES_MAX],
    stages: ['in-file'],
    next: undefined,
    read: (piece) => ({ type: 'file-piece', piece: Uint8Array.from(piece) }),
  },
  Z: { bytes: [0, 0], stages: ['ended', 'in-file'], next: 'over', read: () => ({ type: 'done' }) },
}

/**
 * Reads frames of a letter, a length and that many bytes. Whoever writes them may have been taken over by the program: no frame is longer than its kind allows, none comes in another order than
 * a supervisor's, and at most one frame is kept.
 */
export class FrameReader {
  private stage: Stage
  private rest: Buffer = Buffer.alloc(0)

  /** `isCopy`: a machine whose state was kept while it waited, which says that it waits no second time. */
  constructor({ isCopy = false }: { readonly isCopy?: boolean } = {}) {
    this.stage = isCopy ? 'waiting' : 'fresh'
  }

  /** Throws `SANDBOX_BROKEN` for what no supervisor says; nothing is read any more then. */
  *read(bytes: Uint8Array): Generator<GuestEvent> {
    this.rest = Buffer.concat([this.rest, bytes])
    while (this.rest.length >= HEAD_BYTES) {
      const letter = String.fromCharCode(this.rest.readUInt8(0))
      const length = this.rest.readUInt32LE(1)
      const rule = this.ruleOf(letter, length)
      if (this.rest.length < HEAD_BYTES + length) return
      const event = rule.read(this.rest.subarray(HEAD_BYTES, HEAD_BYTES + length))
      if (event === undefined) throw this.refuse(`a frame ${letter} with other content`)
      this.rest = this.rest.subarray(HEAD_BYTES + length)
      this.stage = rule.next ?? this.stage
      yield event
    }
  }

  private ruleOf(letter: string, length: number): FrameRule {
    const rule = Object.hasOwn(RULES, letter) ? RULES[letter] : undefined
    if (rule === undefined) throw this.refuse('something that is no frame')
    const [least, most] = rule.bytes
    if (length < least || length > most) throw this.refuse(`a frame ${letter} of ${length} bytes`)
    if (!rule.stages.includes(this.stage)) throw this.refuse(`a frame ${letter} when it was ${this.stage}`)
    return rule
  }

  private refuse(what: string): CodedError {
    this.stage = 'over'
    this.rest = Buffer.alloc(0)
    return new CodedError('SANDBOX_BROKEN', { message: `the supervisor of the sandbox said ${what}` })
  }
}

function output(stream: SandboxStream, piece: Uint8Array): GuestEvent {
  return { type: 'output', stream, piece: Uint8Array.from(piece) }
}

function readUsage(payload: Buffer): GuestEvent | undefined {
  const microseconds = Number(payload.readBigUInt64LE(0))
  const memoryBytesPeak = Number(payload.readBigUInt64LE(8))
  if (!Number.isSafeInteger(microseconds) || !Number.isSafeInteger(memoryBytesPeak)) return undefined
  return { type: 'usage', cpuMs: microseconds / 1_000, memoryBytesPeak }
}

function readEnd(payload: Buffer): GuestEvent | undefined {
  const [limit = 0, isSignal = 0, status = 0] = payload
  if (isSignal > 1 || (limit !== 0 && LIMITS[limit] === undefined)) return undefined
  return {
    type: 'ended',
    limit: LIMITS[limit],
    code: isSignal === 1 ? undefined : status,
    signal: isSignal === 1 ? status : undefined,
  }
}

function readFileHead(payload: Buffer): GuestEvent | undefined {
  const isExecutable = payload.readUInt8(2)
  const size = Number(payload.readBigUInt64LE(3))
  if (isExecutable > 1 || !Number.isSafeInteger(size)) return undefined
  return { type: 'file', index: payload.readUInt16LE(0), isExecutable: isExecutable === 1, size }
}

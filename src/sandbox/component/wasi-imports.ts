import type { GuestInputs } from '../hosted/guest-inputs.ts'
import type { GuestSide } from '../hosted/guest-window.ts'
import { SeededBytes } from '../hosted/seeded-bytes.ts'
import { WasiError, WasiInput, WasiOutput, WasiPollable, waitForAny } from './wasi-streams.ts'

const RANDOM_BYTES_MAX = 1_048_576n
const NANOS_PER_MS = 1_000_000n
const MS_PER_SECOND = 1_000

/** What a component calls to end itself, thrown through it. */
export class ComponentExit extends Error {
  readonly isOk: boolean

  constructor(isOk: boolean) {
    super(isOk ? 'exit' : 'exit with an error')
    this.isOk = isOk
  }
}

class Terminal {}

export type WasiInit = { readonly window: GuestSide; readonly inputs: GuestInputs }
type Interfaces = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/**
 * All that a component may import, by the name of the interface without its version: standard streams, a clock of whole milliseconds, chance, the variables of the policy. No files, no
 * sockets, no HTTP. What is not in this table is refused before anything runs.
 */
export function createWasiImports({ window, inputs }: WasiInit): Interfaces {
  const random = new SeededBytes(inputs.seed)
  const take = (length: bigint): Uint8Array => {
    if (length > RANDOM_BYTES_MAX) throw new RangeError(`At most ${RANDOM_BYTES_MAX} random bytes at a time.`)
    return random.take(Number(length))
  }
  return {
    'wasi:cli/environment': {
      getEnvironment: () => Object.entries(inputs.environment),
      getArguments: () => [],
      initialCwd: () => undefined,
    },
    'wasi:cli/exit': {
      exit: (status: { readonly tag: string }) => {
        throw new ComponentExit(status.tag === 'ok')
      },
    },
    'wasi:cli/stdin': { getStdin: () => new WasiInput(inputs.stdin) },
    'wasi:cli/stdout': { getStdout: () => new WasiOutput(window, 'stdout') },
    'wasi:cli/stderr': { getStderr: () => new WasiOutput(window, 'stderr') },
    'wasi:cli/terminal-input': { TerminalInput: Terminal },
    'wasi:cli/terminal-output': { TerminalOutput: Terminal },
    'wasi:cli/terminal-stdin': { getTerminalStdin: () => undefined },
    'wasi:cli/terminal-stdout': { getTerminalStdout: () => undefined },
    'wasi:cli/terminal-stderr': { getTerminalStderr: () => undefined },
    'wasi:clocks/monotonic-clock': {
      now: monotonicNanos,
      resolution: () => NANOS_PER_MS,
      subscribeInstant: (instant: bigint) => new WasiPollable(Number(instant / NANOS_PER_MS)),
      subscribeDuration: (duration: bigint) => new WasiPollable(performance.now() + Number(duration / NANOS_PER_MS)),
    },
    'wasi:clocks/wall-clock': { now: wallTime, resolution: () => ({ seconds: 0n, nanoseconds: 1_000_000 }) },
    'wasi:io/error': { Error: WasiError },
    'wasi:io/poll': { Pollable: WasiPollable, poll: waitForAny },
    'wasi:io/streams': { InputStream: WasiInput, OutputStream: WasiOutput },
    'wasi:random/random': { getRandomBytes: take, getRandomU64: () => random.takeUint64() },
    'wasi:random/insecure': { getInsecureRandomBytes: take, getInsecureRandomU64: () => random.takeUint64() },
    'wasi:random/insecure-seed': { insecureSeed: () => [random.takeUint64(), random.takeUint64()] },
  }
}

function monotonicNanos(): bigint {
  return BigInt(Math.floor(performance.now())) * NANOS_PER_MS
}

function wallTime(): { readonly seconds: bigint; readonly nanoseconds: number } {
  const nowMs = Date.now()
  return {
    seconds: BigInt(Math.floor(nowMs / MS_PER_SECOND)),
    nanoseconds: (nowMs % MS_PER_SECOND) * Number(NANOS_PER_MS),
  }
}

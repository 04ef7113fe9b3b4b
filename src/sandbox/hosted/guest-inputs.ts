import { randomBytes } from 'node:crypto'
import type { JsonValue, SandboxRequest } from '../../ports/sandbox-runtime.ts'

/** What a guest is given beside its program. It crosses to its process as one JSON value and the bytes that go with it. */
export type GuestInputs = {
  readonly call?: string
  readonly args: readonly JsonValue[]
  /** Its clock stands here when it begins, milliseconds since 1970. */
  readonly nowMs: number
  /** All that it sees of an environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly filesOut: readonly string[]
  /** All of its chance follows from this. */
  readonly seed: Uint8Array
  readonly stdin: Uint8Array
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[]
}

/** What this process lends to its guests. */
export type GuestOutside = {
  readonly nowMs: () => number
  /** 32 bytes. */
  readonly seed: () => Uint8Array
  readonly environment: Readonly<Record<string, string | undefined>>
}

const SEED_BYTES = 32

export function createGuestOutside(init: Partial<GuestOutside>): GuestOutside {
  return { nowMs: Date.now, seed: () => randomBytes(SEED_BYTES), environment: process.env, ...init }
}

/** Bytes that are no input but the program itself come first. */
export function encodeInputs(
  { program, policy, stdin = new Uint8Array(), files = [], filesOut = [] }: SandboxRequest,
  outside: GuestOutside,
): { readonly job: JsonValue; readonly parts: readonly Uint8Array[] } {
  const { call, args } = program.kind === 'command' ? {} : { call: program.call, args: program.args }
  const job = {
    ...(call === undefined ? {} : { call }),
    args: args ?? [],
    nowMs: outside.nowMs(),
    environment: pick(outside.environment, policy.environment),
    filesOut: [...filesOut],
    paths: files.map((file) => file.path),
  }
  return { job, parts: [outside.seed(), stdin, ...files.map((file) => file.bytes)] }
}

export function decodeInputs(job: JsonValue, parts: readonly Uint8Array[]): GuestInputs {
  const { paths, ...given } = job as unknown as Omit<GuestInputs, 'seed' | 'stdin' | 'files'> & {
    readonly paths: readonly string[]
  }
  const [seed = new Uint8Array(), stdin = new Uint8Array(), ...contents] = parts
  const files = paths.map((path, index) => ({ path, bytes: contents[index] ?? new Uint8Array() }))
  return { ...given, seed, stdin, files }
}

function pick(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = Object.hasOwn(environment, name) ? environment[name] : undefined
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

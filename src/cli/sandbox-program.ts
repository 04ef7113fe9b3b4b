import type { JsonValue, SandboxProgram } from '../ports/sandbox-runtime.ts'
import { usageError } from './flags.ts'

export type ProgramReading = {
  /** `auto`, or the runtime that was asked for: two of them run nothing but files of one kind. */
  readonly runtime: string
  readonly read: (file: string) => Uint8Array
}

/**
 * What the words after `--` ask to run. Throws `COMMAND_INVALID`.
 */
export function programOf(words: readonly string[], { runtime, read }: ProgramReading): SandboxProgram {
  const [first, call, ...rest] = words
  if (first === undefined) throw usageError('Name the program after `--`')
  const kind = kindOf(first, runtime)
  if (kind === 'command') return { kind, argv: words }
  const args = rest.map(parseArgument)
  if (kind === 'script') {
    const source = new TextDecoder().decode(read(first))
    return { kind, source, ...(call !== undefined && { call, args }) }
  }
  if (call === undefined) throw usageError('Name the function of the component after its file')
  return { kind, bytes: read(first), call, args }
}

function kindOf(file: string, runtime: string): SandboxProgram['kind'] {
  if (runtime === 'wasm') return 'component'
  if (runtime === 'quickjs') return 'script'
  if (runtime !== 'auto') return 'command'
  if (file.endsWith('.wasm')) return 'component'
  return /\.m?js$/.test(file) ? 'script' : 'command'
}

function parseArgument(text: string): JsonValue {
  try {
    const value: unknown = JSON.parse(text)
    // What JSON.parse returns is of this type by its own definition.
    return value as JsonValue
  } catch {
    throw usageError(`The argument ${JSON.stringify(text)} is no JSON; text stands in quotes: '"text"'`)
  }
}

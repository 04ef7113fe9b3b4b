import { accessSync, constants } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { JsonValue, SandboxFile, SandboxProgram } from '../ports/sandbox-runtime.ts'
import type { CommandContext } from './command.ts'
import { listFlag, usageError } from './flags.ts'
import { readBytes } from './read-bytes.ts'

/** Bytes of a policy, and of a program of this machine: more than any has. */
export const POLICY_BYTES_MAX = 65_536
const PROGRAM_BYTES_MAX = 67_108_864

/** The text of a policy's file. Throws `COMMAND_INVALID`. */
export function readPolicyFile(context: Pick<CommandContext, 'workingDir'>, file: string): string {
  return new TextDecoder().decode(readBytes(context, { file, bytesMax: POLICY_BYTES_MAX }))
}

/**
 * What the words after `--` ask to run. Throws `COMMAND_INVALID`.
 *
 * @param runtime  `auto`, or the runtime that was asked for: two of them run nothing but files of one kind.
 */
export function programOf(
  context: Pick<CommandContext, 'positionals' | 'workingDir'>,
  runtime: string,
): SandboxProgram {
  const words = context.positionals
  const read = (file: string): Uint8Array => readBytes(context, { file, bytesMax: PROGRAM_BYTES_MAX })
  const [first, call, ...rest] = words
  if (first === undefined) throw usageError('Name the program after `--`')
  const kind = kindOf(first, runtime)
  if (kind === 'command') return { kind, argv: [pathOf(first), ...words.slice(1)] }
  const args = rest.map(parseArgument)
  if (kind === 'script') {
    const source = new TextDecoder().decode(read(first))
    return { kind, source, ...(call !== undefined && { call, args }) }
  }
  if (call === undefined) throw usageError('Name the function of the component after its file')
  return { kind, bytes: read(first), call, args }
}

/** Files of this machine that lie in the program's directory, each under its own name. Throws `COMMAND_INVALID`. */
export function filesOf(context: Pick<CommandContext, 'flags' | 'workingDir'>): readonly SandboxFile[] {
  return listFlag(context.flags, 'file').map((file) => ({
    path: basename(file),
    bytes: readBytes(context, { file, bytesMax: PROGRAM_BYTES_MAX }),
    isExecutable: isExecutable(resolve(context.workingDir, file)),
  }))
}

/** Where programs are that are named without a path: in every sandbox that has them. */
const PROGRAM_FOLDERS = ['/bin', '/usr/bin', '/usr/local/bin']

function pathOf(name: string): string {
  if (name.startsWith('/')) return name
  const found = name.includes('/')
    ? undefined
    : PROGRAM_FOLDERS.map((folder) => join(folder, name)).find((path) => isExecutable(path))
  if (found !== undefined) return found
  throw usageError(
    `${name} is no absolute path, and no program of ${PROGRAM_FOLDERS.join(', ')}; with --file a file of yours lies in its directory, with --read where it is`,
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
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

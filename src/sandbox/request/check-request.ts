import { CodedError } from '../../base/errors.ts'
import { faultsOfPolicy, isPlainAbsolutePath, isPlainRelativePath } from '../../core/sandbox/check-policy.ts'
import { isAtLeast, RUNTIME_TRAITS, type SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import type { SandboxFile, SandboxProgram, SandboxRequest } from '../../ports/sandbox-runtime.ts'

/** Files that are put into a program's directory, and paths that are asked back. */
const FILES_MAX = 256
const ARGUMENTS_MAX = 4_096
/** What the kernel takes as arguments of one program leaves room for its environment. */
const ARGUMENT_CHARACTERS_MAX = 1_048_576
/** The kernel takes one text of arguments and environment up to 32 pages, with the zero byte at its end. */
const TEXT_BYTES_MAX = 131_071

/**
 * Refuses what no run can be made of, before anything is started. A runtime checks for itself also that it is strong enough: whoever chose it may have been wrong.
 *
 * Throws `SANDBOX_POLICY_INVALID`, `SANDBOX_PROGRAM_INVALID` and `SANDBOX_UNAVAILABLE`.
 */
export function checkRequest(runtime: SandboxRuntimeName, request: SandboxRequest): void {
  const { tier, runs } = RUNTIME_TRAITS[runtime]
  const { policy, program } = request
  const [fault] = faultsOfPolicy(policy)
  if (fault !== undefined) throw new CodedError('SANDBOX_POLICY_INVALID', { message: fault })
  if (!isAtLeast(tier, policy.isolation))
    throw new CodedError('SANDBOX_UNAVAILABLE', {
      message: `${runtime} is ${tier}, and ${policy.isolation} is required`,
      details: { runtime, tier, isolation: policy.isolation },
    })
  if (program.kind !== runs) refuse(`${runtime} runs a ${runs} and no ${program.kind}`)
  if (program.kind === 'command') checkCommand(program)
  checkFiles(request.files ?? [], request.filesOut ?? [])
}

function checkCommand({ argv }: Extract<SandboxProgram, { kind: 'command' }>): void {
  const [path] = argv
  if (path === undefined) refuse('a command has at least its program')
  else if (!isPlainAbsolutePath(path)) refuse(`${path} is no absolute path without \`.\` and \`..\``)
  if (argv.length > ARGUMENTS_MAX) refuse(`at most ${ARGUMENTS_MAX} arguments`)
  if (argv.some((argument) => argument.includes('\0'))) refuse('an argument holds a zero byte')
  for (const [index, argument] of argv.entries())
    if (Buffer.byteLength(argument) > TEXT_BYTES_MAX) refuse(`argument ${index} is longer than ${TEXT_BYTES_MAX} bytes`)
  const characters = argv.reduce((sum, argument) => sum + argument.length, 0)
  if (characters > ARGUMENT_CHARACTERS_MAX) refuse(`at most ${ARGUMENT_CHARACTERS_MAX} characters of arguments`)
}

/** Throws `SANDBOX_PROGRAM_INVALID` for a variable that no program can be started with. */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment))
    if (Buffer.byteLength(`${name}=${value}`) > TEXT_BYTES_MAX)
      refuse(`the variable ${name} is longer than ${TEXT_BYTES_MAX} bytes`)
}

function checkFiles(files: readonly SandboxFile[], filesOut: readonly string[]): void {
  if (files.length > FILES_MAX || filesOut.length > FILES_MAX) refuse(`at most ${FILES_MAX} files in, and as many out`)
  const paths = files.map(({ path }) => path)
  for (const path of [...paths, ...filesOut])
    if (!isPlainRelativePath(path)) refuse(`${path} is no relative path without \`.\`, \`..\` and empty names`)
  const taken = new Set(paths)
  if (taken.size < paths.length) refuse('two files have the same path')
  for (const path of paths)
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
      if (taken.has(path.slice(0, end))) refuse(`${path.slice(0, end)} is a file and a directory`)
}

function refuse(message: string): never {
  throw new CodedError('SANDBOX_PROGRAM_INVALID', { message })
}

import { resolve } from 'node:path'
import { readAtMost } from '../../node/read-at-most.ts'
import { runInSandbox } from '../../node/sandbox/run-in-sandbox.ts'
import { unreadableFile } from '../../node/unreadable-file.ts'
import type { SandboxResult } from '../../ports/sandbox-runtime.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { choiceFlag, isFlagSet, requiredFlag, usageError } from '../flags.ts'
import { programOf } from '../sandbox-program.ts'
import { visibleText } from '../visible-text.ts'

const RUNTIMES = ['auto', 'wasm', 'quickjs', 'subprocess', 'docker', 'microvm'] as const
const POLICY_BYTES_MAX = 65_536
const WORDS_MAX = 4_096

/** Runs a program that nobody trusts. */
export const sandboxRunCommand: Command = {
  name: 'sandbox run',
  summary: 'run a program that you do not trust, and say what it used',
  synopsis: '--policy FILE [--runtime R] [--stdin] -- PROGRAM [ARGUMENT ...]',
  positionalsMax: WORDS_MAX,
  flags: {
    policy: { value: 'FILE', describe: 'what it may use, as below' },
    runtime: { value: 'R', describe: 'auto, wasm, quickjs, subprocess, docker or microvm (default: auto)' },
    stdin: { describe: 'it reads the standard input of this command (default: it reads nothing)' },
  },
  details: [
    'The policy is JSON: {"isolation": "t3", "limits": {"wallMs": 10000, "cpuMs": 10000, "memoryBytes": 268435456, "outputBytes": 1048576, "processes": 16, "diskBytes": 67108864}, "network": {"hosts": []}, "environment": [], "paths": {"read": [], "write": []}, "allowEmulation": false}. What it does not name is not allowed; limits that it does not name are these.',
    'Isolation is t1 (a WebAssembly component), t2 (JavaScript in an interpreter), t3 (a process in namespaces of its own), t4 (a container) or t5 (a machine of its own). A stronger runtime may be taken than required, a weaker one never is.',
    'PROGRAM is an absolute path in the sandbox; no shell reads it. A file that ends with .wasm is a component, and .js or .mjs is a script, both of this machine: then the first argument is the function that is called, and the others are its arguments, each JSON.',
    'Ends with 0 when the program ended with 0, with 3 when it came to a limit, and else with 1. A program that cannot be run here is refused with the reason.',
  ],
  examples: [
    'kernell sandbox run --policy policy.json -- /usr/bin/env',
    'kernell sandbox run --policy policy.json --json --stdin -- /bin/sh -c "sort | uniq -c" < words.txt',
  ],
  async run(context) {
    const { flags, positionals, terminal, isJson, signal } = context
    const runtime = choiceFlag(flags, 'runtime', RUNTIMES) ?? 'auto'
    const policy = readFile(context, requiredFlag(flags, 'policy'))
    const program = programOf(positionals, { runtime, read: (file) => readProgram(context, file) })
    const stdin = isFlagSet(flags, 'stdin') ? await context.readStandardInput() : undefined
    const result = await runInSandbox({
      policy,
      program,
      stdin,
      runtime: runtime === 'auto' ? undefined : runtime,
      settings: context.loadConfig().sandbox,
      environment: context.environment,
      signal,
    })
    signal.throwIfAborted()
    if (isJson) terminal.printJson(documentOf(result))
    else tell(context, result)
    return exitCodeOf(result)
  },
}

function readFile(context: CommandContext, file: string): string {
  return new TextDecoder().decode(readBytes(context, { file, bytesMax: POLICY_BYTES_MAX }))
}

/** A program of this machine; 64 MiB are more than any is. */
function readProgram(context: CommandContext, file: string): Uint8Array {
  return readBytes(context, { file, bytesMax: 67_108_864 })
}

function readBytes(
  { workingDir }: CommandContext,
  { file, bytesMax }: { readonly file: string; readonly bytesMax: number },
): Uint8Array {
  let bytes: Uint8Array
  try {
    // One byte more tells one that is too long from one that just fits.
    bytes = readAtMost(resolve(workingDir, file), bytesMax + 1)
  } catch (cause: unknown) {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
  if (bytes.length > bytesMax) throw usageError(`The file ${file} is longer than ${bytesMax} bytes`)
  return bytes
}

function documentOf(result: SandboxResult): unknown {
  const { runtime, reason, code, signal, value, stdout, stderr, usage, truncated, leftBehind } = result
  return {
    runtime,
    reason,
    code: code ?? null,
    signal: signal ?? null,
    ...(value !== undefined && { value }),
    usage: {
      wall_ms: usage.wallMs,
      start_ms: usage.startMs,
      cpu_ms: usage.cpuMs ?? null,
      memory_bytes_peak: usage.memoryBytesPeak ?? null,
      output_bytes: usage.outputBytes,
    },
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
    truncated,
    left_behind: leftBehind,
  }
}

function tell({ terminal }: CommandContext, result: SandboxResult): void {
  const { runtime, reason, code, signal, value, stdout, stderr, usage, truncated } = result
  const output = visibleText(new TextDecoder().decode(stdout)).replace(/\n$/, '')
  const complaints = visibleText(new TextDecoder().decode(stderr)).replace(/\n$/, '')
  if (output !== '') terminal.print(output)
  if (value !== undefined) terminal.print(visibleText(JSON.stringify(value)))
  if (complaints !== '') terminal.note(complaints)
  if (truncated.stdout || truncated.stderr) terminal.note('Output was cut off at its limit.')
  // A function has no status.
  const exit = signal ?? code
  const ended = exit === undefined ? 'returned' : `exited with ${exit}`
  const how = reason === 'exited' ? ended : `ended by ${reason}`
  const cpu = usage.cpuMs === undefined ? '' : `, ${Math.round(usage.cpuMs)} ms of processors`
  terminal.note(`${runtime}: ${how} after ${Math.round(usage.wallMs)} ms${cpu}`)
}

/** A function that returned has no status, and a program that a signal ended has none either. */
function exitCodeOf({ reason, code, signal }: SandboxResult): ExitCode {
  if (reason === 'exited') return (code ?? 0) === 0 && signal === undefined ? EXIT_CODES.done : EXIT_CODES.failed
  return reason === 'failed' || reason === 'cancelled' ? EXIT_CODES.failed : EXIT_CODES.refused
}

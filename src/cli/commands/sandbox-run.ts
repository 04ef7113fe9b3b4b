import { isUtf8 } from 'node:buffer'
import { followStop } from '../../node/rights/follow-stop.ts'
import { judgeBy } from '../../node/rights/remote-judge.ts'
import { makeRunOrder } from '../../node/rights/run-order.ts'
import { type RanInSandbox, runInSandbox, type RunInSandboxComponents } from '../../node/sandbox/run-in-sandbox.ts'
import type { SandboxFile, SandboxProgram, SandboxResult, SandboxRunOptions } from '../../ports/sandbox-runtime.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { choiceFlag, isFlagSet, textFlag, usageError } from '../flags.ts'
import { readOrderFile, type ShownOrder } from '../grant-files.ts'
import { askRights } from '../running-control.ts'
import { keptFiles } from '../sandbox-files-out.ts'
import { POLICY_FLAGS, policyOf } from '../sandbox-policy-flags.ts'
import { filesOf, programOf } from '../sandbox-program.ts'
import { visibleText } from '../visible-text.ts'

const RUNTIMES = ['auto', 'wasm', 'quickjs', 'subprocess', 'docker', 'microvm'] as const
const WORDS_MAX = 4_096
/** How long the order is valid that this command gives itself: it is shown at once. */
const OWN_ORDER_MS = 60_000

/** Runs a program that nobody trusts. */
export const sandboxRunCommand: Command = {
  name: 'sandbox run',
  summary: 'run a program that you do not trust, and say what it used',
  synopsis: '[--policy FILE | --capability FILE] [flags] -- PROGRAM [ARGUMENT ...]',
  positionalsMax: WORDS_MAX,
  flags: {
    ...POLICY_FLAGS,
    capability: {
      value: 'FILE',
      describe: 'an order for this program with its chain, of `kernell grant order`; it says what the program may use',
    },
    file: {
      value: 'FILE',
      isList: true,
      describe: 'a file of this machine that lies in its directory, /work, under its own name',
    },
    'file-out': { value: 'NAME', isList: true, describe: 'a file of its directory that is kept when it ends' },
    output: { value: 'DIR', describe: 'where to keep those, none of which may be there yet (default: here)' },
    runtime: { value: 'R', describe: 'auto, wasm, quickjs, subprocess, docker or microvm (default: auto)' },
    stdin: { describe: 'it reads the standard input of this command (default: it reads nothing)' },
  },
  details: [
    'The policy is JSON: {"isolation": "t3", "limits": {"wallMs": 10000, "cpuMs": 10000, "memoryBytes": 268435456, "outputBytes": 1048576, "processes": 64, "diskBytes": 67108864}, "network": {"hosts": []}, "environment": [], "paths": {"read": [], "write": []}, "allowEmulation": false}. What it does not name is not allowed; limits that it does not name are these.',
    'Isolation is t1 (a WebAssembly component), t2 (JavaScript in an interpreter), t3 (a process in namespaces of its own), t4 (a container) or t5 (a machine of its own); where neither the policy nor --isolation says, it is the one of these three that runs what is named. A stronger runtime may be taken than required, a weaker one never is.',
    'PROGRAM is an absolute path in the sandbox, or a name that is found in /bin, /usr/bin or /usr/local/bin; no shell reads it. A file that ends with .wasm is a component, and .js or .mjs is a script, both of this machine: then the first argument is the function that is called, and the others are its arguments, each JSON.',
    'Every run is by an order that counts once, and is in the audit journal before the program begins. It is an order of this machine itself, for exactly what the policy and the flags say; with --capability it is somebody else’s, judged by the delegations behind it, and refused with CAPABILITY_CALL_REFUSED where it was used before, has expired, is for another program or machine, asks for more than was granted, or was taken back.',
    'What it writes goes out as it comes, byte by byte; on a terminal what would act on it is shown instead. With --json it is in the document, and as base64 besides where it is no UTF-8.',
    'Ends with 0 when the program ended with 0, with 3 when it came to a limit, and else with 1. A program that cannot be run here is refused with the reason.',
  ],
  examples: [
    'kernell sandbox run -- hello.mjs',
    'kernell sandbox run --file table.csv --limit wallMs=60000 -- python3 -c "print(open(\'table.csv\').read())"',
    'kernell sandbox run --policy policy.json -- /usr/bin/env',
    'kernell sandbox run --capability order.json -- /usr/bin/env',
    'kernell sandbox run --policy policy.json --json --stdin -- /bin/sh -c "sort | uniq -c" < words.txt',
  ],
  async run(context) {
    const { flags, terminal, isJson } = context
    const runtime = choiceFlag(flags, 'runtime', RUNTIMES) ?? 'auto'
    const program = programOf(context, runtime)
    const files = filesOf(context)
    const kept = keptFiles(context)
    const right = await rightOf(context, { program, files })
    const stdin = isFlagSet(flags, 'stdin') ? await context.readStandardInput() : undefined
    const relays = { stdout: terminal.relay('output'), stderr: terminal.relay('errors') }
    const result = await runUntilStopped(context, {
      runtime: runtime === 'auto' ? undefined : runtime,
      granted: { right, program, files, filesOut: kept.names, ...(stdin !== undefined && { stdin }) },
      ...(!isJson && { onOutput: (stream, piece) => relays[stream].take(piece) }),
    })
    kept.write(result.files)
    if (isJson) terminal.printJson(documentOf(result))
    else {
      for (const relay of [relays.stdout, relays.stderr]) relay.end()
      tell(context, result)
    }
    return exitCodeOf(result)
  },
}

type Running = Pick<RunInSandboxComponents, 'runtime'> &
  Pick<SandboxRunOptions, 'onOutput'> & { readonly granted: Parameters<typeof runInSandbox>[1] }

/** Runs it to its end, or until everything is stopped. Throws as `runInSandbox`, `NODE_STOPPED`, and the signal's reason. */
async function runUntilStopped(
  context: CommandContext,
  { runtime, granted, ...options }: Running,
): Promise<RanInSandbox> {
  const { dataDir, sandbox: settings } = context.loadConfig()
  const stopped = followStop(dataDir)
  try {
    const signal = AbortSignal.any([context.signal, stopped.signal])
    const desk = judgeBy(async (request) => await askRights(context, request))
    const components = { desk, settings, runtime, environment: context.environment }
    const result = await runInSandbox(components, granted, { ...options, signal })
    signal.throwIfAborted()
    return result
  } finally {
    stopped.end()
  }
}

type Ordered = { readonly program: SandboxProgram; readonly files: readonly SandboxFile[] }

/** What is shown to have the program run. Throws `COMMAND_INVALID`, and as `makeRunOrder`. */
async function rightOf(context: CommandContext, { program, files }: Ordered): Promise<ShownOrder> {
  const { flags } = context
  const file = textFlag(flags, 'capability')
  const besides = Object.keys(POLICY_FLAGS).find((name) => flags[name] !== undefined)
  if (file !== undefined && besides !== undefined)
    throw usageError(`Give --${besides} or --capability: a capability says itself what the program may use`)
  if (file !== undefined) return readOrderFile(context, file)
  const policy = policyOf(context, program.kind)
  const { dataDir } = context.loadConfig()
  return await makeRunOrder({ dataDir, policy, program, files, chain: [], validMs: OWN_ORDER_MS })
}

function documentOf(result: RanInSandbox): unknown {
  const { runtime, reason, limit, code, signal, value, stdout, stderr, usage, truncated, leftBehind } = result
  return {
    runtime,
    reason,
    ...(limit !== undefined && { limit }),
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
    ...textOf('stdout', stdout),
    ...textOf('stderr', stderr),
    truncated,
    left_behind: leftBehind,
  }
}

/** As text, and as it is where that says less. */
function textOf(name: 'stdout' | 'stderr', bytes: Uint8Array): Readonly<Record<string, string>> {
  return {
    [name]: new TextDecoder().decode(bytes),
    ...(!isUtf8(bytes) && { [`${name}_base64`]: Buffer.from(bytes).toString('base64') }),
  }
}

function tell({ terminal }: CommandContext, result: RanInSandbox): void {
  const { runtime, reason, code, signal, value, usage, truncated, limit } = result
  if (value !== undefined) terminal.print(visibleText(JSON.stringify(value)))
  if (truncated.stdout || truncated.stderr) terminal.note('Output was cut off at its limit.')
  // A function has no status.
  const exit = signal ?? code
  const ended = exit === undefined ? 'returned' : `exited with ${exit}`
  const how = reason === 'exited' ? ended : `ended by ${reason}`
  const cpu = usage.cpuMs === undefined ? '' : `, ${Math.round(usage.cpuMs)} ms of processors`
  const advice = limit === undefined ? '' : `: ${limit}`
  terminal.note(`${runtime}: ${how} after ${Math.round(usage.wallMs)} ms${cpu}${advice}`)
}

/** A function that returned has no status, and a program that a signal ended has none either. */
function exitCodeOf({ reason, code, signal }: SandboxResult): ExitCode {
  if (reason === 'exited') return (code ?? 0) === 0 && signal === undefined ? EXIT_CODES.done : EXIT_CODES.failed
  return reason === 'failed' || reason === 'cancelled' ? EXIT_CODES.failed : EXIT_CODES.refused
}

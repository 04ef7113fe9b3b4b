import { readPackageVersion } from '../node/package-version.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { interruptReason, printFailure } from './print-failure.ts'
import { runCommandLine } from './run-command-line.ts'
import { createTerminal } from './terminal.ts'
import { readToEnd } from './standard-input.ts'

/** Signals that stop a command, which then puts away what it has. A terminal that is closed sends the last of them. */
const STOPPING = {
  SIGINT: EXIT_CODES.interrupted,
  SIGTERM: EXIT_CODES.terminated,
  SIGHUP: EXIT_CODES.hungUp,
} as const

/** Runs the command line of this process, with its streams, signals and exit code. */
export async function runProcess(): Promise<void> {
  const stopping = new AbortController()
  let stoppedBy: keyof typeof STOPPING = 'SIGINT'
  const stop = (signal: keyof typeof STOPPING): void => {
    if (stopping.signal.aborted) process.exit(STOPPING[signal])
    stoppedBy = signal
    stopping.abort(interruptReason())
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  // `kernell models list | head` closes the pipe early; that is not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

  const terminal = createTerminal({ output: process.stdout, errors: process.stderr, environment: process.env })
  // A fault of the program's own is told in the form that was asked for, too.
  process.on('uncaughtException', (error) =>
    process.exit(printFailure(error, terminal, process.argv.includes('--json'))),
  )

  const exitCode = await runCommandLine(process.argv.slice(2), {
    terminal,
    environment: process.env,
    workingDir: process.cwd(),
    signal: stopping.signal,
    version: readPackageVersion(),
    createNode: async (config, signal, options) => {
      const { createNode } = await import('../node/create-node.ts')
      return await createNode({ config, environment: process.env, signal, ...options })
    },
    readStandardInput: async () => await readToEnd(process.stdin),
  })
  process.exitCode = exitCode === EXIT_CODES.interrupted ? STOPPING[stoppedBy] : exitCode
  // Everything was closed; what may still hold the process (a keep-alive socket to a provider) is not waited for.
  process.stdout.write('', () => process.exit())
}

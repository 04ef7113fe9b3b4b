#!/usr/bin/env node
import { CodedError } from '../base/errors.ts'
import { readPackageVersion } from '../node/package-version.ts'
import { printFailure } from './print-failure.ts'
import { runCommandLine } from './run-command-line.ts'
import { createTerminal } from './terminal.ts'

const stopping = new AbortController()

/** What a shell expects of a program that a signal ended. */
const EXIT_INTERRUPTED = 130

function stop(): void {
  if (stopping.signal.aborted) process.exit(EXIT_INTERRUPTED)
  stopping.abort(new CodedError('REQUEST_ABORTED', { message: 'Stopped by the operator' }))
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
// `kernell models list | head` closes the pipe early; that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const terminal = createTerminal({ output: process.stdout, errors: process.stderr, environment: process.env })
// A fault of the program's own is told in the form that was asked for, too.
process.on('uncaughtException', (error) => process.exit(printFailure(error, terminal, process.argv.includes('--json'))))

process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal,
  environment: process.env,
  workingDir: process.cwd(),
  signal: stopping.signal,
  version: readPackageVersion(),
  createNode: async (config, signal) => {
    const { createNode } = await import('../node/create-node.ts')
    return await createNode({ config, environment: process.env, signal })
  },
  readStandardInput,
})
// Everything was closed; what may still hold the process (a keep-alive socket to a provider) is not waited for.
process.stdout.write('', () => process.exit())

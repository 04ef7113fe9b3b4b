import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommandLine } from '../../src/cli/run-command-line.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import { createScriptedNode, type Script, type ScriptedNode } from './scripted-node.ts'

export type InProcessRun = {
  readonly exitCode: number
  readonly output: string
  readonly errors: string
  /** The document of `--json`. */
  json(): Record<string, unknown>
  readonly nodes: readonly ScriptedNode[]
}

export type InProcessInit = {
  readonly script?: Script
  readonly columns?: number
  /** The output is no terminal: nobody knows how wide a line may be. */
  readonly isPiped?: boolean
  readonly input?: string | Uint8Array
  /** The output is a terminal that reads what it is sent. */
  readonly isTerminal?: boolean
  readonly environment?: Readonly<Record<string, string>>
  readonly workingDir?: string
  readonly signal?: AbortSignal
}

/** Runs a command line in this process, with a scripted node and buffers for a terminal. */
export async function runInProcess(words: readonly string[], init: InProcessInit = {}): Promise<InProcessRun> {
  const folder = init.workingDir ?? mkdtempSync(join(tmpdir(), 'kernell-cli-'))
  let output = ''
  let errors = ''
  const nodes: ScriptedNode[] = []
  const environment = { KERNELL_DATA_DIR: join(folder, 'data'), XDG_CONFIG_HOME: folder, ...init.environment }
  const exitCode = await runCommandLine(words, {
    terminal: createTerminal({
      output: {
        ...(init.isTerminal === true && { isTTY: true }),
        write: (piece) => (output += textOf(piece)),
        ...(init.isPiped !== true && { columns: init.columns ?? 100 }),
      },
      errors: { write: (piece) => (errors += textOf(piece)) },
      environment,
    }),
    environment,
    workingDir: folder,
    signal: init.signal ?? new AbortController().signal,
    version: '0.0.0',
    createNode: async (config) => {
      const node = createScriptedNode(config, init.script ?? (() => ({})))
      nodes.push(node)
      return await Promise.resolve(node)
    },
    readStandardInput: async () => await Promise.resolve(bytesOf(init.input ?? '')),
  })
  return { exitCode, output, errors, nodes, json: () => JSON.parse(output) as Record<string, unknown> }
}

const bytesOf = (input: string | Uint8Array): Uint8Array =>
  typeof input === 'string' ? new TextEncoder().encode(input) : input
const textOf = (piece: string | Uint8Array): string =>
  typeof piece === 'string' ? piece : new TextDecoder().decode(piece)

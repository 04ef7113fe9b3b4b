import type { ConfigDocument } from '../node/config/config-document.ts'
import type { Environment } from '../node/config/environment-document.ts'
import type { NodeConfig } from '../node/config/node-config.ts'
import type { EvaluatingNode } from '../node/node-evaluations.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Flags, FlagTable } from './flags.ts'
import type { Terminal } from './terminal.ts'

/** Who is told of failures behind a request's back; absent: the process's warnings. */
export type NodeOptions = { readonly onBackgroundError?: (error: unknown) => void }

/** What a command is given. It prints through `terminal`, stops when `signal` is aborted, and reads nothing from the process. */
export type CommandContext = {
  readonly flags: Flags
  readonly positionals: readonly string[]
  /** One JSON document on stdout and nothing else. */
  readonly isJson: boolean
  readonly terminal: Terminal
  readonly environment: Environment
  readonly workingDir: string
  /** Aborted by the first Ctrl-C; the second ends the process at once. */
  readonly signal: AbortSignal
  /** The configuration in force; `flags` wins over everything. Throws `CONFIG_INVALID`. */
  readonly loadConfig: (flags?: ConfigDocument) => NodeConfig
  /** Starts a node on the configuration in force, and closes it when the work is done, however it ends. */
  readonly useNode: <Result>(
    work: (node: EvaluatingNode) => Promise<Result>,
    flags?: ConfigDocument,
    options?: NodeOptions,
  ) => Promise<Result>
  /** All of standard input, as bytes. Throws `COMMAND_INVALID` for more than a command reads. */
  readonly readStandardInput: () => Promise<Uint8Array>
}

/** One command of the command line: its words, its flags, its help, and what it does. */
export type Command = {
  /** Words after `kernell`, for example `models list`. */
  readonly name: string
  /** One line without a full stop. */
  readonly summary: string
  /** What follows the name, for example `TASK | --file TASKS.jsonl`; empty for none. */
  readonly synopsis: string
  /** Most words that may follow besides flags; default 0. */
  readonly positionalsMax?: number
  readonly flags: FlagTable
  /** Paragraphs after the flags in `kernell help NAME`. */
  readonly details?: readonly string[]
  readonly examples?: readonly string[]
  /** What to do after Ctrl-C, one sentence or two; default: run it again. */
  readonly whenStopped?: string
  run(context: CommandContext): Promise<ExitCode>
}

/** A command before its file is loaded: `kernell help` and a typing mistake load none, the others load one. */
export type CommandEntry = { readonly name: string; readonly summary: string; load(): Promise<Command> }

import type { ConfigDocument } from '../node/config/config-document.ts'
import type { Environment } from '../node/config/environment-document.ts'
import { loadConfig } from '../node/config/load-config.ts'
import { nearestName } from '../node/config/nearest-name.ts'
import type { NodeConfig } from '../node/config/node-config.ts'
import type { EvaluatingNode } from '../node/node-evaluations.ts'
import type { Command, CommandContext, CommandEntry, NodeOptions } from './command.ts'
import { COMMANDS } from './command-table.ts'
import { EXIT_CODES, type ExitCode } from './exit-codes.ts'
import { COMMON_FLAGS, isFlagSet, parseFlags, textFlag, usageError, type Flags } from './flags.ts'
import { formatCommandHelp, formatGroupHelp, formatOverview, isGroup } from './format-help.ts'
import { nameLockHolder } from './locked-directory.ts'
import { explainInterrupt, printFailure } from './print-failure.ts'
import type { Terminal } from './terminal.ts'

export type CommandLineComponents = {
  readonly terminal: Terminal
  readonly environment: Environment
  readonly workingDir: string
  readonly signal: AbortSignal
  readonly version: string
  readonly createNode: (config: NodeConfig, signal: AbortSignal, options?: NodeOptions) => Promise<EvaluatingNode>
  readonly readStandardInput: () => Promise<Uint8Array>
}

/** Runs one command line (the words after `kernell`) and says what to tell the shell. Never rejects: a failure is printed. */
export async function runCommandLine(words: readonly string[], components: CommandLineComponents): Promise<ExitCode> {
  const isJson = words.slice(0, positionOfEnd(words)).includes('--json')
  try {
    return await dispatch(words, components, isJson)
  } catch (error) {
    return printFailure(error, components.terminal, isJson)
  }
}

async function dispatch(
  words: readonly string[],
  components: CommandLineComponents,
  isJson: boolean,
): Promise<ExitCode> {
  const { terminal, version } = components
  const [first = 'serve', second] = words
  if (first === 'version' || first === '--version' || first === '-V') {
    if (isJson) terminal.printJson({ version, node: process.versions.node })
    else terminal.print(version)
    return EXIT_CODES.done
  }
  if (first === 'help' || first === '--help' || first === '-h') {
    const named = words.slice(1).filter((word) => !word.startsWith('-'))
    const group = named.join(' ')
    if (named.length === 0) terminal.print(formatOverview(version, terminal.width))
    else if (isGroup(group)) terminal.print(formatGroupHelp(group, terminal.width))
    else terminal.print(formatCommandHelp(await findCommand(named).entry.load(), terminal.width))
    return EXIT_CODES.done
  }
  // `kernell` and `kernell --port 9000` serve: the default command.
  if (words.length === 0 || first.startsWith('-'))
    return await runCommand(await findCommand(['serve']).entry.load(), words, components)
  if (isGroup(first) && (second === '--help' || second === '-h')) {
    terminal.print(formatGroupHelp(first, terminal.width))
    return EXIT_CODES.done
  }
  const { entry, wordCount } = findCommand(leadingWords(words))
  return await runCommand(await entry.load(), words.slice(wordCount), components)
}

async function runCommand(
  command: Command,
  words: readonly string[],
  components: CommandLineComponents,
): Promise<ExitCode> {
  const { flags, positionals } = parseFlags(words, { ...command.flags, ...COMMON_FLAGS })
  if (isFlagSet(flags, 'help')) {
    components.terminal.print(formatCommandHelp(command, components.terminal.width))
    return EXIT_CODES.done
  }
  if (positionals.length > (command.positionalsMax ?? 0)) {
    const unexpected = positionals[command.positionalsMax ?? 0] ?? ''
    throw usageError(`kernell ${command.name} does not take ${JSON.stringify(unexpected)}`, { command: command.name })
  }
  try {
    return await command.run(createContext(flags, positionals, components))
  } catch (error: unknown) {
    throw explainInterrupt(error, command.whenStopped)
  }
}

function createContext(
  flags: Flags,
  positionals: readonly string[],
  components: CommandLineComponents,
): CommandContext {
  const { terminal, environment, workingDir, signal } = components
  const dataDir = textFlag(flags, 'data-dir')
  const configFile = textFlag(flags, 'config')
  const load = (more: ConfigDocument = {}): NodeConfig => {
    const document = { ...(dataDir !== undefined && { dataDir }), ...more }
    return loadConfig({ flags: document, environment, workingDir, ...(configFile !== undefined && { configFile }) })
  }
  return {
    flags,
    positionals,
    isJson: isFlagSet(flags, 'json'),
    terminal,
    environment,
    workingDir,
    signal,
    loadConfig: load,
    useNode: async (work, more, options) => {
      const config = load(more)
      const node = await components.createNode(config, signal, options).catch((error: unknown) => {
        throw nameLockHolder(error, config.dataDir)
      })
      try {
        return await work(node)
      } finally {
        await node.close()
      }
    },
    readStandardInput: components.readStandardInput,
  }
}

/** Most words that a command has. */
const COMMAND_WORDS_MAX = 3

/** What comes before the first flag, as far as it may name a command. */
function leadingWords(words: readonly string[]): readonly string[] {
  const flag = words.findIndex((word) => word.startsWith('-'))
  return words.slice(0, Math.min(COMMAND_WORDS_MAX, flag === -1 ? words.length : flag))
}

function findCommand(words: readonly string[]): { readonly entry: CommandEntry; readonly wordCount: number } {
  for (let wordCount = Math.min(COMMAND_WORDS_MAX, words.length); wordCount > 0; wordCount -= 1) {
    const entry = COMMANDS.find(({ name }) => name === words.slice(0, wordCount).join(' '))
    if (entry !== undefined) return { entry, wordCount }
  }
  const [first = '', second = ''] = words
  const family = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name)
  const typed = family.length > 0 && second !== '' ? `${first} ${second}` : first
  const names = family.length > 0 ? family : COMMANDS.map(({ name }) => name)
  const nearest =
    nearestName(typed, names) ??
    nearestName(
      `${first} ${second}`.trim(),
      COMMANDS.map(({ name }) => name),
    )
  if (family.length > 0 && nearest === undefined)
    throw usageError(
      `\`kernell ${first}\` needs one of: ${family.map((name) => name.slice(first.length + 1)).join(', ')}`,
    )
  throw usageError(
    `Unknown command ${JSON.stringify(typed)}${nearest === undefined ? '' : `. Did you mean \`kernell ${nearest}\`?`}`,
    {
      command: typed,
      ...(nearest !== undefined && { nearest }),
    },
  )
}

/** Words after a bare `--` are never flags. */
function positionOfEnd(words: readonly string[]): number {
  const end = words.indexOf('--')
  return end === -1 ? words.length : end
}

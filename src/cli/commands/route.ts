import {
  createRunningNodeClient,
  findRunningNode,
  readControlToken,
  type RunningNode,
} from '../../node/running-node.ts'
import type { Command, CommandContext } from '../command.ts'
import { formatBatchTable, formatTaskLine } from '../batch-report.ts'
import { ARTEFACT_FLAGS, configOfArtefactFlags } from '../config-flags.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { isFlagSet, listFlag, numberFlag, textFlag, usageError } from '../flags.ts'
import { lockedBy, lockHolderOf } from '../locked-directory.ts'
import { exitCodeOf } from '../print-failure.ts'
import { readTask } from '../read-task.ts'
import { readTaskFile } from '../read-task-file.ts'
import { createRemoteRunner } from '../remote-runner.ts'
import { ROUTE_FLAGS } from '../route-flags.ts'
import { useControl } from '../running-control.ts'
import { runBatch, totalsOf, type BatchTask } from '../run-batch.ts'
import { createLocalRunner, type TaskRunner } from '../task-answer.ts'
import { createToolRunner } from '../tool-runner.ts'
import { visibleText } from '../visible-text.ts'
import type { ToolTaskCall } from '../../node/mcp/tool-task.ts'

/** Runs tasks as the gateway would, and shows what each cost. */
export const routeCommand: Command = {
  name: 'route',
  summary: 'run one task, or a file of tasks, through the whole pipeline',
  synopsis: 'TASK | - | --file TASKS.jsonl',
  positionalsMax: Number.POSITIVE_INFINITY,
  flags: {
    file: { value: 'FILE', describe: 'JSON Lines of {"id"?, "prompt"}' },
    concurrency: { value: 'N', describe: 'tasks at the same time (default 4)' },
    limit: { value: 'N', describe: 'only the first N rows of the file' },
    explain: { describe: 'show why each task went where it went' },
    tools: {
      value: 'NAME',
      isList: true,
      describe:
        'what the models may call: SERVER, SERVER/TOOL, a2a:PEER or a2a:PEER/SKILL of the configuration; put the task before it',
    },
    ...ROUTE_FLAGS,
    ...ARTEFACT_FLAGS,
  },
  details: [
    'Savings compare what was paid with one call of the premium model per task, estimated from the tokens of the answers; they are marked estimated unless premium was really run.',
    'TASK - reads the task from standard input. A file ends with exit code 1 when a task failed, 3 when the only failures are refusals. Ctrl-C prints what was finished, with `interrupted` in --json, and ends with 130.',
    'While `kernell serve` has the data directory open, that node runs the task, with its configuration; set KERNELL_API_KEY where it wants a key. --json then names it as `served_by`, and has the decision in short (with --explain whole) and no `attempts`.',
    'With --tools the models of the task may call what it names and the configuration allows (`kernell mcp servers`, `kernell a2a peers`); each call passes the firewall and is told on standard error. Whatever else they ask for is not called.',
  ],
  examples: [
    'kernell route "What is 17% of 2340?"',
    'kernell route --file prompts.jsonl --concurrency 8',
    'kernell route "What was decided on Monday?" --tools notes/search a2a:translator',
    'kernell route --max-cost-usd 0.01 --explain "Summarise ..."',
  ],
  whenStopped: 'Run the command again; what was answered before is in the cache and free, unless the cache is off.',
  async run(context) {
    const work = await readWork(context)
    if (listFlag(context.flags, 'tools').length > 0) return await workWithTools(work, context)
    try {
      return await context.useNode(
        async (node) => await work(createLocalRunner(node, context.flags)),
        configOfArtefactFlags(context.flags),
      )
    } catch (error) {
      const holder = lockHolderOf(error)
      if (holder === undefined) throw error
      return await workRemotely(holder, work, context)
    }
  },
}

type Work = (runTask: TaskRunner) => Promise<ExitCode>

/** Everything of the command line is read before a node is started. Throws `COMMAND_INVALID`. */
async function readWork(context: CommandContext): Promise<Work> {
  const { flags, positionals, workingDir } = context
  const file = textFlag(flags, 'file')
  if ((file === undefined) === (positionals.length === 0)) throw usageError('Give either a task or --file TASKS.jsonl')
  if (file === undefined) {
    for (const name of ['concurrency', 'limit'])
      if (textFlag(flags, name) !== undefined) throw usageError(`--${name} needs --file TASKS.jsonl`)
    const prompt = await readTask(context)
    return async (runTask) => await routeOne(prompt, runTask, context)
  }
  const limit = numberFlag(flags, 'limit', { min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true })
  const tasks = readTaskFile(file, workingDir).slice(0, limit)
  return async (runTask) => await routeFile(tasks, runTask, context)
}

/** On the node that serves, where one does: each call passes the firewall of the node, which is told what the models have read. */
async function workWithTools(work: Work, context: CommandContext): Promise<ExitCode> {
  const { flags, terminal } = context
  const { dataDir } = context.loadConfig()
  const serving = findRunningNode(dataDir)
  for (const name of ['policy', 'cache-calibration', 'injection-model'])
    if (serving !== undefined && textFlag(flags, name) !== undefined)
      throw lockedBy(serving, { what: `has the data directory open, and takes no --${name} from a caller` })
  const onCall = ({ server, tool, outcome, characters }: ToolTaskCall): void =>
    terminal.note(terminal.style('dim', visibleText(`${server}/${tool}: ${outcome}, ${characters} characters`)))
  return await useControl(context, async (control) => await work(createToolRunner({ control, flags, onCall })), {
    config: configOfArtefactFlags(flags),
  })
}

async function workRemotely(node: RunningNode, work: Work, context: CommandContext): Promise<ExitCode> {
  const { flags, terminal, environment } = context
  const {
    dataDir,
    server: { requestTimeoutMs },
  } = context.loadConfig()
  const client = createRunningNodeClient(node)
  try {
    const apiKey = environment.KERNELL_API_KEY || undefined
    const controlToken = readControlToken(dataDir)
    const runTask = createRemoteRunner({ client, node, flags, apiKey, controlToken, timeoutMs: requestTimeoutMs })
    terminal.note(
      terminal.style(
        'dim',
        `The node at ${node.url} has the data directory open and runs this, with its configuration.`,
      ),
    )
    return await work(runTask)
  } finally {
    await client.close()
  }
}

async function routeOne(prompt: string, runTask: TaskRunner, context: CommandContext): Promise<ExitCode> {
  const { flags, terminal, isJson, signal } = context
  const answer = await runTask(prompt, signal)
  if (isJson) terminal.printJson(answer.document)
  else {
    terminal.print(answer.text)
    terminal.note(terminal.style('dim', formatTaskLine(answer.figures)))
    if (isFlagSet(flags, 'explain')) terminal.note(answer.explain(terminal.noteWidth))
  }
  return EXIT_CODES.done
}

async function routeFile(tasks: readonly BatchTask[], runTask: TaskRunner, context: CommandContext): Promise<ExitCode> {
  const { flags, terminal, isJson, signal } = context
  const concurrency = numberFlag(flags, 'concurrency', { min: 1, max: 1024, isWhole: true }) ?? 4
  const progress = terminal.startProgress('routing', tasks.length)
  let done = 0
  const outcomes = await runBatch({
    tasks,
    runTask,
    concurrency,
    signal,
    onDone: () => progress.advance((done += 1)),
  }).finally(progress.finish)
  const totals = totalsOf(outcomes)
  const isInterrupted = outcomes.length < tasks.length
  if (isJson) {
    const rows = outcomes.map((outcome) => ({ id: outcome.task.id, ...outcome.document }))
    terminal.printJson({ tasks: rows, totals, ...(isInterrupted && { interrupted: true }) })
  } else terminal.print(formatBatchTable(outcomes, { totals, terminal, isExplained: isFlagSet(flags, 'explain') }))
  if (isInterrupted) {
    terminal.note(
      `Interrupted: ${outcomes.length} of ${tasks.length} tasks were finished. Run the command again for the rest; equal tasks then come from the cache, unless it is off.`,
    )
    return EXIT_CODES.interrupted
  }
  return exitCodeOfBatch(outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.error] : [])))
}

function exitCodeOfBatch(errors: readonly unknown[]): ExitCode {
  if (errors.length === 0) return EXIT_CODES.done
  return errors.every((error) => exitCodeOf(error) === EXIT_CODES.refused) ? EXIT_CODES.refused : EXIT_CODES.failed
}

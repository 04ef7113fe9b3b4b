import type { KernellNode } from '../../node/kernell-node.ts'
import type { Command, CommandContext } from '../command.ts'
import { formatBatchTable, formatExplanation, formatTaskLine } from '../batch-report.ts'
import { ARTEFACT_FLAGS, configOfArtefactFlags } from '../config-flags.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { isFlagSet, numberFlag, textFlag, usageError } from '../flags.ts'
import { resultDocument } from '../format-result.ts'
import { exitCodeOf } from '../print-failure.ts'
import { readJsonLines } from '../read-json-lines.ts'
import { requestMaker, ROUTE_FLAGS } from '../route-flags.ts'
import { runBatch, totalsOf, type BatchTask } from '../run-batch.ts'

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
    ...ROUTE_FLAGS,
    ...ARTEFACT_FLAGS,
  },
  details: [
    'Savings compare what was paid with one call of the premium model per task, estimated from the tokens of the answers; they are marked estimated unless premium was really run.',
    'TASK - reads the task from standard input. A file ends with exit code 1 when a task failed, 3 when the only failures are refusals.',
  ],
  examples: [
    'kernell route "What is 17% of 2340?"',
    'kernell route --file prompts.jsonl --concurrency 8',
    'kernell route --max-cost-usd 0.01 --explain "Summarise ..."',
  ],
  async run(context) {
    const file = textFlag(context.flags, 'file')
    if ((file === undefined) === (context.positionals.length === 0))
      throw usageError('Give either a task or --file TASKS.jsonl')
    const tasks = file === undefined ? undefined : readTasks(file, context)
    const run = async (node: KernellNode): Promise<ExitCode> =>
      tasks === undefined ? await routeOne(node, context) : await routeFile(node, tasks, context)
    return await context.useNode(run, configOfArtefactFlags(context.flags))
  },
}

async function routeOne(node: KernellNode, context: CommandContext): Promise<ExitCode> {
  const { flags, terminal, isJson, signal } = context
  const words = context.positionals.join(' ')
  const prompt = words === '-' ? (await context.readStandardInput()).trim() : words
  const result = await node.router.route(requestMaker(flags, node)(prompt), { signal })
  if (isJson) terminal.printJson(resultDocument(result))
  else {
    terminal.print(result.answer.text)
    terminal.note(terminal.style('dim', formatTaskLine(result)))
    if (isFlagSet(flags, 'explain')) terminal.note(formatExplanation(result.decision, terminal.width))
  }
  return EXIT_CODES.done
}

async function routeFile(node: KernellNode, tasks: readonly BatchTask[], context: CommandContext): Promise<ExitCode> {
  const { flags, terminal, isJson, signal } = context
  const makeRequest = requestMaker(flags, node)
  const concurrency = numberFlag(flags, 'concurrency', { min: 1, max: 1024, isWhole: true }) ?? 4
  const progress = terminal.startProgress('routing', tasks.length)
  let done = 0
  const outcomes = await runBatch({
    node,
    tasks,
    makeRequest,
    concurrency,
    signal,
    onDone: () => progress.advance((done += 1)),
  }).finally(progress.finish)
  const totals = totalsOf(outcomes)
  if (isJson) {
    const rows = outcomes.map((outcome) => ({ id: outcome.task.id, ...outcome.document }))
    terminal.printJson({ tasks: rows, totals })
  } else terminal.print(formatBatchTable(outcomes, { totals, terminal, isExplained: isFlagSet(flags, 'explain') }))
  return exitCodeOfBatch(outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.error] : [])))
}

function exitCodeOfBatch(errors: readonly unknown[]): ExitCode {
  if (errors.length === 0) return EXIT_CODES.done
  return errors.every((error) => exitCodeOf(error) === EXIT_CODES.refused) ? EXIT_CODES.refused : EXIT_CODES.failed
}

function readTasks(file: string, { flags, workingDir }: CommandContext): readonly BatchTask[] {
  const limit = numberFlag(flags, 'limit', { min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true })
  const tasks = readJsonLines(file, workingDir).map(({ value, line }) => {
    const row: { readonly id?: unknown; readonly prompt?: unknown } =
      typeof value === 'object' && value !== null ? value : {}
    if (typeof row.prompt !== 'string' || row.prompt === '')
      throw usageError(`Line ${line} of ${file} has no text in "prompt"`, { file, line })
    return {
      id: typeof row.id === 'string' || typeof row.id === 'number' ? String(row.id) : String(line),
      prompt: row.prompt,
    }
  })
  if (tasks.length === 0) throw usageError(`The file ${file} has no tasks`, { file })
  return limit === undefined ? tasks : tasks.slice(0, limit)
}

import { resolve } from 'node:path'
import { splitDataset, type SplitPart, type SplitReport } from '../../node/learning/dataset/split-dataset.ts'
import type { Command } from '../command.ts'
import { followWork, FORCE_FLAG, newFile, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, numberFlag, requiredFlag, textFlag, usageError, type Flags } from '../flags.ts'
import { formatCounts } from '../format-counts.ts'
import { formatTable, type Column } from '../format-table.ts'
import { rememberFile } from '../remember-derived.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'part' },
  { heading: 'rows', align: 'right' },
  { heading: 'tasks', align: 'right' },
  { heading: 'optimal routes' },
  { heading: 'file', isFlexible: true },
]

/** Rows for training, and rows that training never sees. */
export const dataSplitCommand: Command = {
  name: 'data split',
  summary: 'divide rows by task into parts for training and testing',
  synopsis: '--input F --train A --test B [--validation C]',
  flags: {
    input: {
      value: 'F',
      describe: 'rows of a dataset, records, or questions with recorded outcomes (JSON Lines or .gz)',
    },
    train: { value: 'A', describe: 'file for training' },
    test: { value: 'B', describe: 'file for testing' },
    validation: { value: 'C', describe: 'file for choosing between what was trained' },
    'test-share': { value: 'X', describe: 'share of the tasks for testing, 0 to 1 (default 0.2)' },
    'validation-share': { value: 'X', describe: 'share of the tasks for validation (default 0.1, with --validation)' },
    seed: { value: 'N', describe: 'another seed gives another split (default 1)' },
    balance: { describe: 'keep as many training rows of each optimal route as the rarest has' },
    force: FORCE_FLAG,
  },
  details: [
    'A task is on one side with all of its rows: the side is drawn from its hash and the seed, so that it is the same in every file and on every machine. Rows are written as they are, in their order.',
  ],
  examples: ['kernell data split --input rows.jsonl.gz --train train.jsonl --test test.jsonl --test-share 0.25'],
  async run(context) {
    const { flags, terminal, isJson, workingDir, signal } = context
    const input = resolve(workingDir, requiredFlag(flags, 'input'))
    const files = partFiles(flags, workingDir)
    const paths = [input, ...Object.values(files)]
    if (new Set(paths).size < paths.length) throw usageError('The parts and the input must be different files')
    const { onProgress, finish } = followWork(terminal)
    const report = await splitDataset(
      { input, ...files, shares: sharesOf(flags), isBalanced: isFlagSet(flags, 'balance') },
      { signal, onProgress },
    ).finally(finish)
    const sources = [{ path: input, hash: report.input_sha256 }]
    for (const { path, rows, sha256: hash } of report.parts)
      await rememberFile(context, { kind: 'labels', path, rows, hash, sources })
    if (isJson) terminal.printJson(report)
    else terminal.print(describe(report, terminal.cutWidth))
    return EXIT_CODES.done
  },
}

function partFiles(flags: Flags, workingDir: string): { train: string; test: string; validation?: string } {
  const validation = textFlag(flags, 'validation')
  return {
    train: outputFlag(flags, 'train', workingDir),
    test: outputFlag(flags, 'test', workingDir),
    ...(validation !== undefined && { validation: newFile(flags, validation, workingDir) }),
  }
}

function sharesOf(flags: Flags): { readonly test: number; readonly validation: number; readonly seed: number } {
  const asked = numberFlag(flags, 'validation-share', { min: 0, max: 1 })
  const hasValidation = textFlag(flags, 'validation') !== undefined
  if (asked !== undefined && !hasValidation) throw usageError('--validation-share needs --validation FILE')
  const test = numberFlag(flags, 'test-share', { min: 0, max: 1 }) ?? 0.2
  const validation = hasValidation ? (asked ?? 0.1) : 0
  if (test + validation >= 1) throw usageError('The shares of testing and validation leave nothing for training')
  return { test, validation, seed: numberFlag(flags, 'seed', { min: 0, max: 4_294_967_295, isWhole: true }) ?? 1 }
}

function describe({ rows, left_out: leftOut, parts }: SplitReport, width: number): string {
  const balanced = leftOut === 0 ? '' : `; balancing left out ${leftOut} training rows`
  const table = formatTable(COLUMNS, parts.map(partRow), width)
  return `${rows} rows${balanced}\n\n${table}`
}

function partRow({ side, rows, tasks, routes, path }: SplitPart): readonly string[] {
  return [side, String(rows), String(tasks), formatCounts(routes) || '-', path]
}

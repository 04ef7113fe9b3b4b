import { resolve } from 'node:path'
import { buildSft, type SftReport } from '../../node/learning/dataset/build-sft.ts'
import { writeLoraPlan, type LoraPlan } from '../../node/learning/dataset/lora-plan/write-lora-plan.ts'
import type { Command, CommandContext } from '../command.ts'
import { followWork, FORCE_FLAG, newFile, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, numberFlag, requiredFlag, textFlag } from '../flags.ts'
import { formatCounts } from '../format-counts.ts'
import { rememberFile } from '../remember-derived.ts'

/** Examples from which a small model learns to decide, and the plan of that training. */
export const dataSftCommand: Command = {
  name: 'data sft',
  summary: 'write examples to train a small deciding model with, and a plan that does it',
  synopsis: '--input F.jsonl --output F.jsonl [--plan DIR]',
  flags: {
    input: { value: 'F', describe: 'dataset that `kernell data build` wrote from records with their text (or .gz)' },
    output: { value: 'F', describe: 'file to write: {"prompt","completion"} in each line' },
    'min-confidence': { value: 'X', describe: 'leave out rows whose label is less sure, 0 to 1 (default 0)' },
    plan: { value: 'DIR', describe: 'also write a folder that trains a LoRA adapter on a machine with a GPU' },
    seed: { value: 'N', describe: 'seed of the training that the plan describes (default 1)' },
    force: FORCE_FLAG,
  },
  details: [
    'The prompt is what `policy.lite` is asked when a task comes in, to the byte; the completion is the decision that would have been best, as it answers. Only rows with text give examples (telemetry.keepText, with consent). Split the dataset before, and train on its training part.',
    'The plan holds a copy of the examples, the training script with pinned versions, and the conversion of the adapter to GGUF; `policy.lite.adapter` loads the result.',
  ],
  examples: [
    'kernell data sft --input train.jsonl --output sft.jsonl',
    'kernell data sft --input train.jsonl --output sft.jsonl --plan lora',
  ],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const output = outputFlag(flags, 'output', workingDir)
    const planFolder = textFlag(flags, 'plan')
    const folder = planFolder === undefined ? undefined : newFile(flags, planFolder, workingDir)
    const report = await write(context, output)
    const plan = folder === undefined ? undefined : await planTraining(context, folder, report)
    if (isJson) terminal.printJson({ ...report, ...(plan !== undefined && { plan }) })
    else terminal.print(describe(report, plan))
    return EXIT_CODES.done
  },
}

async function write(context: CommandContext, output: string): Promise<SftReport> {
  const { flags, terminal, workingDir, signal } = context
  const input = resolve(workingDir, requiredFlag(flags, 'input'))
  const confidenceMin = numberFlag(flags, 'min-confidence', { min: 0, max: 1 }) ?? 0
  const { onProgress, finish } = followWork(terminal)
  const onWritten = async ({ examples, sha256: hash, input_sha256: inputHash }: SftReport): Promise<void> => {
    const sources = [{ path: input, hash: inputHash }]
    await rememberFile(context, { kind: 'sft', path: output, rows: examples, hash, sources })
  }
  return await buildSft({ input, output, confidenceMin, onWritten }, { signal, onProgress }).finally(finish)
}

async function planTraining(context: CommandContext, folder: string, report: SftReport): Promise<LoraPlan> {
  const { flags, signal } = context
  const seed = numberFlag(flags, 'seed', { min: 0, max: 4_294_967_295, isWhole: true }) ?? 1
  const plan = await writeLoraPlan(
    { folder, examples: report.output, rows: report.examples, seed, mayReplace: isFlagSet(flags, 'force') },
    { signal },
  )
  const sources = [{ path: report.output, hash: report.sha256 }]
  const derived = { path: plan.data_path, rows: report.examples, hash: plan.data_sha256, sources }
  await rememberFile(context, { kind: 'sft', ...derived })
  return plan
}

function describe(
  { output, examples, rows, left_out: leftOut, routes }: SftReport,
  plan: LoraPlan | undefined,
): string {
  const left = formatCounts({
    'without text': leftOut.without_text,
    'of the same text': leftOut.same_task,
    unsure: leftOut.unsure,
  })
  return [
    `Wrote ${examples} examples of ${rows} rows to ${output} (${formatCounts(routes)})`,
    ...(left === '' ? [] : [`Left out: ${left}`]),
    ...(plan === undefined ? [] : [`Plan: ${plan.folder}; copy it to a machine with a GPU and follow its README.md`]),
  ].join('\n')
}

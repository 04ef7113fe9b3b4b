import { existsSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import type { ConfigDocument } from '../node/config/config-document.ts'
import { modelFolder } from '../node/pull-model.ts'
import type { Evaluated, EvaluatingNode, EvaluationOptions } from '../node/node-evaluations.ts'
import type { CommandContext } from './command.ts'
import { EXIT_CODES, type ExitCode } from './exit-codes.ts'
import { textFlag, type FlagSpec } from './flags.ts'
import { inOwnDirectory } from './own-directory.ts'
import { saveArtefact } from './read-data-files.ts'
import type { Progress, Terminal } from './terminal.ts'

export const SAVE_FLAG: FlagSpec = { value: 'FILE', describe: 'keep what was trained; `kernell serve` loads it' }

export type EvaluationRun<Report> = {
  evaluate(node: EvaluatingNode, options: EvaluationOptions): Promise<Evaluated<Report>>
  /** The figures for people. */
  format(report: Report, terminal: Terminal): string
  /** How a saved artefact is used, one sentence. */
  readonly usage: string
  /** What the node is to be for this evaluation, over the configuration in force. */
  readonly document?: ConfigDocument
}

/** What the three evaluations share: progress, the report in the form that was asked for, and `--save`. */
export async function runEvaluation<Report>(context: CommandContext, run: EvaluationRun<Report>): Promise<ExitCode> {
  const { terminal, isJson, flags, workingDir, signal } = context
  const stages = createStages(terminal)
  const work = async (node: EvaluatingNode): Promise<Evaluated<Report>> =>
    await run.evaluate(node, { signal, onProgress: stages.show })
  // An evaluation keeps nothing in the node's stores.
  const { report, artefact, scores, notes } = await inOwnDirectory(async (dataDir) => {
    await linkModels(context.loadConfig().dataDir, dataDir)
    return await context.useNode(work, { ...run.document, dataDir, discover: false })
  }).finally(stages.finish)
  const file = textFlag(flags, 'save')
  if (file !== undefined) saveArtefact(file, artefact, workingDir)
  const scoresFile = textFlag(flags, 'scores')
  if (scoresFile !== undefined)
    saveArtefact(scoresFile, (scores ?? []).map((row) => `${JSON.stringify(row)}\n`).join(''), workingDir)
  if (isJson) terminal.printJson(report)
  else terminal.print(run.format(report, terminal))
  for (const note of notes ?? []) terminal.note(note)
  if (file !== undefined) terminal.note(`Kept in ${file}. ${run.usage}`)
  return EXIT_CODES.done
}

/** Weights are looked up by name in the data directory; the evaluation's own directory borrows those of the configured one. */
async function linkModels(from: string, to: string): Promise<void> {
  if (existsSync(modelFolder(from))) await symlink(modelFolder(from), modelFolder(to), 'junction')
}

type Stages = { readonly show: NonNullable<EvaluationOptions['onProgress']>; readonly finish: () => void }

/** One bar at a time, a new one for each stage. */
function createStages(terminal: Terminal): Stages {
  let stage: string | undefined
  let bar: Progress | undefined
  const finish = (): void => bar?.finish()
  return {
    finish,
    show: (progress) => {
      if (progress.stage !== stage) {
        finish()
        stage = progress.stage
        bar = terminal.startProgress(progress.stage, progress.total)
      }
      bar?.advance(progress.done)
    },
  }
}

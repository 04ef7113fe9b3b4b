import { execFile } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BenchOptions, type BenchReport, type BenchRow, roundFigure } from '../bench.ts'
import { generateTasks } from './generated-tasks.ts'

const MODELS = ['large', 'medium', 'small'] as const

/** `kernell policy train` from a file to a policy: reading, hashing, cross-validation, training and calibration for three models. Run once. */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const rowCount = isQuick ? 500 : 100_000
  const folder = mkdtempSync(join(tmpdir(), 'kernell-bench-train-'))
  try {
    const data = join(folder, 'outcomes.jsonl')
    await writeOutcomes(data, rowCount)
    const [figures, output] = [join(folder, 'figures.json'), join(folder, 'policy.json')]
    const program = fileURLToPath(new URL('run-command.ts', import.meta.url))
    const words = ['policy', 'train', '--data', data, '--output', output, '--data-dir', join(folder, 'data'), '--json']
    const startedMs = performance.now()
    const { stdout } = await promisify(execFile)(process.execPath, [program, figures, ...words])
    const seconds = (performance.now() - startedMs) / 1000
    const report = JSON.parse(stdout) as {
      readonly rows: number
      readonly method: string
      readonly models: readonly ModelFigures[]
    }
    if (report.rows !== rowCount) throw new Error(`${report.rows} rows were read, not ${rowCount}`)
    const { peakBytes } = JSON.parse(readFileSync(figures, 'utf8')) as { readonly peakBytes: number }
    const note = `${rowCount} rows, ${MODELS.length} models, chosen: ${report.method}`
    log(note)
    const mean = (read: (model: ModelFigures) => number): number =>
      report.models.reduce((sum, model) => sum + read(model), 0) / report.models.length
    const row = (name: string, ours: number, init: Pick<BenchRow, 'unit' | 'better' | 'note'>): BenchRow => ({
      case: name,
      ours: roundFigure(ours),
      peers: {},
      limit: null,
      ...init,
    })
    return {
      rows: [
        { ...row('policy train, whole command', seconds, { unit: 's', better: 'lower', note }), limit: 600 },
        row('policy train, rows per second', rowCount / seconds, {
          unit: 'rows/s',
          better: 'higher',
          note: 'all methods and folds included',
        }),
        row('policy train, peak memory', peakBytes / 1e6, { unit: 'MB', better: 'lower', note: 'of the process' }),
        row(
          'policy train, log loss',
          mean(({ log_loss: loss }) => loss),
          {
            unit: 'nats',
            better: 'lower',
            note: `of the mean outcome: ${mean(({ base_log_loss: loss }) => loss).toFixed(4)}`,
          },
        ),
        row(
          'policy train, calibration error',
          mean(({ ece_after: error }) => error),
          {
            unit: '',
            better: 'lower',
            note: `before calibration: ${mean(({ ece_before: error }) => error).toFixed(4)}`,
          },
        ),
      ],
      skipped: [],
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

type ModelFigures = Readonly<Record<'log_loss' | 'base_log_loss' | 'ece_before' | 'ece_after', number>>

/** Every task with the outcomes of three models: the generated one, one that does most tasks, and one that does long ones less often. */
async function writeOutcomes(file: string, rowCount: number): Promise<void> {
  const out = createWriteStream(file)
  let row = 0
  for (const { text, isRight } of generateTasks(rowCount, 2)) {
    row += 1
    const words = text.split(' ').length
    const outcomes = {
      large: { score: row % 10 === 0 ? 0 : 1, cost_usd: words * 1e-4 },
      medium: { score: isRight ? 1 : 0, cost_usd: words * 1e-5 },
      small: { score: isRight && (row * 7) % 80 > words ? 1 : 0, cost_usd: words * 1e-6 },
    }
    if (!out.write(`${JSON.stringify({ prompt: text, models: outcomes })}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

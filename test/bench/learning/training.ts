import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BenchOptions, type BenchReport, type BenchRow, type SkippedPeer, median, roundFigure } from '../bench.ts'
import { judgeScores } from './held-out.ts'
import { buildMatrix, writeMatrix, type TrainingMatrix } from './training-matrix.ts'

const EPOCHS = 5
/** Of three usual penalties each contestant trains with the one that serves it best on the held-out rows; that choice is not timed. */
const ALPHAS = ['1e-5', '3e-6', '1e-6'] as const
const PRIORS = ['1', '0.5', '0.2'] as const
const PYTHON = '/usr/bin/python3'

type Figures = {
  readonly seconds: number
  readonly peakBytes: number
  readonly loadSeconds?: number
  readonly rowBytes?: number
}
type Trained = Figures & { readonly logLoss: number; readonly auc: number }
type Contestant = {
  readonly name: string
  train(setting: string): Promise<Trained>
  readonly settings: readonly string[]
}

/** Logistic regression on hashed features, row by row: our kernel, its TypeScript twin, and scikit-learn, each in a process of its own. */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const rowCount = isQuick ? 2000 : 125_000
  const heldOutCount = Math.round(rowCount / 5)
  const folder = mkdtempSync(join(tmpdir(), 'kernell-bench-learning-'))
  try {
    const matrix = buildMatrix(rowCount, heldOutCount, 1)
    writeMatrix(folder, matrix)
    const trainCount = rowCount - heldOutCount
    const note = `${trainCount} rows, ${(matrix.indices.length / rowCount).toFixed(0)} non-zeros a row, 2^18 features, ${EPOCHS} epochs`
    log(note)
    const skipped: SkippedPeer[] = []
    const contestants = [ours('wasm', folder, matrix), ours('typescript', folder, matrix)]
    const missing = await missingSklearn()
    if (missing === undefined) contestants.push(sklearn(folder, matrix))
    else skipped.push({ peer: 'scikit-learn', why: missing })
    const runs = await runInterleaved(contestants, isQuick ? 1 : 5, log)
    return { rows: rowsOf(runs, trainCount, note), skipped }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function ours(implementation: 'wasm' | 'typescript', folder: string, matrix: TrainingMatrix): Contestant {
  const program = fileURLToPath(new URL('run-trainer.ts', import.meta.url))
  return {
    name: implementation,
    settings: implementation === 'wasm' ? PRIORS : [],
    train: async (prior) =>
      await runChild(process.execPath, [program, implementation, folder, String(EPOCHS), prior], {
        scores: join(folder, `scores-${implementation}`),
        matrix,
      }),
  }
}

function sklearn(folder: string, matrix: TrainingMatrix): Contestant {
  const program = fileURLToPath(new URL('train-sklearn.py', import.meta.url))
  return {
    name: 'scikit-learn',
    settings: ALPHAS,
    train: async (alpha) =>
      await runChild(PYTHON, [program, folder, String(EPOCHS), alpha], {
        scores: join(folder, 'scores-sklearn'),
        matrix,
      }),
  }
}

type ChildOutput = { readonly scores: string; readonly matrix: TrainingMatrix }

async function runChild(command: string, words: readonly string[], { scores, matrix }: ChildOutput): Promise<Trained> {
  const { stdout } = await promisify(execFile)(command, [...words])
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Figures
  const raw = new Float64Array(Uint8Array.from(readFileSync(scores)).buffer)
  return { ...figures, ...judgeScores(raw, matrix.labels.subarray(matrix.labels.length - matrix.heldOutCount)) }
}

/** Why it cannot be measured; `undefined` when it can. */
async function missingSklearn(): Promise<string | undefined> {
  const remedy = 'sudo apt-get install python3-sklearn'
  if (!existsSync(PYTHON)) return `there is no ${PYTHON}; ${remedy}`
  try {
    await promisify(execFile)(PYTHON, ['-c', 'import sklearn'])
    return undefined
  } catch {
    return `not installed; ${remedy}`
  }
}

type Runs = ReadonlyMap<string, readonly Trained[]>

async function runInterleaved(
  contestants: readonly Contestant[],
  repeats: number,
  log: BenchOptions['log'],
): Promise<Runs> {
  const chosen = new Map<string, string>()
  for (const { name, settings, train } of contestants) {
    const tried: { setting: string; logLoss: number }[] = []
    for (const setting of settings) tried.push({ setting, logLoss: (await train(setting)).logLoss })
    const best = tried.toSorted((a, b) => a.logLoss - b.logLoss)[0]
    if (best !== undefined) chosen.set(name, best.setting)
  }
  // The twin trains the same model, so that its answer can be checked.
  chosen.set('typescript', chosen.get('wasm') ?? '1')
  for (const [name, setting] of chosen) log(`${name}: penalty ${setting}`)
  const runs = new Map<string, Trained[]>(contestants.map(({ name }) => [name, []]))
  for (let repeat = 0; repeat < repeats; repeat += 1)
    for (const { name, train } of contestants) runs.get(name)?.push(await train(chosen.get(name) ?? '1'))
  const [wasm, twin] = [runs.get('wasm')?.[0], runs.get('typescript')?.[0]]
  if (wasm?.logLoss !== twin?.logLoss) throw new Error('The kernel and its twin do not give the same scores')
  return runs
}

function rowsOf(runs: Runs, trainCount: number, note: string): readonly BenchRow[] {
  const middle = (name: string, read: (run: Trained) => number): number =>
    roundFigure(median((runs.get(name) ?? []).map(read)))
  const row = (
    name: string,
    init: Pick<BenchRow, 'unit' | 'better' | 'note'>,
    read: (run: Trained) => number,
  ): BenchRow => {
    const peers = [...runs.keys()].filter((peer) => peer !== 'wasm')
    return {
      ...init,
      case: name,
      ours: middle('wasm', read),
      peers: Object.fromEntries(peers.map((peer) => [peer, middle(peer, read)])),
      limit: null,
    }
  }
  const rows = [
    row('time of one epoch', { unit: 'ms', better: 'lower', note }, ({ seconds }) => (seconds * 1000) / EPOCHS),
    row(
      'rows per second',
      { unit: 'rows/s', better: 'higher', note: 'one row, one epoch' },
      ({ seconds }) => (trainCount * EPOCHS) / seconds,
    ),
    row(
      'held-out log loss',
      { unit: 'nats', better: 'lower', note: 'the rows that time is of' },
      ({ logLoss }) => logLoss,
    ),
    row('held-out AUC', { unit: '', better: 'higher', note: 'likewise' }, ({ auc }) => auc),
    row(
      'peak memory of the process',
      { unit: 'MB', better: 'lower', note: 'the matrix as it was read included' },
      ({ peakBytes }) => peakBytes / 1e6,
    ),
  ]
  const rival = runs.get('scikit-learn')
  if (rival === undefined) return rows
  const limits = [
    median(rival.map(({ seconds }) => (seconds * 1000) / EPOCHS)),
    undefined,
    median(rival.map(({ logLoss }) => logLoss)),
  ]
  return rows.map((each, place) => ({
    ...each,
    limit: limits[place] === undefined ? null : roundFigure(limits[place]),
  }))
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Finding, type Study, type StudyInit, type StudyReport, StudyUsage } from '../study.ts'
import {
  type Beside,
  type Compared,
  compareCosts,
  type EvalCost,
  type Figure,
  type NotCompared,
  type Played,
} from './compare-costs.ts'
import { runKernell } from './run-kernell.ts'
import { completeRows, linesOf, splitFile, type SplitFile } from './split-file.ts'

/** Rows of a file that are used at most, so that it takes minutes. */
const ROWS_MAX = 6_000

/**
 * Whether what tasks cost through the router, in a world that serves their recorded outcomes, is what the formula of `kernell eval cost` makes of them. Both commands train on
 * one half of a file and judge the other; neither knows what the other does.
 */
export const study: Study = {
  name: 'savings',
  summary: 'whether recorded tasks cost through the router what `eval cost` says (--data FILE, --only SHARE)',
  run: async (init) => await measure(init),
}

async function measure(init: StudyInit): Promise<StudyReport> {
  const { data: file, seeds, log } = init
  if (file === undefined) throw new StudyUsage('savings needs --data FILE: recorded outcomes, JSON Lines or .gz')
  const seed = seeds?.from ?? 1
  const split = splitFile(file, seed, ROWS_MAX)
  log(`${split.rows} rows, ${split.notUsed} of no use, ${split.notDrawn} not drawn`)
  const folder = mkdtempSync(join(tmpdir(), 'kernell-savings-'))
  try {
    const evaluated = await evaluate({ folder, split, seed })
    log(`eval cost: ${evaluated.n} tasks, best single model ${evaluated.best_single.name}`)
    const played = await play(init, { folder, split, seed, evaluated })
    log(`routing-savings: ${played.metrics.asked} tasks, hash ${played.hash}`)
    return reportOf({ file: basename(file), seed, split, evaluated, played })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type RunInit = { readonly folder: string; readonly split: SplitFile; readonly seed: number }

async function evaluate({ folder, split, seed }: RunInit): Promise<EvalCost> {
  const [train, test] = [join(folder, 'train.jsonl'), join(folder, 'test.jsonl')]
  writeFileSync(train, linesOf(split.train))
  writeFileSync(test, linesOf(split.test))
  const words = ['eval', 'cost', '--train', train, '--test', test, '--seed', `${seed}`]
  return (await runKernell(words, folder)) as EvalCost
}

/** The same halves, without the models that `eval cost` has left out for lack of prices. */
async function play(
  { only }: StudyInit,
  { folder, split, seed, evaluated }: RunInit & { readonly evaluated: EvalCost },
): Promise<Played> {
  const shares = evaluated.points
    .map((point) => point.quality_share)
    .filter((share) => only === undefined || `${share}` === only)
  if (shares.length === 0)
    throw new StudyUsage(`--only takes a quality share that \`eval cost\` judges, not ${only ?? ''}`)
  const [train, test] = [split.train, split.test].map((rows) => completeRows(rows, evaluated.left_out))
  const data = join(folder, 'data.jsonl')
  writeFileSync(data, linesOf([...(train ?? []), ...(test ?? [])]))
  const options = {
    trainRows: train?.length ?? 0,
    trainSeed: seed,
    best: evaluated.best_single.name,
    qualityShares: shares,
  }
  const set = Object.entries(options).flatMap(([name, value]) => ['--set', `${name}=${JSON.stringify(value)}`])
  const words = ['simulate', 'routing-savings', '--data', data, '--seed', `${seed}`, ...set]
  return (await runKernell(words, folder)) as Played
}

type Reported = {
  readonly file: string
  readonly seed: number
  readonly split: SplitFile
  readonly evaluated: EvalCost
  readonly played: Played
}

function reportOf({ file, seed, split, evaluated, played }: Reported): StudyReport {
  const { asked, trained_on: trained, points } = played.metrics
  const { compared, left } = compareCosts(evaluated, Object.values(points))
  return {
    name: 'savings',
    runs: 1,
    figures: {
      file,
      seed,
      rows: split.rows,
      rows_not_used: split.notUsed,
      rows_not_drawn: split.notDrawn,
      trained_on: trained,
      asked,
      evaluated: evaluated.n,
      best_single: evaluated.best_single.name,
      hash: played.hash,
      compared,
      not_compared: left,
    },
    findings: findingsOf(compared, { asked, evaluated: evaluated.n, violations: played.found.violations }),
    table: tableOf({ file, split, asked, evaluated }, compared, left),
    charts: [],
  }
}

type Counts = { readonly asked: number; readonly evaluated: number; readonly violations: number }

function findingsOf(compared: readonly Compared[], { asked, evaluated, violations }: Counts): readonly Finding[] {
  return [
    { what: `both judge the same tasks: ${asked} and ${evaluated}`, isMet: asked === evaluated },
    { what: `records, bill and answers agree: ${violations} violations`, isMet: violations === 0 },
    { what: `${compared.length} quality shares can be compared, at least 1`, isMet: compared.length > 0 },
    ...compared.map(({ qualityShare, first, evalCost }) => ({
      what: `at ${qualityShare} the first choice costs ${first.cost.toFixed(4)}, within ${intervalOf(evalCost)} of eval cost`,
      isMet: first.isInTheirs,
    })),
  ]
}

function tableOf(
  { file, split, asked, evaluated }: Pick<Reported, 'file' | 'split' | 'evaluated'> & { readonly asked: number },
  compared: readonly Compared[],
  left: readonly NotCompared[],
): readonly string[] {
  const sampled = split.notDrawn > 0 ? `, a sample: ${split.notDrawn} were not drawn` : ''
  return [
    `${file}: ${split.rows} rows (${split.notUsed} not used${sampled}), ${asked} tasks asked; best single model ${evaluated.best_single.name}`,
    'Costs are shares of the best single model; "in" says whether a figure lies in the other\'s interval of 95 %',
    ...compared.flatMap((point) => [
      `at ${point.qualityShare}: eval cost   ${figureText(point.evalCost)}  quality ${point.evalQuality.toFixed(3)}`,
      `         first choice ${besideText(point.first)}${riskText(point)}`,
      `         served       ${besideText(point.served)}  quality ${point.servedQuality.toFixed(3)}, escalated ${percent(point.escalated)}`,
    ]),
    ...left.map(({ qualityShare, because }) => `at ${qualityShare}: not compared, ${because}`),
  ]
}

/** What is not a trade of quality against cost. */
function riskText({ highRisk, highRiskCost }: Compared): string {
  if (highRisk === 0) return ''
  return `; ${highRiskCost.toFixed(4)} of it for the ${percent(highRisk)} of high risk, which begin with the strongest model`
}

function besideText(figure: Beside): string {
  const said = figure.isInTheirs ? 'in' : 'NOT in'
  return `${figureText(figure)}  ${said} that of eval cost, which is ${figure.hasTheirs ? 'in' : 'NOT in'} its own`
}

function figureText(figure: Figure): string {
  return `${figure.cost.toFixed(4)} ${intervalOf(figure)}`
}

function intervalOf({ ci95: [low, high] }: Figure): string {
  return `[${low.toFixed(4)}, ${high.toFixed(4)}]`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/**
 * `npm run study -- NAME [--seeds A..B] [--only PART] [--data FILE] [--threads N] [--out DIR] [--json]`: answers a question by many runs. A study is a folder beside this file whose `study.ts` exports
 * `study`. With `--out` finished runs are kept there, so that the same command goes on where it was broken off, and charts and the report are written. Exit 1 where something
 * that must hold does not, 2 on wrong usage.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { plotSvg } from '../../src/learning/plot/plot.ts'
import { runAll } from './runs/run-all.ts'
import { type Study, type StudyReport, StudyUsage } from './study.ts'

const FOLDER = new URL('./', import.meta.url)

async function main(): Promise<number> {
  const studies = await readStudies()
  const usage = usageOf(studies)
  const parsed = readArguments()
  if (parsed === undefined) return refuse(usage)
  const { values, positionals } = parsed
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const study = studies.find(({ name }) => name === positionals[0])
  const seeds = readSeeds(values.seeds)
  const threads = Number(values.threads ?? availableParallelism())
  if (study === undefined)
    return refuse(positionals[0] === undefined ? usage : `There is no study ${positionals[0]}.\n${usage}`)
  if (seeds === 'wrong') return refuse(`--seeds takes A..B with A <= B, or N for 1..N, not ${values.seeds}.\n`)
  if (!Number.isInteger(threads) || threads < 1)
    return refuse(`--threads takes a whole number from 1, not ${values.threads}.\n`)
  const log = (line: string): void => void process.stderr.write(`${study.name}: ${line}\n`)
  const { out } = values
  if (out !== undefined) mkdirSync(out, { recursive: true })
  const file = out === undefined ? undefined : join(out, `${study.name}.runs.jsonl`)
  const only = values.only ?? values.class
  const report = await study.run({
    seeds,
    only,
    data: values.data,
    log,
    runAll: async (jobs) => await runAll(jobs, { threads, file, log }),
  })
  if (report.runs === 0) return refuse(`Nothing was played: ${study.name} has no part ${only}.\n`)
  if (out !== undefined) writeOut(out, report)
  if (values.json) process.stdout.write(`${JSON.stringify(documentOf(report))}\n`)
  else print(report)
  return report.findings.every(({ isMet }) => isMet) ? 0 : 1
}

async function readStudies(): Promise<readonly Study[]> {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const studies: Study[] = []
  for (const { name } of folders.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const url = new URL(`${name}/study.ts`, FOLDER)
    if (!existsSync(url)) continue
    const { study } = (await import(url.href)) as { readonly study: Study }
    studies.push(study)
  }
  return studies
}

function usageOf(studies: readonly Study[]): string {
  const rows = studies.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}\n`)
  return `Usage: npm run study -- NAME [--seeds A..B] [--only PART] [--data FILE] [--threads N] [--out DIR] [--json]\n${rows.join('')}`
}

function refuse(usage: string): number {
  process.stderr.write(usage)
  return 2
}

/** `undefined` where an option is unknown. */
function readArguments() {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const options = {
    seeds: text,
    only: text,
    class: text,
    data: text,
    threads: text,
    out: text,
    json: flag,
    help: flag,
  } as const
  try {
    return parseArgs({ allowPositionals: true, options })
  } catch (error: unknown) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

function readSeeds(text: string | undefined): { readonly from: number; readonly to: number } | undefined | 'wrong' {
  if (text === undefined) return undefined
  const [, first, last] = /^([0-9]{1,10})\.\.([0-9]{1,10})$/.exec(/^[0-9]+$/.test(text) ? `1..${text}` : text) ?? []
  const [from, to] = [Number(first), Number(last)]
  return first === undefined || from > to || to > 0xffffffff ? 'wrong' : { from, to }
}

function documentOf({ name, runs, figures, findings }: StudyReport): object {
  return { name, runs, figures, findings }
}

function writeOut(out: string, report: StudyReport): void {
  writeFileSync(join(out, `${report.name}.json`), `${JSON.stringify(documentOf(report), undefined, 2)}\n`)
  for (const { file, plot } of report.charts) writeFileSync(join(out, file), plotSvg(plot))
}

function print({ name, runs, table, findings }: StudyReport): void {
  console.log(`${name}: ${runs} runs`)
  for (const line of table) console.log(`  ${line}`)
  for (const { what, isMet } of findings) console.log(`  ${isMet ? 'holds ' : 'MISSED'}  ${what}`)
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof StudyUsage)) throw error
  process.stderr.write(`${error.message}\n`)
  return 2
})

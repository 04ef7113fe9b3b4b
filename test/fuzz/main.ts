/**
 * `npm run fuzz -- [TARGET...] [--seconds N] [--seed N] [--list] [--json]`: tries every decoder with mutations of what it takes, N seconds each; a TARGET is a part of a name. Each must return
 * or throw a coded error, in its share of time and memory. `--collect FOLDER` takes new samples in. Exit 1 on any finding, 2 on wrong usage.
 */
import { parseArgs } from 'node:util'
import { collectCorpus } from './corpus-of.ts'
import type { TargetReport } from './fuzz-job.ts'
import { runTargets } from './run-targets.ts'
import { allTargets } from './targets/all-targets.ts'

const USAGE = 'Usage: npm run fuzz -- [TARGET...] [--seconds N] [--seed N] [--list] [--json] [--collect FOLDER]\n'

async function main(): Promise<number> {
  const parsed = readArguments()
  const seconds = Number(parsed?.values.seconds ?? 1)
  const seed = Number(parsed?.values.seed ?? 1)
  if (parsed === undefined || !(seconds > 0) || !Number.isInteger(seed)) return refuse(USAGE)
  const { values, positionals } = parsed
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (values.collect !== undefined) {
    process.stdout.write(`${Object.keys(collectCorpus(values.collect)).length} decoders have samples.\n`)
    return 0
  }
  const names = allTargets()
    .map(({ name }) => name)
    .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  if (names.length === 0) return refuse(`No target is called like that; --list names all.\n`)
  if (values.list) {
    process.stdout.write(`${names.join('\n')}\n`)
    return 0
  }
  const reports = await runTargets({
    names,
    seed,
    secondsEach: seconds,
    onReport: values.json ? undefined : printReport,
  })
  const findings = reports.flatMap((report) => report.findings)
  if (values.json) process.stdout.write(`${JSON.stringify({ seed, reports })}\n`)
  else printSum(reports)
  return findings.length === 0 ? 0 : 1
}

function printReport({ name, runs, taken, kept, findings }: TargetReport): void {
  process.stdout.write(
    `${findings.length === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(60)} ${runs} inputs, ${taken} taken, ${kept} kept\n`,
  )
  for (const { what, input, run } of findings)
    process.stdout.write(`      ${what}\n      input ${run}: ${input.slice(0, 600)}\n`)
}

function printSum(reports: readonly TargetReport[]): void {
  const runs = reports.reduce((sum, report) => sum + report.runs, 0)
  const findings = reports.reduce((sum, report) => sum + report.findings.length, 0)
  process.stdout.write(`${reports.length} targets, ${runs} inputs, ${findings} findings\n`)
}

function readArguments() {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      allowPositionals: true,
      options: { seconds: text, seed: text, collect: text, list: flag, json: flag, help: flag },
    })
  } catch {
    return undefined
  }
}

function refuse(text: string): number {
  process.stderr.write(text)
  return 2
}

process.exitCode = await main()

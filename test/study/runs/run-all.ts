import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { jobKey, type RunJob } from './run-job.ts'

export type RunAllInit = {
  readonly threads: number
  /** Where finished runs are kept, a line each; absent: nowhere. */
  readonly file: string | undefined
  readonly log: (line: string) => void
}

type Finished = { readonly code: string; readonly key: string; readonly report: RunReport }
export type WorkerAnswer = { readonly at: number; readonly report?: RunReport; readonly failure?: string }

const SOURCES = fileURLToPath(new URL('../../../src/', import.meta.url))
const WORKER = new URL('./run-worker.ts', import.meta.url)
const REPORT_EVERY = 20

/** Plays every job, those of the file not again. Rejects with the first failure of a run; what was finished before stays in the file. */
export async function runAll(
  jobs: readonly RunJob[],
  { threads, file, log }: RunAllInit,
): Promise<readonly RunReport[]> {
  const code = hashOfSources()
  const known = file === undefined ? new Map<string, RunReport>() : readFinished(file, code)
  const reports = jobs.map((job) => known.get(jobKey(job)))
  const open = jobs.flatMap((job, at) => (reports[at] === undefined ? [{ job, at }] : []))
  if (open.length < jobs.length) log(`${jobs.length - open.length} of ${jobs.length} runs were finished before`)
  let done = 0
  const onReport = (at: number, report: RunReport): void => {
    reports[at] = report
    const job = jobs[at]
    if (file !== undefined && job !== undefined)
      appendFileSync(file, `${JSON.stringify({ code, key: jobKey(job), report } satisfies Finished)}\n`)
    done += 1
    if (done % REPORT_EVERY === 0 || done === open.length) log(`${done} of ${open.length} runs`)
  }
  await playOpen(open, { threads, onReport })
  return reports.flatMap((report) => (report === undefined ? [] : [report]))
}

type OpenJob = { readonly job: RunJob; readonly at: number }
type PlayInit = { readonly threads: number; readonly onReport: (at: number, report: RunReport) => void }

async function playOpen(open: readonly OpenJob[], { threads, onReport }: PlayInit): Promise<void> {
  let next = 0
  const workers: Worker[] = []
  const feed = async (): Promise<void> => {
    const worker = new Worker(WORKER)
    workers.push(worker)
    await new Promise<void>((resolve, reject) => {
      const give = (): void => {
        const given = open[next]
        next += 1
        if (given === undefined) resolve()
        else worker.postMessage(given)
      }
      worker.on('error', reject)
      worker.on('message', ({ at, report, failure }: WorkerAnswer) => {
        if (report === undefined) {
          reject(new Error(failure ?? 'A run ended without a report'))
          return
        }
        onReport(at, report)
        give()
      })
      give()
    })
  }
  try {
    await Promise.all(Array.from({ length: Math.min(threads, open.length) }, feed))
  } finally {
    await Promise.all(workers.map(async (worker) => await worker.terminate()))
  }
}

function readFinished(file: string, code: string): Map<string, RunReport> {
  const known = new Map<string, RunReport>()
  if (!existsSync(file)) return known
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const finished = readLine(line)
    if (finished?.code === code) known.set(finished.key, finished.report)
  }
  return known
}

/** The last line of a run that was broken off may be half a line. */
function readLine(line: string): Finished | undefined {
  try {
    return JSON.parse(line) as Finished
  } catch {
    return undefined
  }
}

/** Runs of other code are other runs. */
function hashOfSources(): string {
  const hash = createHash('sha256')
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder).toSorted()) {
      const path = join(folder, name)
      if (statSync(path).isDirectory()) walk(path)
      else hash.update(path.slice(SOURCES.length)).update(readFileSync(path))
    }
  }
  walk(SOURCES)
  return hash.digest('hex')
}

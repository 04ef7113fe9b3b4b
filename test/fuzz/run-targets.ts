import { Worker } from 'node:worker_threads'
import { createPlace, type FuzzJob, notedBeat, notedInput, notedRun, type TargetReport } from './fuzz-job.ts'

/** A thread that is at the same input for so long is ended. */
const STUCK_MS = 60_000
const LOOK_EVERY_MS = 1_000
/** More than a decoder may need for what it is given, and less than would hurt the machine. */
const HEAP_MB_MAX = 768

export type RunTargetsInit = Omit<FuzzJob, 'place'> & {
  readonly onReport?: ((report: TargetReport) => void) | undefined
}

/** Plays targets in a thread; one that hangs or takes all memory is a finding, and the others go on in a new thread. */
export async function runTargets({ names, onReport, ...job }: RunTargetsInit): Promise<readonly TargetReport[]> {
  const reports: TargetReport[] = []
  while (reports.length < names.length) {
    const left = names.slice(reports.length)
    const ended = await runThread({ ...job, names: left, place: createPlace() }, (report) => {
      reports.push(report)
      onReport?.(report)
    })
    if (ended === undefined) continue
    const name = names[reports.length] ?? ''
    const report = { name, runs: ended.run, taken: 0, kept: 0, findings: [{ target: name, ...ended }] }
    reports.push(report)
    onReport?.(report)
  }
  return reports
}

type Ended = { readonly what: string; readonly run: number; readonly input: string }

/** Answers how the thread ended before it was through, or `undefined`. */
async function runThread(job: FuzzJob, onReport: (report: TargetReport) => void): Promise<Ended | undefined> {
  const worker = new Worker(new URL('fuzz-thread.ts', import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  })
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  let seen = { beat: -1, atMs: performance.now() }
  const watch = setInterval(() => {
    const beat = notedBeat(job.place)
    if (beat !== seen.beat) seen = { beat, atMs: performance.now() }
    else if (performance.now() - seen.atMs > STUCK_MS) resolve(`did not end in ${STUCK_MS} ms`)
  }, LOOK_EVERY_MS)
  worker.on('message', (report: TargetReport) => {
    seen = { beat: -1, atMs: performance.now() }
    onReport(report)
  })
  worker.on('error', (error: Error) => resolve(`ended the thread: ${error.message}`))
  worker.on('exit', (code) => resolve(code === 0 ? undefined : `ended the thread with ${code}`))
  const what = await promise
  clearInterval(watch)
  await worker.terminate()
  return what === undefined ? undefined : { what, run: notedRun(job.place), input: `base64 ${notedInput(job.place)}` }
}

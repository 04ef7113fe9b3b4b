/** Plays one run after the other, as they come. */
import { parentPort } from 'node:worker_threads'
import { playJob } from './play-job.ts'
import type { WorkerAnswer } from './run-all.ts'
import type { RunJob } from './run-job.ts'

const port = parentPort
port?.on('message', ({ job, at }: { readonly job: RunJob; readonly at: number }) => {
  playJob(job).then(
    (report) => port.postMessage({ at, report } satisfies WorkerAnswer),
    (error: unknown) => {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      port.postMessage({ at, failure: `${job.scenario}, seed ${job.seed}: ${what}` } satisfies WorkerAnswer)
    },
  )
})

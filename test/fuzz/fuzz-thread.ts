/** Plays targets one after the other; what it is at is in shared memory, for whoever has to end it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import type { FuzzJob, TargetReport } from './fuzz-job.ts'
import { noteInput } from './fuzz-job.ts'
import { playTarget } from './play-target.ts'
import { ReachedCode } from './reached-code.ts'
import { allTargets } from './targets/all-targets.ts'

/** What a decoder may keep of all that it was given. */
const KEPT_BYTES_MAX = 48 * 1024 * 1024

const { names, seed, secondsEach, place } = workerData as FuzzJob
const targets = new Map(allTargets().map((target) => [target.name, target]))

for (const name of names) {
  const report = await playOne(name)
  parentPort?.postMessage(report)
}

async function playOne(name: string): Promise<TargetReport> {
  const target = await targets.get(name)?.load()
  if (target === undefined) throw new RangeError(`There is no target ${name}`)
  const reached = new ReachedCode()
  const before = heapUsed()
  const startedMs = performance.now()
  const played = await playTarget(target, {
    seed,
    runsMax: Number.MAX_SAFE_INTEGER,
    deadlineMs: startedMs + secondsEach * 1_000,
    onInput: (run, input) => noteInput(place, run, input),
    hasReachedMore: () => reached.hasMore(),
  })
  reached[Symbol.dispose]()
  await target.end?.()
  const grown = heapUsed() - before
  const findings =
    grown > KEPT_BYTES_MAX
      ? [...played.findings, { target: name, what: `${grown} bytes were kept`, input: 'all of them', run: played.runs }]
      : played.findings
  return { name, ...played, findings }
}

/** Bytes in use after everything else has been collected, buffers included. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed: heap, arrayBuffers } = process.memoryUsage()
  return heap + arrayBuffers
}

/** Thread of `Heartbeat`: says now and then that a torture is still at it, while the thread of the torture has no time to. */
import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

const { name, saidAt, everyMs } = workerData as {
  readonly name: string
  /** When something was said last, in seconds since 1970. */
  readonly saidAt: Int32Array
  readonly everyMs: number
}
const startedS = Math.floor(Date.now() / 1000)

setInterval(() => {
  const nowS = Math.floor(Date.now() / 1000)
  if ((nowS - Atomics.load(saidAt, 0)) * 1000 < everyMs) return
  Atomics.store(saidAt, 0, nowS)
  writeSync(2, `${name}: at work for ${nowS - startedS} s\n`)
}, 1_000)

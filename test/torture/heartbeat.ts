import { Worker } from 'node:worker_threads'

/** Longest silence of a torture. */
const SILENCE_MS = 5_000

/** Keeps a torture from being silent for long: many of them explore for minutes without a turn of the event loop, and look as if they hung. */
export class Heartbeat {
  private readonly saidAt = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  private readonly worker: Worker

  constructor(name: string, everyMs = SILENCE_MS) {
    this.noteSaid()
    this.worker = new Worker(new URL('heartbeat-thread.ts', import.meta.url), {
      workerData: { name, saidAt: this.saidAt, everyMs },
      execArgv: [],
    })
    this.worker.unref()
  }

  /** Something was said: the next heartbeat is later. */
  noteSaid(): void {
    Atomics.store(this.saidAt, 0, Math.floor(Date.now() / 1000))
  }

  async stop(): Promise<void> {
    await this.worker.terminate()
  }
}

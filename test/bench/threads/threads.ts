import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createActorSystem, defineAgent, type ActorRef, type ActorSystem } from 'kernell-os/actors'
import { fromTransition } from 'xstate'
import { type BenchOptions, type BenchReport, median, roundFigure } from '../bench.ts'
import { tally } from './run-tally.ts'
import { ANSWERED, ASKED, WAKE_BYTES, type WakeWork } from './wake-work.ts'

const REPEATS = 5
/** Trips without a pause, before any is measured. */
const WARM_UPS = 20_000
const BATCH = 64
/** Records of one message of the producer; records between two looks at the event loop of the peer. */
const BURST = 1_024

/** Both ends of a crossing between threads: takes numbered records, and says how many came and what they add up to. */
type Crossing = {
  /** Sends records numbered from 0 as fast as the other side takes them. @returns The sum of their third numbers. */
  stream(records: number): Promise<number>
  total(): Promise<{ readonly count: number; readonly sum: number }>
}

/**
 * Events from one thread to an actor on another through the package's door, beside bare ports. Wall time: both threads
 * work at once. Completion is verified by count and sum.
 */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const system = createActorSystem({ threads: 1 })
  const singleWorker = new Worker(new URL('run-port-worker.ts', import.meta.url))
  const batchWorker = new Worker(new URL('run-port-worker.ts', import.meta.url))
  const blocked = wakeCrossing(true)
  const parked = wakeCrossing(false)
  try {
    await system.ready
    const ours = actorCrossing(system, system.spawn(tally, { id: 'tally' }))
    const single = portCrossing(singleWorker, 1)
    const batched = portCrossing(batchWorker, BATCH)
    const oneWay = { ours: [] as number[], single: [] as number[], batched: [] as number[] }
    const trip = { ours: [] as number[], single: [] as number[], blocked: [] as number[], parked: [] as number[] }
    const records = isQuick ? 20_000 : 4_000_000
    const trips = isQuick ? 20 : 400
    // What is compiled anew after some thousand calls is not what a trip takes.
    const warmUps = isQuick ? 100 : WARM_UPS
    for (const crossing of [ours, single]) for (let trip = 0; trip < warmUps; trip += 1) await crossing.total()
    for (let repeat = 0; repeat < (isQuick ? 1 : REPEATS); repeat += 1) {
      oneWay.ours.push(await recordsPerSecond(ours, records))
      oneWay.single.push(await recordsPerSecond(single, records / 8))
      oneWay.batched.push(await recordsPerSecond(batched, records / 2))
      trip.ours.push(await roundTripUs(ours, trips))
      trip.single.push(await roundTripUs(single, trips))
      trip.parked.push(await roundTripUs(parked, trips))
      trip.blocked.push(await roundTripUs(blocked, trips))
      log(
        `repeat ${repeat + 1}: ${roundFigure(oneWay.ours.at(-1) ?? 0)} records/s, ${roundFigure(trip.ours.at(-1) ?? 0)} us`,
      )
    }
    return {
      rows: [
        {
          case: 'cross-thread-one-way',
          unit: 'records/s',
          better: 'higher',
          ours: roundFigure(median(oneWay.ours)),
          peers: {
            'port, single': roundFigure(median(oneWay.single)),
            'port, by 64': roundFigure(median(oneWay.batched)),
          },
          limit: 5_000_000,
          note: 'events with three numbers, mailbox policy credit',
        },
        {
          case: 'cross-thread-round-trip',
          unit: 'us',
          better: 'lower',
          ours: roundFigure(median(trip.ours)),
          peers: {
            port: roundFigure(median(trip.single)),
            'bare wake, event loop': roundFigure(median(trip.parked)),
            'bare wake, blocked thread': roundFigure(median(trip.blocked)),
          },
          limit: 30,
          note: 'ask and answer, both threads idle for 2 ms before each, warmed up; the middle of the trips',
        },
      ],
      skipped: [],
    }
  } finally {
    const workers = [singleWorker, batchWorker, blocked.worker, parked.worker]
    await Promise.all([system.stop(), ...workers.map(async (worker) => await worker.terminate())])
  }
}

async function recordsPerSecond(crossing: Crossing, records: number): Promise<number> {
  const before = await crossing.total()
  const startedMs = performance.now()
  const sum = await crossing.stream(records)
  const after = await crossing.total()
  const seconds = (performance.now() - startedMs) / 1_000
  if (after.count - before.count !== records || after.sum - before.sum !== sum) {
    throw new Error(`${after.count - before.count} of ${records} records came`)
  }
  return records / seconds
}

async function roundTripUs(crossing: { total(): Promise<unknown> }, trips: number): Promise<number> {
  const times: number[] = []
  for (let trip = 0; trip < trips; trip += 1) {
    await pause(2)
    const startedMs = performance.now()
    await crossing.total()
    times.push((performance.now() - startedMs) * 1_000)
  }
  return median(times)
}

function actorCrossing(system: ActorSystem, ref: ActorRef): Crossing {
  let runs = 0
  return {
    stream: async (records) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const producer = defineAgent({
        name: 'producer',
        // An actor that sends more than there is room for has its next turn when there is room again.
        logic: fromTransition((sent: number, _event: { readonly type: 'next' }, { self }) => {
          const end = Math.min(records, sent + BURST)
          for (let index = sent; index < end; index += 1) {
            ref.send({ type: 'add', first: index, second: index >> 8, third: index & 1_023 })
          }
          if (end < records) self.send({ type: 'next' })
          else resolve()
          return end
        }, 0),
      })
      runs += 1
      const sender = system.spawn(producer, { id: `producer-${runs}` })
      sender.send({ type: 'next' })
      await promise
      await sender.stop()
      return sumOf(records)
    },
    total: async () => await ref.ask<{ count: number; sum: number }>({ type: 'total' }, { timeoutMs: 60_000 }),
  }
}

/** A trip of nothing but two wakes, the asker's that of a blocked thread: what no way between threads can be below. */
function wakeCrossing(isBlocking: boolean): { readonly worker: Worker; total(): Promise<unknown> } {
  const words = new Int32Array(new SharedArrayBuffer(WAKE_BYTES))
  const workerData: WakeWork = { words, isBlocking }
  const worker = new Worker(new URL('run-wake-worker.ts', import.meta.url), { workerData })
  return {
    worker,
    total: () => {
      Atomics.store(words, ANSWERED, 0)
      Atomics.store(words, ASKED, 1)
      Atomics.notify(words, ASKED)
      Atomics.wait(words, ANSWERED, 0)
      return Promise.resolve()
    },
  }
}

function sumOf(records: number): number {
  let sum = 0
  for (let index = 0; index < records; index += 1) sum += index & 1_023
  return sum
}

function portCrossing(worker: Worker, batchSize: number): Crossing {
  return {
    stream: async (records) => {
      let batch: object[] = []
      for (let index = 0; index < records; index += 1) {
        batch.push({ type: 'add', first: index, second: index >> 8, third: index & 1_023 })
        if (batch.length < batchSize && index < records - 1) continue
        worker.postMessage(batchSize === 1 ? batch[0] : batch)
        batch = []
        // Sent in bursts, as a thread that also has other work does.
        if (index % BURST === BURST - 1) await new Promise((resolve) => setImmediate(resolve))
      }
      return sumOf(records)
    },
    total: async () => {
      const answer = once(worker, 'message')
      worker.postMessage({ type: 'total' })
      const [total] = (await answer) as [{ count: number; sum: number }]
      return total
    },
  }
}

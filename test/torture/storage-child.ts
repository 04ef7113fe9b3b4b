/**
 * The process that the storage torture kills: the real services over a real data directory, saying on stdout what was
 * asked for and what was acknowledged, one line each.
 *
 * ```text
 * r ID AMOUNT   a reservation is asked for      R ID  it was granted     X ID  it was refused
 * s ID SPENT    a settlement is asked for       S ID  it is durable
 * T NUMBER      telemetry records up to this one are stored
 * C NUMBER      cache entries up to this one are stored
 * E CODE        the disk refused; the process goes on to its end
 * ```
 *
 * usage: storage-child.ts DIRECTORY SEED RUN ROUNDS PLANT   (0 rounds: until killed)
 */
import { setImmediate } from 'node:timers/promises'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import { CodedError } from '../../src/base/errors.ts'
import { parseTaskId, parseTenantId } from '../../src/base/identifiers.ts'
import { amountFromNanos } from '../../src/base/money.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { createSystemTimers } from '../../src/node/system-timers.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createEntryWriter } from '../../src/router/cache/entry-writer.ts'
import { createBudgetOwner } from '../../src/router/budgets/budget-owner.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { createTelemetryPipeline } from '../../src/telemetry/telemetry-pipeline.ts'
import { buildOutcome } from '../telemetry/task-outcome-builder.ts'
import { attempt, attemptAndEnd, say } from './child-end.ts'
import { LOG_PLANTS, withSplitBatches, withUnsyncedBatches } from './plants.ts'
import { openStorageRecords } from './storage-records.ts'
import { TORTURE_LIMITS, TORTURE_TENANT } from './storage-workload.ts'

const [directory = '', seedText = '1', run = '0', roundsText = '0', plant = ''] = process.argv.slice(2)
const draws = createRandomStream(Number(seedText))
const rounds = Number(roundsText)

const clock = createSystemClock()
const random = createSystemRandom()
const timers = createSystemTimers()
const logPlant = LOG_PLANTS[plant]
const disk = createNodeFileSystem()
const fileSystem = logPlant?.fileSystem?.(disk) ?? disk

const BATCH_PLANTS: Readonly<Record<string, (store: KeyValueStore) => KeyValueStore>> = {
  'unsynced-batch': withUnsyncedBatches,
  'split-batch': withSplitBatches,
}

async function main(): Promise<void> {
  const data = await openDataDirectory({ fileSystem, random }, { path: directory })
  const store = BATCH_PLANTS[plant]?.(data.store) ?? data.store
  const opened = await data.openEventLog('budget')
  const log: EventLog = logPlant?.log?.(opened) ?? opened
  const actors = createActorSystem()
  const owner = createBudgetOwner(
    { actors, log, clock, random, timers },
    { limits: TORTURE_LIMITS, compactAtBytes: 20_000 },
  )
  await owner.start()
  const { secret } = data
  const records = openStorageRecords({ root: store, secret, timers, writer: `w${run}` })
  const telemetry = createTelemetryPipeline(
    { store: records.telemetry, timers, secret },
    { hasConsent: true, keepsText: false, hardwareTier: 'balanced', hasGpu: false, ramBucket: '16gb' },
  )
  const cache = createEntryWriter({ actors, store: store.sublevel('cache'), timers, onError: () => {} })
  say('O')
  let call = 0
  for (let round = 0; rounds === 0 || round < rounds; round += 1) {
    const calls = Array.from({ length: 1 + draws.nextBelow(4) }, async () => {
      call += 1
      await spend(owner, `${run}-${call}`)
    })
    const number = round + 1
    telemetry.record(buildOutcome({ decisionId: `${run}-${number}`, at: clock.now() }))
    const entry = `entry ${number}`.padEnd(20 + draws.nextBelow(400), '.')
    cache.put(`${run}-${number}`, () => new TextEncoder().encode(entry))
    await Promise.all(calls)
    if (draws.nextBelow(3) === 0) await attempt(async () => await telemetry.flush().then(() => say(`T ${number}`)))
    if (draws.nextBelow(3) === 0) await attempt(async () => await cache.flush().then(() => say(`C ${number}`)))
    await setImmediate()
  }
}

async function spend(owner: ReturnType<typeof createBudgetOwner>, id: string): Promise<void> {
  const tenant = parseTenantId(TORTURE_TENANT)
  const taskId = parseTaskId(`task-${id}`)
  if (tenant === undefined || taskId === undefined) throw new Error('bad names')
  const amount = 1 + draws.nextBelow(9)
  // One in ten costs more than was reserved; one in five is never settled.
  const spent = draws.nextBelow(10) === 0 ? amount + 3 : draws.nextBelow(amount + 1)
  const isSettled = draws.nextBelow(5) > 0
  await attempt(async () => {
    say(`r ${id} ${amount}`)
    try {
      const reservation = await owner.reserve({
        caller: { tenant },
        taskId,
        amountNanos: amountFromNanos(BigInt(amount)),
      })
      say(`R ${id}`)
      if (!isSettled) return
      say(`s ${id} ${spent}`)
      await reservation.settle(amountFromNanos(BigInt(spent)))
      say(`S ${id}`)
    } catch (error: unknown) {
      if (!CodedError.is(error, 'BUDGET_EXCEEDED')) throw error
      say(`X ${id}`)
    }
  })
}

await attemptAndEnd(main)

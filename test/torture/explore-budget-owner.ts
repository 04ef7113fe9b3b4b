import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import { CodedError } from '../../src/base/errors.ts'
import { parseTaskId, parseTenantId } from '../../src/base/identifiers.ts'
import { amountFromNanos } from '../../src/base/money.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import type { RandomStream } from '../../src/base/random-stream.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { Random } from '../../src/ports/random.ts'
import { createBudgetOwner } from '../../src/router/budgets/budget-owner.ts'
import type { BudgetOwner } from '../../src/router/budgets/budget-owner.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import type { FaultyFileSystem, PowerCut } from '../../src/testing/faulty-file-system.ts'
import { exploreEveryDiskFault, type ExploreResult } from './every-disk-fault.ts'
import type { BudgetMachine } from './explore-budget-machine.ts'
import type { LogPlant } from './explore-event-log.ts'
import { TORTURE_TENANT, readTranscript } from './storage-workload.ts'

export type OwnerPlant = LogPlant & { readonly machine?: BudgetMachine }
export type ExploreOwnerInit = { readonly seed: number; readonly plant?: OwnerPlant }

const LIMIT = 60
const LIMITS = [
  { scope: `tenant:${TORTURE_TENANT}`, window: 'total', limitNanos: amountFromNanos(BigInt(LIMIT)) },
] as const
const clock = { now: () => timestampFromMs(5), monotonicMs: () => 0, timeoutSignal: () => new AbortController().signal }
const timers = { schedule: () => ({ cancel(): void {} }) }
const random: Random = { fraction: () => 0.5, bytes: (count) => new Uint8Array(count).fill(9) }

type Owned = { readonly owner: BudgetOwner; readonly stop: () => Promise<void> }

/**
 * The budget owner over a faulty disk: one seeded workload per mutating disk operation, kind of fault and kind of power
 * cut. After each the next start succeeds, every acknowledged charge is in the books, and the limit was never passed.
 */
export async function exploreBudgetOwner(init: ExploreOwnerInit): Promise<ExploreResult> {
  return await exploreEveryDiskFault({
    seed: init.seed,
    work: async (disk) => await work(disk, init),
    judge: async (disk, cut) => await exploreOne(disk, init, cut),
  })
}

async function exploreOne(
  disk: FaultyFileSystem,
  init: ExploreOwnerInit,
  cut: PowerCut,
): Promise<{ failures: string[]; left: number }> {
  const { lines, overdrafts } = await work(disk, init)
  disk.crash(cut)
  const failures = [...overdrafts]
  const { spentMin, spentMax } = readTranscript(`${lines.join('\n')}\n`)
  let spent = -1
  for (const round of ['after the cut', 'after a second cut']) {
    try {
      const { owner, stop } = await openOwner(disk, {})
      spent = Number(owner.inspect()[0]?.account.counters.total.spentNanos ?? -1n)
      if (spent < spentMin || spent > spentMax)
        failures.push(`${round} ${spent} is charged, expected ${spentMin} to ${spentMax}`)
      failures.push(...owner.violations())
      await stop()
    } catch (error: unknown) {
      failures.push(`${round} the start failed: ${String(error)}`)
    }
    disk.crash('lose')
  }
  return { failures, left: spent }
}

type Worked = { readonly lines: readonly string[]; readonly overdrafts: readonly string[] }

/** Parallel calls in rounds, until they are done or the disk refuses; see storage-child.ts for the lines. */
async function work(disk: FaultyFileSystem, init: ExploreOwnerInit): Promise<Worked> {
  const draws = createRandomStream(init.seed)
  const lines: string[] = []
  const book = { used: 0, overdrafts: [] as string[] }
  try {
    const { owner, stop } = await openOwner(disk, init)
    for (let round = 0; round < 6; round += 1) {
      const calls = Array.from({ length: 1 + draws.nextBelow(4) }, (_, call) => `${round}-${call}`)
      const results = await Promise.allSettled(calls.map(async (id) => await spend({ owner, id, draws, lines, book })))
      for (const result of results) if (result.status === 'rejected') throw result.reason
    }
    await stop()
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
  }
  return { lines, overdrafts: book.overdrafts }
}

type SpendInit = {
  readonly owner: BudgetOwner
  readonly id: string
  readonly draws: RandomStream
  readonly lines: string[]
  /** What granted calls use of the limit, kept apart from the owner. */
  readonly book: { used: number; readonly overdrafts: string[] }
}

async function spend({ owner, id, draws, lines, book }: SpendInit): Promise<void> {
  const tenant = parseTenantId(TORTURE_TENANT)
  const taskId = parseTaskId(`task-${id}`)
  if (tenant === undefined || taskId === undefined) throw new Error('bad names')
  const amount = 1 + draws.nextBelow(9)
  const ending = draws.nextBelow(4)
  const spent = ending === 1 ? 0 : draws.nextBelow(amount + 1)
  lines.push(`r ${id} ${amount}`)
  try {
    const reservation = await owner.reserve({
      caller: { tenant },
      taskId,
      amountNanos: amountFromNanos(BigInt(amount)),
    })
    lines.push(`R ${id}`)
    book.used += amount
    if (book.used > LIMIT) book.overdrafts.push(`granted calls use ${book.used} of ${LIMIT}`)
    if (ending === 0) return
    lines.push(`s ${id} ${spent}`)
    if (ending === 1) await reservation.release()
    else await reservation.settle(amountFromNanos(BigInt(spent)))
    lines.push(`S ${id}`)
    book.used -= amount - spent
  } catch (error: unknown) {
    if (!CodedError.is(error, 'BUDGET_EXCEEDED')) throw error
    lines.push(`X ${id}`)
  }
}

async function openOwner(disk: FaultyFileSystem, init: { readonly plant?: OwnerPlant }): Promise<Owned> {
  const fileSystem = init.plant?.fileSystem?.(disk) ?? disk
  const opened = await openSegmentedEventLog(
    { fileSystem, random },
    { directory: '/budget', segmentSizeBytesMax: 1500 },
  )
  const log = init.plant?.log?.(opened) ?? opened
  const machine = init.plant?.machine
  const owner = createBudgetOwner(
    { actors: createActorSystem(), log, clock, random, timers, ...(machine !== undefined && { machine }) },
    { limits: LIMITS, compactAtBytes: 2500 },
  )
  try {
    await owner.start()
  } catch (error: unknown) {
    await log.close()
    throw error
  }
  const stop = async (): Promise<void> => {
    await owner.stop()
    await log.close()
  }
  return { owner, stop }
}

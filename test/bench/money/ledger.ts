import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import type { AccountId } from '../../../src/core/ledger/ledger-names.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'
import { nameJournal } from '../../../src/market/ledger/journal-line.ts'
import { journaledLedger } from '../../../src/market/ledger/journaled-machine.ts'
import { MachineJournal } from '../../../src/market/ledger/machine-journal.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import {
  account,
  ALICE,
  CONTRACT,
  didOf,
  evidence,
  fundedLedger,
  hold,
  post,
  postHeld,
  START,
} from '../../core/ledger/ledger-builder.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

const ACCOUNTS = 10_000
const BATCH = 8_190
const ROUNDS = 5
const TRANSFERS_MIN = 100_000

/**
 * What the ledger does in a second on one core: transfers among 10,000 accounts in batches as large as an event takes, signed ones, pairs of a hold and its post, single
 * transfers, and batches that are hash-chained, written and synced. The peer is the least that double entry can be: two additions in a `Map` with a check of
 * the balance; no ids, no holds, no state to go back to.
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const size = options.isQuick ? 200 : BATCH
  const batches = options.isQuick ? 1 : 10
  const rounds = options.isQuick ? 1 : ROUNDS
  const world = createWorld(options.isQuick ? 100 : ACCOUNTS)
  options.log(`${world.accounts.length} accounts, batches of ${size}`)
  const rows: BenchRow[] = []
  const add = (row: BenchRow): void => {
    options.log(`${row.case}: ${row.ours} ${row.unit}`)
    rows.push(row)
  }
  add(measureTransfers(world, { size, batches, rounds }))
  add(measureHolds(world, { size, batches, rounds }))
  add(measureSigned(world, { size: 32, batches: options.isQuick ? 10 : 2_000, rounds }))
  add(measureSingles(world, { size: 1, batches: options.isQuick ? 50 : 10_000, rounds }))
  add(await measureJournal(world, { size, batches: options.isQuick ? 2 : 5, rounds }))
  add(await measureJournal(world, { size: 100, batches: options.isQuick ? 2 : 50, rounds }))
  const broken = LEDGER_MACHINE.violations(world.state)
  if (broken.length > 0) throw new Error(broken.join('; '))
  return { rows, skipped: [] }
}

type World = {
  readonly accounts: readonly AccountId[]
  state: LedgerState
  at: Timestamp
  nextId(): number
  draw(bound: number): number
}

type Size = { readonly size: number; readonly batches: number; readonly rounds: number }

function createWorld(count: number): World {
  const accounts = Array.from({ length: count }, (_, index) => account(didOf(index + 10_000)))
  let id = 1
  let seed = 7
  const world: World = {
    accounts,
    state: fundedLedger({ amount: 1_000_000_000_000, cap: 2_000_000_000_000 }),
    at: START,
    nextId: () => (id += 1),
    draw: (bound) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((seed / 4_294_967_296) * bound)
    },
  }
  for (let first = 0; first < count; first += 5_000) {
    const orders = accounts
      .slice(first, first + 5_000)
      .map((credit) => post(world.nextId(), 1_000_000, { debit: account(ALICE), credit }))
    apply(world, orders)
  }
  return world
}

/** Account texts are new each time, as if they were read from a message: nothing is known of them. */
function fresh(text: AccountId): AccountId {
  return Buffer.from(text).toString() as AccountId
}

function sides(world: World): { debit: AccountId; credit: AccountId } {
  const { accounts } = world
  const from = world.draw(accounts.length)
  const to = (from + 1 + world.draw(accounts.length - 1)) % accounts.length
  return { debit: fresh(accounts[from] ?? account(ALICE)), credit: fresh(accounts[to] ?? account(ALICE)) }
}

function apply(world: World, orders: readonly TransferOrder[]): void {
  accept(world, { type: 'transfers-submitted', at: world.at, orders }, orders.length)
}

function accept(world: World, event: LedgerEvent, count: number): void {
  const { state, effects } = LEDGER_MACHINE.transition(world.state, event)
  const refusal = effects.find(({ type }) => type === 'event-refused')
  if (refusal !== undefined || effects.length !== count) throw new Error(JSON.stringify(refusal))
  world.state = state
}

function batchesOf(world: World, { size, batches }: Size): TransferOrder[][] {
  return Array.from({ length: batches }, () =>
    Array.from({ length: size }, () => post(world.nextId(), 1, { ...sides(world), contract: CONTRACT })),
  )
}

/** By the CPU time of the whole process, garbage collection included: what else runs on the machine does not count. */
function perSecond(count: number, run: () => void): number {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return (count / (user + system)) * 1_000_000
}

function measureTransfers(world: World, size: Size): BenchRow {
  const ours: number[] = []
  const plain: number[] = []
  const balances = new Map<string, bigint>(world.accounts.map((id) => [id, 1_000_000n]))
  for (let round = 0; round < size.rounds; round += 1) {
    const batches = batchesOf(world, size)
    const count = size.size * size.batches
    ours.push(perSecond(count, () => batches.forEach((orders) => apply(world, orders))))
    plain.push(perSecond(count, () => batches.forEach((orders) => applyPlainly(balances, orders))))
  }
  return {
    case: `transfers, batches of ${size.size}`,
    unit: 'transfers/s',
    better: 'higher',
    ours: roundFigure(median(ours)),
    peers: { 'two additions in a Map': roundFigure(median(plain)) },
    limit: TRANSFERS_MIN,
    note: `by CPU time, ${world.accounts.length} accounts; not journaled`,
  }
}

function applyPlainly(balances: Map<string, bigint>, orders: readonly TransferOrder[]): void {
  for (const order of orders) {
    if (order.kind !== 'post') continue
    const from = balances.get(order.debit) ?? 0n
    if (from < order.amount) throw new Error('short')
    balances.set(order.debit, from - order.amount)
    balances.set(order.credit, (balances.get(order.credit) ?? 0n) + order.amount)
  }
}

function measureHolds(world: World, size: Size): BenchRow {
  const ours: number[] = []
  const pairs = Math.floor(size.size / 2)
  for (let round = 0; round < size.rounds; round += 1) {
    const batches = Array.from({ length: size.batches }, () =>
      Array.from({ length: pairs }, (): TransferOrder[] => {
        const id = world.nextId()
        const expiresAt = timestampFromMs(START + 1_000 + world.draw(100_000))
        const { debit, credit } = sides(world)
        const ends = postHeld(world.nextId(), id, 1, { credit, contract: CONTRACT })
        return [hold(id, 2, { debit, credit, expiresAt, contract: CONTRACT }), ends]
      }).flat(),
    )
    ours.push(perSecond(pairs * size.batches, () => batches.forEach((orders) => apply(world, orders))))
  }
  return {
    case: `hold and post, batches of ${pairs} pairs`,
    unit: 'pairs/s',
    better: 'higher',
    ours: roundFigure(median(ours)),
    peers: {},
    limit: null,
    note: 'half of each hold is released',
  }
}

/** As a client signs them: ids in its own name space, at most 32 orders a message. The signature itself is another row. */
function measureSigned(world: World, { size, batches, rounds }: Size): BenchRow {
  const ours: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const events = batchesOf(world, { size, batches, rounds }).map((orders, seq): LedgerEvent => {
      const own = orders.map((order) => ({ ...order, debit: account(ALICE), contract: undefined }) as TransferOrder)
      return { ...evidence(ALICE, seq, world.at), type: 'orders-signed', orders: own }
    })
    ours.push(perSecond(size * batches, () => events.forEach((event) => accept(world, event, size))))
  }
  return {
    case: `signed transfers, messages of ${size}`,
    unit: 'transfers/s',
    better: 'higher',
    ours: roundFigure(median(ours)),
    peers: {},
    limit: null,
    note: 'one payer, 10,000 payees; the check of the signature is not in it',
  }
}

function measureSingles(world: World, size: Size): BenchRow {
  const ours: number[] = []
  for (let round = 0; round < size.rounds; round += 1) {
    const batches = batchesOf(world, size)
    ours.push(perSecond(size.batches, () => batches.forEach((orders) => apply(world, orders))))
  }
  return {
    case: 'transfers, one by one',
    unit: 'transfers/s',
    better: 'higher',
    ours: roundFigure(median(ours)),
    peers: {},
    limit: null,
    note: 'a new immutable state after each',
  }
}

/** Whole path of a batch: machine, canonical text, hash chain, Merkle tree, write, sync. Two batches are under way at a time. */
async function measureJournal(world: World, size: Size): Promise<BenchRow> {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-bench-'))
  const log = await openSegmentedEventLog(
    { fileSystem: createNodeFileSystem(), random: createSystemRandom() },
    { directory },
  )
  const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
  const journaled = { ...journaledLedger({ at: START }), first: world.state }
  const journal = await MachineJournal.open({ log, journaled, digest }, nameJournal('bench'))
  const ours: number[] = []
  try {
    for (let round = 0; round < size.rounds; round += 1) {
      const events = batchesOf(world, size).map((orders): LedgerEvent => ({
        type: 'transfers-submitted',
        at: world.at,
        orders,
      }))
      const start = performance.now()
      let last: Promise<unknown> = Promise.resolve()
      for (const event of events) {
        const next = journal.append([event])
        await last
        last = next
      }
      await last
      ours.push((events.length / (performance.now() - start)) * 1_000)
    }
  } finally {
    await journal.close()
    await log.close()
    rmSync(directory, { recursive: true })
  }
  return {
    case: `journaled and synced batches of ${size.size}`,
    unit: 'batches/s',
    better: 'higher',
    ours: roundFigure(median(ours)),
    peers: {},
    limit: null,
    note: `${roundFigure(median(ours) * size.size)} transfers/s; hash chain and Merkle tree included`,
  }
}

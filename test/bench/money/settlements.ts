import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  openSignaturePool,
  type SignaturePool,
  type SignaturePoolInit,
} from '../../../src/keys/pool/open-signature-pool.ts'
import { HighWaterFile } from '../../../src/market/notary/high-water.ts'
import { NotaryService } from '../../../src/market/notary/notary-service.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { FileSystem, OpenFile } from '../../../src/ports/file-system.ts'
import type { SignedBytes } from '../../../src/ports/verifier.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import {
  Deal,
  feeOwnerOf,
  issueUsd,
  PORTABLE_HASHES,
  NETWORK,
  type Party,
  registerUsd,
  RULES,
  setOfParties,
  SKEW_MS,
} from '../../market/notary/settlement-builder.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

/** What the design asks of one notary on two cores. */
const SETTLEMENTS_LIMIT = 1_000
/** Contracts that are under way at a time; each party sends its next message when the receipt of the one before is there. */
const AT_A_TIME = 1_024
const CORRUPT_EVERY = 1_000
/** Signatures of a run that are verified once more by themselves. */
const VERIFIED_AGAIN = 8_192

/** What the backends counted. */
type Counts = { verifies: number; signs: number; signed: number; syncs: number }

type Run = Counts & {
  readonly backend: SignaturePool['backend']
  readonly settlementsPerS: number
  /** As many as the threads could verify, if nothing else had to be done. */
  readonly verifiedPerS: number
  readonly cpuUs: number
}

/**
 * A contract from its offer to its settlement, at one notary: seven envelopes, nine signatures to verify, seven receipts. With `node:crypto`, and with libsodium
 * where it is installed, by turns.
 */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  // The first one is for the compiler: a notary runs for weeks.
  const [warmUps, rounds] = isQuick ? [0, 1] : [1, 6]
  const runs: Run[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const backend of await backends()) {
      const run = await settle(isQuick ? 20 : 2_000, { round, backend })
      const { settlementsPerS, verifiedPerS, cpuUs } = run
      const limit = `${Math.round(verifiedPerS)}/s if there were only signatures`
      log(
        `settlements, ${run.backend}: ${Math.round(settlementsPerS)}/s, ${Math.round(cpuUs)} us of CPU each; ${limit}`,
      )
      if (round >= warmUps) runs.push(run)
    }
  }
  const found = [...new Set(runs.map(({ backend }) => backend))]
  const skipped = found.includes('libsodium') ? [] : [{ peer: 'libsodium', why: 'npm install sodium-native' }]
  return { rows: found.flatMap((backend) => rowsOf(backend, runs)), skipped }
}

/** What the pool takes by itself, and the other one where that is another. */
async function backends(): Promise<readonly SignaturePoolInit['backend'][]> {
  const pool = openSignaturePool()
  await pool.close()
  return pool.backend === 'node:crypto' ? ['node:crypto'] : ['node:crypto', undefined]
}

function rowsOf(backend: SignaturePool['backend'], all: readonly Run[]): readonly BenchRow[] {
  const runs = all.filter((run) => run.backend === backend)
  const of = (read: (run: Run) => number): number => roundFigure(median(runs.map(read)))
  const note = `7 envelopes each, signed before; ${AT_A_TIME} contracts at a time, distinct keys; journal and high water synced on the disk; the first round is not counted`
  const row = { unit: 'per settlement', better: 'lower', peers: {}, limit: null, note } as const
  const name = `settlements, ${backend}`
  return [
    {
      case: `${name}: one notary`,
      unit: 'settlements/s',
      better: 'higher',
      ours: of(({ settlementsPerS }) => settlementsPerS),
      peers: { 'their signatures alone, on all threads': of(({ verifiedPerS }) => verifiedPerS) },
      limit: SETTLEMENTS_LIMIT,
      note: `${note}; one envelope in ${CORRUPT_EVERY} with a wrong signature besides, and exactly those refused`,
    },
    { ...row, case: `${name}: CPU of all threads`, unit: 'us', ours: of(({ cpuUs }) => cpuUs) },
    { ...row, case: `${name}: signatures verified`, ours: of(({ verifies }) => verifies) },
    { ...row, case: `${name}: signatures made`, ours: of(({ signs }) => signs) },
    { ...row, case: `${name}: receipts that those signatures cover`, ours: of(({ signed }) => signed) },
    { ...row, case: `${name}: syncs of the disk`, ours: of(({ syncs }) => syncs) },
  ]
}

async function settle(
  count: number,
  { round, backend }: { readonly round: number; readonly backend: SignaturePoolInit['backend'] },
): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-bench-'))
  const counts: Counts = { verifies: 0, signs: 0, signed: 0, syncs: 0 }
  const verified: SignedBytes[] = []
  const pool = openSignaturePool(backend && { backend })
  const clock = createSystemClock()
  const { set, members } = setOfParties(0)
  const [member] = members
  if (member === undefined) throw new TypeError('unreachable')
  const fileSystem = countingSyncs(createNodeFileSystem(), counts)
  const events = await openSegmentedEventLog(
    { fileSystem, random: createSystemRandom() },
    { directory: join(directory, 'journal') },
  )
  const highWater = await HighWaterFile.open({
    fileSystem,
    directory: join(directory, 'high'),
    instance: '0'.repeat(32),
  })
  const service = new NotaryService(
    {
      log: events,
      highWater,
      ...countingSignatures(pool, { member, counts, verified }),
      hashes: PORTABLE_HASHES,
      clock,
      timers: createSystemTimers(),
      onFailure: (cause) => {
        throw cause
      },
    },
    { set, me: 0, feeOwner: feeOwnerOf(set), network: NETWORK, clockSkewMs: SKEW_MS, parameters: [RULES] },
  )
  try {
    await service.start()
    const now = clock.now()
    const deals = Array.from({ length: count }, (_, index) => new Deal(set, { name: `${round}/${index}`, now }))
    await service.submit(registerUsd(now))
    await inTurns(deals, async ({ payer }) =>
      expectEffect(await service.submit(issueUsd(payer.did, 1_000n, { now })), 'applied'),
    )
    const corrupted = withCorrupted(deals)
    Object.assign(counts, { verifies: 0, signs: 0, signed: 0, syncs: 0 })
    const cpu = process.cpuUsage()
    const started = performance.now()
    await inTurns(deals, async (deal) => {
      for (const message of deal.all) {
        const bad = corrupted.get(message)
        if (bad !== undefined) expectEffect(await service.submit(bad), 'ENVELOPE_SIGNATURE_WRONG')
        expectEffect(await service.submit(message), 'applied')
        counts.signed += 1
      }
    })
    const seconds = (performance.now() - started) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    await checkAll(service, deals)
    const each = Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, value / count])) as Counts
    const verifiedPerS = (await verifyAgain(pool, verified)) / each.verifies
    return {
      ...each,
      backend: pool.backend,
      settlementsPerS: count / seconds,
      verifiedPerS,
      cpuUs: (user + system) / count,
    }
  } finally {
    await service.stop()
    await events.close()
    await highWater.close()
    await pool.close()
    rmSync(directory, { recursive: true })
  }
}

async function inTurns(deals: readonly Deal[], run: (deal: Deal) => Promise<void>): Promise<void> {
  const rest = [...deals].reverse()
  const workers = Array.from({ length: Math.min(AT_A_TIME, deals.length) }, async () => {
    for (let deal = rest.pop(); deal !== undefined; deal = rest.pop()) await run(deal)
  })
  await Promise.all(workers)
}

function expectEffect(
  { effect, code }: { readonly effect: string; readonly code: string | undefined },
  expected: string,
): void {
  if ((code ?? effect) !== expected) throw new Error(`Expected ${expected}, not ${effect} ${code ?? ''}`)
}

/** One message in a thousand, with another signature. */
function withCorrupted(deals: readonly Deal[]): ReadonlyMap<Uint8Array, Uint8Array> {
  const corrupted = new Map<Uint8Array, Uint8Array>()
  for (const [index, message] of deals.flatMap(({ all }) => all).entries()) {
    if (index % CORRUPT_EVERY !== CORRUPT_EVERY / 2) continue
    const bad = Buffer.from(message)
    const at = bad.indexOf('"signature":"', bad.length - 200) + 30
    bad[at] = bad[at] === 0x41 ? 0x42 : 0x41
    corrupted.set(message, new Uint8Array(bad))
  }
  return corrupted
}

async function checkAll(service: NotaryService, deals: readonly Deal[]): Promise<void> {
  for (const deal of deals.slice(0, 20)) {
    const view = await service.contract(deal.contract)
    if (view?.state !== 'SETTLED') throw new Error(`${deal.contract} is ${view?.state ?? 'unknown'}`)
  }
  const { sumNanos, earned } = await countBalances(service)
  if (sumNanos !== 0n || earned !== BigInt(2 * deals.length)) throw new Error(`Fees of ${earned}, sum ${sumNanos}`)
}

/** Over all pages of accounts. */
async function countBalances(service: NotaryService): Promise<{ readonly sumNanos: bigint; readonly earned: bigint }> {
  let [sumNanos, earned] = [0n, 0n]
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const { ledgers, next } = await service.accounts({ after })
    for (const { kind, balanceNanos } of ledgers.flatMap(({ accounts }) => accounts)) {
      sumNanos += BigInt(balanceNanos)
      if (kind === 'fee') earned += BigInt(balanceNanos)
    }
    after = next ?? undefined
  }
  return { sumNanos, earned }
}

/** Signatures per second, of those that the notary verified, when nothing else is done. */
async function verifyAgain(pool: SignaturePool, verified: readonly SignedBytes[]): Promise<number> {
  const started = performance.now()
  await pool.verifyBatch(verified)
  return (verified.length * 1_000) / (performance.now() - started)
}

function countingSignatures(
  pool: SignaturePool,
  { member, counts, verified }: { readonly member: Party; readonly counts: Counts; readonly verified: SignedBytes[] },
) {
  const signer = pool.createSigner(member.seed)
  return {
    verifier: {
      verifyBatch: async (batch: readonly SignedBytes[]) => {
        counts.verifies += batch.length
        if (verified.length < VERIFIED_AGAIN) verified.push(...batch)
        return await pool.verifyBatch(batch)
      },
    },
    signer: {
      ...signer,
      signBatch: async (batch: readonly Uint8Array[]) => {
        counts.signs += batch.length
        return await signer.signBatch(batch)
      },
    },
  }
}

function countingSyncs(fileSystem: FileSystem, counts: Counts): FileSystem {
  const counted = (file: OpenFile): OpenFile => ({
    size: async () => await file.size(),
    read: async (position, length) => await file.read(position, length),
    append: async (bytes) => await file.append(bytes),
    sync: async () => {
      counts.syncs += 1
      await file.sync()
    },
    close: async () => await file.close(),
  })
  return {
    exists: async (path) => await fileSystem.exists(path),
    list: async (path) => await fileSystem.list(path),
    makeDirectory: async (path) => await fileSystem.makeDirectory(path),
    permissionsOf: async (path) => await fileSystem.permissionsOf(path),
    rename: async (from, to) => await fileSystem.rename(from, to),
    remove: async (path) => await fileSystem.remove(path),
    syncDirectory: async (path) => await fileSystem.syncDirectory(path),
    open: async (path, init) => counted(await fileSystem.open(path, init)),
  }
}

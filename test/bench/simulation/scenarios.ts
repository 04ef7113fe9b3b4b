import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SCENARIOS } from '../../../src/simulation/scenarios/scenario-table.ts'
import { type Bench, type BenchRow, median, roundFigure } from '../bench.ts'
import { playInProcess } from './process.ts'
import { sharesOf } from './profile.ts'

/** A minute on one core: what all threads of the process took together, those that collect garbage included. */
const CPU_LIMIT_SECONDS = 60
const MEMORY_LIMIT_BYTES = 2_000_000_000
const REPEATS = 5
/** Scenarios that are shown with a profile. They take what their parties do; nobody promises how long that is. */
const PROFILED = ['marketplace', 'chaos'] as const

/** Whole scenarios, each in a process of its own, on one thread. */
export const bench: Bench = async ({ isQuick, log }) => {
  const rows: BenchRow[] = []
  const many = { agents: isQuick ? 100 : 10_000, steps: isQuick ? 10 : 1_000 }
  const long = await playInProcess('run-scenario.ts', ['agent-network', JSON.stringify(many)])
  rows.push({
    case: 'agent-network, 10000 agents, 1000 steps',
    unit: 'CPU-seconds',
    better: 'lower',
    ours: roundFigure(long['cpuSeconds'] ?? Number.NaN),
    peers: {},
    limit: CPU_LIMIT_SECONDS,
    note: `${long['messages']} messages handled by ${long['agents']} actors, ${roundFigure(long['wallSeconds'] ?? 0)} s on the clock of a machine that may be shared`,
  })
  const wide = await playInProcess(
    'run-scenario.ts',
    ['agent-network', JSON.stringify({ agents: isQuick ? 100 : 100_000, steps: 20 })],
    ['--max-old-space-size=1800'],
  )
  rows.push({
    case: 'agent-network, 100000 agents',
    unit: 'bytes of memory at most',
    better: 'lower',
    ours: wide['peakBytes'] ?? Number.NaN,
    peers: {},
    limit: MEMORY_LIMIT_BYTES,
    note: `${wide['agents']} actors, ${wide['messages']} messages, a heap of at most 1.8 GB; the process as a whole`,
  })
  for (const row of rows) log(`${row.case}: ${row.ours} ${row.unit}`)
  const known = SCENARIOS.map(({ name }) => name)
  for (const name of PROFILED) if (known.includes(name)) rows.push(await profiled(name, isQuick ? 1 : REPEATS))
  const absent = PROFILED.filter((name) => !known.includes(name))
  return { rows, skipped: absent.map((peer) => ({ peer, why: 'there is no such scenario' })) }
}

async function profiled(name: string, repeats: number): Promise<BenchRow> {
  const rates: number[] = []
  for (let seed = 1; seed <= repeats; seed += 1) {
    const { events = 0, cpuSeconds = Number.NaN } = await playInProcess('run-scenario.ts', [name, '{}', seed])
    rates.push(events / cpuSeconds)
  }
  const folder = mkdtempSync(join(tmpdir(), 'kernell-profile-'))
  try {
    await playInProcess('run-scenario.ts', [name, '{}', 1], ['--cpu-prof', `--cpu-prof-dir=${folder}`])
    const shares = [...sharesOf(folder)].map(([part, share]) => `${part} ${roundFigure(100 * share)} %`)
    return {
      case: `${name}, as it comes`,
      unit: 'events per CPU-second',
      better: 'higher',
      ours: roundFigure(median(rates)),
      peers: {},
      limit: null,
      note: `time of one run: ${shares.join(', ')}`,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

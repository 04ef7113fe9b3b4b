import { type Bench, type BenchRow, median, roundFigure } from '../bench.ts'
import { playInProcess } from './process.ts'

/** What the design asks for, messages and timers a second of CPU. */
const LIMITS = { flat: 1_000_000, charts: 250_000 } as const
/** Cost of an event among a hundred thousand agents, as a multiple of its cost among a thousand. */
const GROWTH_LIMIT = 2
const REPEATS = 5
const SIZES = [1_000, 10_000, 100_000] as const
const NAMES = { flat: 'flat agents', charts: 'statecharts' } as const
type Kind = keyof typeof NAMES

/**
 * A message handled or a timer fired is an event. Agents hand a message to another one each, all over the memory, so that the caches of the processor are of little help. Every run is a process of its own: what another one has left in memory
 * would cost this one's collection of garbage. The hash of the run is on, as always.
 */
export const bench: Bench = async ({ isQuick, log }) => {
  const rows: BenchRow[] = []
  for (const kind of ['flat', 'charts'] as const) {
    const samples = new Map<number, number[]>(SIZES.map((size) => [size, []]))
    // The sizes take turns: the machine is not equally quick all the time.
    for (let repeat = 0; repeat < (isQuick ? 1 : REPEATS); repeat += 1) {
      for (const size of SIZES) {
        const agents = isQuick ? 100 : size
        const figures = await playInProcess('run-messages.ts', [kind, agents, isQuick ? 1_000 : 1_000_000])
        samples.get(size)?.push(figures['eventsPerCpuSecond'] ?? 0)
      }
    }
    rows.push(...rowsOf(kind, samples))
    for (const row of rows.slice(-SIZES.length - 1)) log(`${row.case}: ${row.ours} ${row.unit}`)
  }
  return { rows, skipped: [] }
}

function rowsOf(kind: Kind, samples: ReadonlyMap<number, readonly number[]>): readonly BenchRow[] {
  const rateOf = (size: number): number => median(samples.get(size) ?? [])
  const rates = SIZES.map((size): BenchRow => {
    const note = 'messages handled and timers fired, through the cells, in a simulated world, hashed'
    return {
      case: `${NAMES[kind]}, ${size} of them`,
      unit: 'events per CPU-second',
      better: 'higher',
      ours: roundFigure(rateOf(size)),
      peers: {},
      limit: LIMITS[kind],
      note,
    }
  })
  // Each pair was measured at about the same time.
  const ratios = (samples.get(1_000) ?? []).map((few, at) => few / (samples.get(100_000)?.[at] ?? Number.NaN))
  return [
    ...rates,
    {
      case: `${NAMES[kind]}, 100000 of them against 1000`,
      unit: 'x the CPU time per event',
      better: 'lower',
      ours: roundFigure(median(ratios)),
      peers: {},
      limit: GROWTH_LIMIT,
      note: 'median of pairs',
    },
  ]
}

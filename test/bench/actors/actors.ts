import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure, type SkippedPeer } from '../bench.ts'
import { type BenchCase, type CaseRow, CASES, type Contestant } from './case-table.ts'
import { type Arena, openArena } from './contestant-process.ts'
import type { Figures } from './programs/program.ts'

const REPEATS = 5

/** What each contestant gave, repeat by repeat. */
type Results = ReadonlyMap<Contestant, readonly Figures[]>

/**
 * Our actors as a user imports them, beside XState as it is, nact and Erlang. Every run of a case is a process of its own, in turns; what is compared
 * is CPU time, user and system, with garbage collection. KERNELL_BENCH_CASES names cases to run, separated by commas.
 */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const wanted = process.env['KERNELL_BENCH_CASES']?.split(',')
  const cases = CASES.filter(({ name }) => wanted === undefined || wanted.includes(name))
  const arena = await openArena()
  const skipped: SkippedPeer[] = [...arena.skipped]
  const rows: BenchRow[] = []
  try {
    for (const each of cases) {
      const results = await runInTurns(arena, each, { isQuick, skipped })
      const caseRows = each.rows.map((row) => describe(each, row, results))
      for (const row of caseRows) log(`${row.case}: ${row.ours} ${row.unit} ${JSON.stringify(row.peers)}`)
      rows.push(...caseRows)
    }
  } finally {
    await arena.close()
  }
  return { rows, skipped }
}

type Turns = { readonly isQuick: boolean; readonly skipped: SkippedPeer[] }

/** A peer that fails a case is left out of it and named; a failure of ours ends the bench. */
async function runInTurns(arena: Arena, each: BenchCase, { isQuick, skipped }: Turns): Promise<Results> {
  const results = new Map<Contestant, Figures[]>()
  for (const contestant of Object.keys(each.sizes) as Contestant[])
    if (arena.has(contestant)) results.set(contestant, [])
  for (let repeat = 0; repeat < (isQuick ? 1 : REPEATS); repeat += 1) {
    for (const [contestant, figures] of results) {
      const size = isQuick ? each.quickSize : (each.sizes[contestant] ?? each.quickSize)
      try {
        const given = await arena.run(contestant, each.name, size)
        verifyCount(each, given, size)
        figures.push(given)
      } catch (error: unknown) {
        if (contestant === 'kernell') throw new Error(`${each.name} failed`, { cause: error })
        results.delete(contestant)
        skipped.push({
          peer: contestant,
          why: `${each.name}: ${error instanceof Error ? error.message : String(error)}`,
        })
      }
    }
  }
  return results
}

function verifyCount(each: BenchCase, { count }: Figures, size: number): void {
  if (each.isPartial) return
  const expected = each.expected?.(size) ?? size
  if (count !== expected) throw new Error(`${count} of ${expected} were completed`)
}

function describe({ note }: BenchCase, row: CaseRow, results: Results): BenchRow {
  const ours = middleOf(results, 'kernell', row.figure) ?? Number.NaN
  const { unit, better, limit } = row
  const titled = { case: row.title, unit, better, limit, note }
  if (row.dividedBy !== undefined) {
    const other = middleOf(results, row.dividedBy, row.figure) ?? Number.NaN
    return { ...titled, ours: roundFigure(ours / other), peers: {} }
  }
  const peers: Record<string, number> = {}
  for (const contestant of results.keys()) {
    const figure = middleOf(results, contestant, row.figure)
    if (contestant !== 'kernell' && figure !== undefined) peers[contestant] = roundFigure(figure)
  }
  return { ...titled, ours: roundFigure(ours), peers }
}

/** The median of a contestant's repeats; undefined where it has no such figure. */
function middleOf(results: Results, contestant: Contestant, figure: string): number | undefined {
  const values = results.get(contestant)?.flatMap((figures) => figures[figure] ?? []) ?? []
  return values.length === 0 ? undefined : median(values)
}

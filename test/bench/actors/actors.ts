import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure, type SkippedPeer } from '../bench.ts'
import { type BenchCase, type CaseRow, CASES, type Contestant } from './case-table.ts'
import { type Arena, openArena } from './contestant-process.ts'
import type { Figures } from './programs/program.ts'

const REPEATS = 5

/** What each contestant gave, repeat by repeat, and why ours gave nothing. */
type Results = { readonly figures: ReadonlyMap<Contestant, readonly Figures[]>; readonly failure: string | undefined }

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

/** Who fails a case is left out of it; a peer is named with the reason, and our rows carry it and no figure. */
async function runInTurns(arena: Arena, each: BenchCase, { isQuick, skipped }: Turns): Promise<Results> {
  const results = new Map<Contestant, Figures[]>()
  let failure: string | undefined
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
        const why = `${each.name}: ${error instanceof Error ? error.message : String(error)}`
        results.delete(contestant)
        if (contestant === 'kernell') failure = why
        else skipped.push({ peer: contestant, why })
      }
    }
  }
  return { figures: results, failure }
}

function verifyCount(each: BenchCase, { count, errors = 0 }: Figures, size: number): void {
  if (each.isPartial) return
  if (errors > 0) throw new Error(`${errors} errors that nobody listened to`)
  const expected = each.expected?.(size) ?? size
  if (count !== expected) throw new Error(`${count} of ${expected} were completed`)
}

function describe({ note }: BenchCase, row: CaseRow, results: Results): BenchRow {
  const ours = middleOf(results, 'kernell', row.figure) ?? Number.NaN
  const { unit, better, limit } = row
  const titled = { case: row.title, unit, better, limit, note: results.failure ?? note }
  if (row.dividedBy !== undefined) {
    const other = middleOf(results, row.dividedBy, row.figure) ?? Number.NaN
    return { ...titled, ours: roundFigure(ours / other), peers: {} }
  }
  const peers: Record<string, number> = {}
  for (const contestant of results.figures.keys()) {
    const figure = middleOf(results, contestant, row.figure)
    if (contestant !== 'kernell' && figure !== undefined) peers[contestant] = roundFigure(figure)
  }
  return { ...titled, ours: roundFigure(ours), peers }
}

/** The median of a contestant's repeats; undefined where it has no such figure. */
function middleOf(results: Results, contestant: Contestant, figure: string): number | undefined {
  const values = results.figures.get(contestant)?.flatMap((figures) => figures[figure] ?? []) ?? []
  return values.length === 0 ? undefined : median(values)
}

import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

const run = promisify(execFile)
const PROGRAM = fileURLToPath(new URL('programs/durable-restart.ts', import.meta.url))
const EVENTS = 1_000
const REPEATS = 7

type Figures = { readonly count: number; readonly ready: number; readonly handled: number; readonly answered: number }

const KINDS = [
  { kind: 'flat', limit: 5 },
  { kind: 'statechart', limit: 10 },
] as const

/**
 * A durable actor with 1,000 events since its snapshot, started by a new process each time: from the open store to its first new
 * message. Opening the store, which reads the whole journal, is a row of its own; so is the answer, which waits for the disk.
 */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const rows: BenchRow[] = []
  for (const { kind, limit } of KINDS) {
    const figures = await measure(kind, isQuick ? 1 : REPEATS)
    const middle = (name: keyof Figures): number => roundFigure(median(figures.map((each) => each[name])))
    const shared = { unit: 'ms', better: 'lower', peers: {} } as const
    const note = `${EVENTS} events since the snapshot, a new process each time`
    rows.push(
      { case: `durable-restart ${kind}`, ours: middle('handled'), limit, note, ...shared },
      { case: `durable-restart ${kind}, until stored`, ours: middle('answered'), limit: null, note, ...shared },
      { case: `durable-restart ${kind}, open store`, ours: middle('ready'), limit: null, note, ...shared },
    )
    log(`durable-restart ${kind}: ${middle('handled')} ms after ${middle('ready')} ms`)
  }
  return { rows, skipped: [] }
}

async function measure(kind: string, repeats: number): Promise<readonly Figures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-restart-'))
  try {
    const written = join(folder, 'written')
    await run(process.execPath, [PROGRAM, 'write', kind, written, String(EVENTS)])
    const figures: Figures[] = []
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const copy = join(folder, String(repeat))
      await cp(written, copy, { recursive: true })
      const { stdout } = await run(process.execPath, [PROGRAM, 'measure', kind, copy])
      const given = JSON.parse(stdout) as Figures
      if (given.count !== EVENTS + 1) throw new Error(`${given.count} of ${EVENTS + 1} events are there`)
      figures.push(given)
    }
    return figures
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

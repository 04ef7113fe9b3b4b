import { meanOf } from '../../../src/simulation/metrics/dispersion.ts'
import { medianOf } from '../../../src/simulation/metrics/separation.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { ATTACKS, figureOf, marketplaceJob } from '../runs/marketplace-runs.ts'
import { seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'

const SEEDS = 20
const SHARE = 0.2
/** More than two tasks of each buyer, so that there is something to know of sellers. */
const STEPS = 4

type Detected = { readonly cheats: number; readonly detected: number; readonly median_ms: number | null }

/** Whether reputation tells honest from dishonest, and how long each strategy goes on before it is seen. */
export const study: Study = {
  name: 'separation',
  summary: 'reputation of honest against dishonest sellers, and the time to detect each strategy',
  run: async (init) => await measure(init),
}

async function measure(init: StudyInit): Promise<StudyReport> {
  const seeds = seedsOf(init, SEEDS)
  const strategies = [...new Set(ATTACKS.filter(({ side }) => side === 'seller').map(({ strategy }) => strategy))]
  const jobs = strategies.flatMap((strategy) =>
    seeds.map((seed) => marketplaceJob(seed, { strategy, attackers: SHARE, steps: STEPS })),
  )
  const reports = await init.runAll(jobs)
  const rows = strategies.map((strategy, at) =>
    rowOf(strategy, reports.slice(at * seeds.length, (at + 1) * seeds.length)),
  )
  return {
    name: 'separation',
    runs: reports.length,
    figures: { strategies: rows },
    findings: rows.map(({ strategy, cheats }) => ({
      what: `${strategy}: ${cheats} sellers have cheated`,
      isMet: cheats > 0 || strategy === 'cartel',
    })),
    table: [
      `${'strategy'.padEnd(18)}${'AUC'.padStart(8)}${'cheats'.padStart(8)}${'seen'.padStart(6)}${'median ms'.padStart(11)}`,
      ...rows.map(
        ({ strategy, auc, cheats, detected, medianMs }) =>
          `${strategy.padEnd(18)}${(auc?.toFixed(3) ?? '-').padStart(8)}${String(cheats).padStart(8)}${String(detected).padStart(6)}${(medianMs?.toFixed(0) ?? '-').padStart(11)}`,
      ),
    ],
    charts: [],
  }
}

function rowOf(strategy: string, reports: readonly RunReport[]) {
  const found = reports.flatMap(
    ({ metrics }) => (metrics['detection'] as Record<string, Detected> | undefined)?.[strategy] ?? [],
  )
  return {
    strategy,
    auc: meanOf(reports.flatMap((report) => figureOf(report, 'reputation_auc') ?? [])),
    cheats: found.reduce((sum, { cheats }) => sum + cheats, 0),
    detected: found.reduce((sum, { detected }) => sum + detected, 0),
    medianMs: medianOf(found.flatMap(({ median_ms: median }) => median ?? [])),
  }
}

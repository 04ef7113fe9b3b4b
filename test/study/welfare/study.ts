import { deviationOf, meanOf } from '../../../src/simulation/metrics/dispersion.ts'
import { studentQuantile } from '../../../src/simulation/metrics/student.ts'
import { figureOf, marketplaceJob } from '../runs/marketplace-runs.ts'
import { seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'

const SEEDS = 50
const LEAST = 0.9

/** Whether a market of honest agents brings nearly what the best assignment, with true values and costs, would have brought. */
export const study: Study = {
  name: 'welfare',
  summary: 'what an honest market brings, of the maximum-weight assignment with true values',
  run: async (init) => await measure(init),
}

async function measure(init: StudyInit): Promise<StudyReport> {
  const seeds = seedsOf(init, SEEDS)
  const reports = await init.runAll(seeds.map((seed) => marketplaceJob(seed, {})))
  const valuesOf = (name: string): readonly number[] => reports.flatMap((report) => figureOf(report, name) ?? [])
  const shares = valuesOf('welfare_share')
  const mean = meanOf(shares) ?? 0
  const reach =
    shares.length < 2 ? 0 : (studentQuantile(0.95, shares.length - 1) * deviationOf(shares)) / Math.sqrt(shares.length)
  const least = shares.reduce((low, share) => Math.min(low, share), 1)
  const others = ['trade_share', 'price_dispersion', 'concentration_hhi', 'concentration_gini'].map(
    (name) => [name, meanOf(valuesOf(name)) ?? null] as const,
  )
  return {
    name: 'welfare',
    runs: reports.length,
    figures: { mean, lower95: mean - reach, least, ...Object.fromEntries(others) },
    findings: [
      {
        what: `honest welfare is ${mean.toFixed(3)} of the best assignment, lower 95 % bound ${(mean - reach).toFixed(3)}, at least ${LEAST}`,
        isMet: mean - reach >= LEAST,
      },
    ],
    table: [
      `least of a seed ${least.toFixed(3)}`,
      ...others.map(([name, value]) => `${name} ${value?.toFixed(3) ?? '-'}`),
    ],
    charts: [],
  }
}

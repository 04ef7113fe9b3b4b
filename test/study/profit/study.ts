import type { RunReport } from '../../../src/simulation/run/report.ts'
import { ATTACKER_SHARES, ATTACKS, type Attack, LOSING, marketplaceJob } from '../runs/marketplace-runs.ts'
import { type AttackGain, gainOf, signed } from '../runs/paired-runs.ts'
import type { RunJob } from '../runs/run-job.ts'
import { type Finding, seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'
import { searchAdaptive } from './search-adaptive.ts'
import { expectedOf, type Expected } from './expected-gain.ts'

const SEEDS = 200

type Row = Attack & { readonly share: number; readonly gain: AttackGain; readonly expected: Expected | undefined }

/** Whether cheating pays: the same agents of the same seeds, once attacking and once honest. */
export const study: Study = {
  name: 'profit',
  summary: 'what each attack brings, paired with the same agents playing honestly',
  run: async (init) => await measure(init),
}

async function measure(init: StudyInit): Promise<StudyReport> {
  const seeds = seedsOf(init, SEEDS)
  // A strategy of two sides is played on both at once.
  const played = [...new Set(ATTACKS.map(({ strategy }) => strategy))].flatMap((strategy) =>
    ATTACKER_SHARES.map((share) => ({ strategy, share })),
  )
  const jobs = seeds.flatMap((seed): readonly RunJob[] => [
    marketplaceJob(seed, {}),
    ...played.map(({ strategy, share }) => marketplaceJob(seed, { strategy, attackers: share })),
  ])
  const reports = await init.runAll(jobs)
  const stride = played.length + 1
  const runsOf = (strategy: string, share: number): { attacking: RunReport; honest: RunReport }[] => {
    const at = 1 + played.findIndex((one) => one.strategy === strategy && one.share === share)
    return seeds.flatMap((_, index) => {
      const [honest, attacking] = [reports[index * stride], reports[index * stride + at]]
      return honest === undefined || attacking === undefined ? [] : [{ honest, attacking }]
    })
  }
  const rows = ATTACKS.flatMap((attack) =>
    ATTACKER_SHARES.map((share): Row => {
      const runs = runsOf(attack.strategy, share)
      return { ...attack, share, gain: gainOf(runs, attack), expected: expectedOf(attack, runs) }
    }),
  )
  const adaptive = await searchAdaptive(init, seeds)
  return {
    name: 'profit',
    runs: jobs.length + adaptive.runs,
    figures: { seeds: seeds.length, unit: 'credits for each attacker', attacks: rows, adaptive },
    findings: [...rows.flatMap(findingsOf), ...adaptive.findings],
    table: [HEAD, ...rows.map(lineOf), ...adaptive.table],
    charts: [],
  }
}

function findingsOf({ strategy, side, share, gain }: Row): readonly Finding[] {
  const name = `${strategy} (${side}), ${100 * share} %`
  const tried = { what: `${name}: attempted ${gain.attempts} times`, isMet: gain.attempts > 0 }
  if (!LOSING.has(strategy)) return [tried]
  const { upper95 } = gain
  return [
    tried,
    { what: `${name}: gains less than nothing, upper 95 % bound ${signed(upper95)}`, isMet: (upper95 ?? 1) < 0 },
  ]
}

const HEAD = `${'attack'.padEnd(26)}${'share'.padStart(6)}${'pairs'.padStart(7)}${'tries'.padStart(8)}${'paid'.padStart(7)}${'gain'.padStart(10)}${'upper95'.padStart(10)}${'boot95'.padStart(10)}  theory`

function lineOf({ strategy, side, share, gain, expected }: Row): string {
  const { pairs, attempts, successes, mean, upper95, bootstrapUpper95 } = gain
  const theory = expected === undefined ? '' : `${signed(expected.gain)} (${expected.of})`
  const numbers = [signed(mean), signed(upper95), signed(bootstrapUpper95)].map((text) => text.padStart(10))
  const counts = [String(pairs).padStart(7), String(attempts).padStart(8), String(successes).padStart(7)]
  return `${`${strategy} (${side})`.padEnd(26)}${String(share).padStart(6)}${counts.join('')}${numbers.join('')}  ${theory}`
}

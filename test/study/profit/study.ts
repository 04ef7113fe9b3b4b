import type { RunReport } from '../../../src/simulation/run/report.ts'
import {
  ATTACKER_SHARES,
  ATTACKS,
  type Attack,
  honestOptions,
  LOSING,
  marketplaceJob,
  OF_A_SIDE,
} from '../runs/marketplace-runs.ts'
import { type AttackGain, gainOf, signed } from '../runs/paired-runs.ts'
import type { RunJob } from '../runs/run-job.ts'
import { type Finding, seedsOf, type Study, type StudyInit, type StudyReport, StudyUsage } from '../study.ts'
import { expectedOf, type Expected } from './expected-gain.ts'

const SEEDS = 200
/** Honest worlds of a seed, each once: more sellers or more buyers, with auctions for all purchases or not. */
const HONEST = ATTACKS.filter((attack, at) => ATTACKS.findIndex((other) => isOneWorld(attack, other)) === at)
/** Between the share that is asked for and the one that there is: a world has 20 of a side. */
const SHARE_TOLERANCE = 0.05

type Row = Attack & { readonly share: number; readonly gain: AttackGain; readonly expected: Expected | undefined }

/** Whether cheating pays: the same agents of the same seeds, once attacking and once honest. */
export const study: Study = {
  name: 'profit',
  summary: 'what each attack brings, paired with the same agents playing honestly',
  run: async (init) => await measure(init),
}

async function measure(init: StudyInit): Promise<StudyReport> {
  const seeds = seedsOf(init, SEEDS)
  const played = playedOf(init)
  const jobs = seeds.flatMap((seed): readonly RunJob[] => [
    ...HONEST.map((attack) => marketplaceJob(seed, honestOptions(attack))),
    ...played.map(({ attack, share }) => {
      const { strategy, parameters } = attack
      return marketplaceJob(seed, { ...honestOptions(attack), strategy, parameters, attackers: share })
    }),
  ])
  const reports = await init.runAll(jobs)
  const stride = played.length + HONEST.length
  const rows = played.map(({ attack, share }, at): Row => {
    const runs = seeds.flatMap((_, index): { attacking: RunReport; honest: RunReport }[] => {
      const start = index * stride
      const honest = reports[start + HONEST.findIndex((other) => isOneWorld(attack, other))]
      const attacking = reports[start + HONEST.length + at]
      return honest === undefined || attacking === undefined ? [] : [{ honest, attacking }]
    })
    return { ...attack, share, gain: gainOf(runs, attack), expected: expectedOf(attack, runs) }
  })
  return {
    name: 'profit',
    runs: jobs.length,
    figures: { seeds: seeds.length, unit: 'credits for each attacker', attacks: rows },
    findings: [
      { what: `${seeds.length} seeds, of ${SEEDS} that are asked for`, isMet: seeds.length >= SEEDS },
      ...rows.flatMap((row) => findingsOf(row, seeds.length)),
    ],
    table: [HEAD, ...rows.map(lineOf)],
    charts: [],
  }
}

/** All, or with `--only` those of one share, such as 0.33, or of one strategy. */
function playedOf({ only }: Pick<StudyInit, 'only'>): readonly { readonly attack: Attack; readonly share: number }[] {
  const all = ATTACKS.flatMap((attack) => ATTACKER_SHARES.map((share) => ({ attack, share })))
  const chosen = all.filter(({ attack, share }) => [undefined, String(share), attack.strategy].includes(only))
  if (chosen.length === 0)
    throw new StudyUsage(`--only takes a share (${ATTACKER_SHARES.join(', ')}) or the name of a strategy`)
  return chosen
}

function isOneWorld(one: Attack, other: Attack): boolean {
  return one.side === other.side && one.isAuctioned === other.isAuctioned
}

function findingsOf({ strategy, side, share, gain }: Row, seeds: number): readonly Finding[] {
  const name = `${strategy} (${side}), ${100 * share} %`
  const tried = { what: `${name}: attempted ${gain.attempts} times`, isMet: gain.attempts > 0 }
  const paired = { what: `${name}: ${gain.pairs} pairs of ${seeds} seeds`, isMet: gain.pairs === seeds }
  const there = gain.attackers / OF_A_SIDE
  const shared = {
    what: `${name}: ${gain.attackers.toFixed(1)} of ${OF_A_SIDE} attack`,
    isMet: there >= share && there - share <= SHARE_TOLERANCE,
  }
  if (!LOSING.has(strategy)) return [tried, paired, shared]
  const { upper95 } = gain
  return [
    tried,
    paired,
    shared,
    { what: `${name}: gains less than nothing, upper 95 % bound ${signed(upper95)}`, isMet: (upper95 ?? 1) < 0 },
  ]
}

const HEAD = `${'attack'.padEnd(26)}${'share'.padStart(6)}${'of 20'.padStart(7)}${'pairs'.padStart(7)}${'tries'.padStart(8)}${'paid'.padStart(7)}${'gain'.padStart(10)}${'upper95'.padStart(10)}${'boot95'.padStart(10)}  theory`

function lineOf({ strategy, side, share, gain, expected }: Row): string {
  const { pairs, attempts, successes, mean, upper95, bootstrapUpper95 } = gain
  const theory = expected === undefined ? '' : `${signed(expected.gain)} (${expected.of})`
  const numbers = [signed(mean), signed(upper95), signed(bootstrapUpper95)].map((text) => text.padStart(10))
  const counts = [String(pairs).padStart(7), String(attempts).padStart(8), String(successes).padStart(7)]
  return `${`${strategy} (${side})`.padEnd(26)}${String(share).padStart(6)}${gain.attackers.toFixed(1).padStart(7)}${counts.join('')}${numbers.join('')}  ${theory}`
}

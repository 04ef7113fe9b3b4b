import { canonicalJson, type JsonValue } from '../../../src/base/canonical-json.ts'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import type { MetricValue } from '../../../src/simulation/scenario/scenario.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { MARKETPLACE } from '../../../src/simulation/scenarios/marketplace.ts'
import { seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'

const SEEDS = 20
/** Small, with one that delivers junk, so that all that is signed is signed. Equal prices would be ordered by hashes of what is signed. */
const WORLD = { agents: 8, steps: 2, strategy: 'lazy', attackers: 0.25 } as const

/** Whether a world that is signed by Ed25519 comes to what it comes to by keyed hashes. */
export const study: Study = {
  name: 'signatures',
  summary: 'whether real Ed25519 brings a marketplace to the same outcomes as seeded signatures',
  run: async (init) => await compare(init),
}

async function compare(init: StudyInit): Promise<StudyReport> {
  const seeds = seedsOf(init, SEEDS)
  const ed25519 = createInlineSignatures()
  const rows: { readonly seed: number; readonly different: readonly string[]; readonly events: number }[] = []
  for (const seed of seeds) {
    const play = async (signatures: 'seeded' | 'ed25519'): Promise<RunReport> =>
      await runScenario(MARKETPLACE, { seed, options: WORLD, signatures, ed25519 })
    const [seeded, real] = [outcomesOf(await play('seeded')), outcomesOf(await play('ed25519'))]
    const different = Object.keys(seeded).filter((name) => seeded[name] !== real[name])
    rows.push({ seed, different, events: Number(seeded['events']) })
    init.log(`seed ${seed}: ${different.length === 0 ? 'the same' : `another ${different.join(', ')}`}`)
  }
  const others = rows.filter(({ different }) => different.length > 0)
  return {
    name: 'signatures',
    runs: 2 * seeds.length,
    figures: { seeds: seeds.length, same: seeds.length - others.length, others },
    findings: [
      {
        what: `${seeds.length - others.length} of ${seeds.length} seeds come to the same contracts, balances and counts of events`,
        isMet: others.length === 0,
      },
    ],
    table: others.map(({ seed, different }) => `seed ${seed} differs in ${different.join(', ')}`),
    charts: [],
  }
}

/** What must be the same, as text. */
function outcomesOf({ metrics, events, violations, checks }: RunReport): Readonly<Record<string, string>> {
  const { ends = null, disputes = null, agents = null } = metrics
  const text = (value: MetricValue | JsonValue): string => canonicalJson(value)
  return {
    contracts: text({ ends, disputes }),
    balances: text(agents),
    events: text(events),
    checks: text({ checks, violations: violations.length }),
  }
}

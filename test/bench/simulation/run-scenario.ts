/** `node run-scenario.ts NAME OPTIONS SEED`: plays a scenario; the last line on stdout is a JSON object: events, seconds, peak memory. */
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { findScenario } from '../../../src/simulation/scenarios/scenario-table.ts'

const [name = '', options = '{}', seed = '1'] = process.argv.slice(2)
const scenario = findScenario(name)
const [startMs, cpu] = [performance.now(), process.cpuUsage()]
const report = await runScenario(scenario, { seed: Number(seed), options: JSON.parse(options) as unknown })
const { user, system } = process.cpuUsage(cpu)
const [violation] = report.violations
if (violation !== undefined) throw new Error(`${violation.checker}: ${violation.what}`)
console.log(
  JSON.stringify({
    events: report.events,
    messages: report.handled.actors,
    agents: report.agents,
    cpuSeconds: (user + system) / 1_000_000,
    wallSeconds: (performance.now() - startMs) / 1_000,
    // KiB on all platforms.
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  }),
)

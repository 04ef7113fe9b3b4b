import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRealGateway } from '../../gateway/real-node.ts'
import expectedFailures from './expected-failures.json' with { type: 'json' }
import { FIXTURE_SKILL } from './fixture-skill.ts'
import { type Checkout, findSuite, runSuite, whyNoPython } from './suite.ts'
import { judgeSuite, readSuiteReport, type Verdict } from './suite-results.ts'

export type A2aConformanceInit = {
  /** A checkout of the suite; empty: it is fetched. */
  readonly directory: string
  /** The interpreter that runs it. */
  readonly python: string
  readonly isJson: boolean
}

/** Where it is fetched to: not a part of the repository. */
const CACHE = fileURLToPath(new URL('../../../.kernell/', import.meta.url))

/** Without these the suite finds nothing to run: pytest's statuses for failed tests and none. */
const STATUSES = [0, 1]

/** @returns The exit status: 0 when no test failed but those on the list, 1 when others did, 2 when the suite could not be run. */
export async function runA2aConformance({ directory, python, isJson }: A2aConformanceInit): Promise<number> {
  const found = findSuite({ directory, cache: CACHE })
  if ('why' in found) return notRun(found.why, isJson)
  const why = whyNoPython(python)
  if (why !== undefined) return notRun(why, isJson)
  const { checkout } = found
  const folder = mkdtempSync(join(tmpdir(), 'kernell-tck-'))
  // Its receiver of notifications is on this machine.
  const a2a = { skills: [FIXTURE_SKILL.id], pushHosts: ['localhost'] }
  const running = await startRealGateway({ a2a }, { agentSkills: [FIXTURE_SKILL] })
  try {
    const report = join(folder, 'report.xml')
    const status = await runSuite({ python, checkout, url: running.url, report })
    if (!STATUSES.includes(status)) return notRun(`pytest ended with ${status}`, isJson)
    const tests = readSuiteReport(readFileSync(report, 'utf8'))
    if (tests.length === 0) return notRun('the suite ran no test', isJson)
    const verdict = judgeSuite(tests, expectedFailures)
    process.stdout.write(isJson ? `${JSON.stringify({ ...checkout, ...verdict })}\n` : textOf(checkout, verdict))
    return verdict.unexpected.length + verdict.stale.length === 0 ? 0 : 1
  } finally {
    await running[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Nothing is claimed where nothing was run. */
function notRun(why: string, isJson: boolean): number {
  if (isJson) process.stdout.write(`${JSON.stringify({ notRun: why })}\n`)
  process.stderr.write(
    `A2A TCK: not run. ${why}\nName a checkout of https://github.com/a2aproject/a2a-tck (branch 1.0-dev), and by --python an interpreter that has what its pyproject.toml asks for.\n`,
  )
  return 2
}

function textOf({ commit, version }: Checkout, verdict: Verdict): string {
  const { passed, skipped, expected, unexpected, stale } = verdict
  return [
    ...unexpected.map(({ name, message }) => `FAILED   ${name}\n         ${message}`),
    ...stale.map(({ test }) => `PASSES   ${test}: take it from the list of expected failures`),
    ...expected.map(({ name }) => `expected ${name}`),
    `A2A TCK ${version} (${commit}): ${passed} passed, ${skipped} skipped, ${expected.length} failed as expected, ${unexpected.length} failed`,
    '',
  ].join('\n')
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRealGateway } from '../../gateway/real-node.ts'
import { offerFixtures } from './fixture-extension.ts'
import { type ExpectedResult, judge, readSuiteResults, type ScenarioResult, type Verdict } from './suite-results.ts'

/** The suite as it was when its results were last looked at. */
export type FrozenSuite = {
  readonly version: string
  readonly server: readonly string[]
  /** Of the scenarios for clients, those that are about what this client does. */
  readonly client: readonly string[]
  readonly clientLeftOut: readonly { readonly scenarios: string; readonly reason: string }[]
  readonly expected: readonly ExpectedResult[]
}

/** Longest that the suite may take, ms; it takes a few seconds. */
const SUITE_MS = 120_000

const PACKAGE = '@modelcontextprotocol/conformance'

/**
 * Runs the official suite against a node behind its listener, and against our client; what the suite expects a server to offer comes in by the door that hosts have.
 *
 * @returns The exit status: 0 when nothing failed but what is listed with a reason, 1 when something did, 2 where the suite is not the frozen one.
 */
export async function runMcpConformance({ isJson }: { readonly isJson: boolean }): Promise<number> {
  const frozen = JSON.parse(readFileSync(new URL('frozen-suite.json', import.meta.url), 'utf8')) as FrozenSuite
  const version = installedVersion()
  if (version !== frozen.version) {
    process.stderr.write(`${PACKAGE} is ${version}, and its results were looked at for ${frozen.version}.\n`)
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'kernell-mcp-conformance-'))
  try {
    const results = [...(await runServerSuite(folder, frozen)), ...(await runClientSuite(folder, frozen))]
    const scenarios = [...frozen.server, ...frozen.client]
    const verdict = judge(results, { scenarios, expected: frozen.expected })
    report({ version, results, verdict, frozen, isJson })
    return verdict.failures.length === 0 ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** All scenarios of the suite for servers, one by one, as the suite itself runs them. */
async function runServerSuite(folder: string, { server }: FrozenSuite): Promise<readonly ScenarioResult[]> {
  const running = await startRealGateway({}, { mcp: { extensions: [offerFixtures] } })
  try {
    await runSuite(['server', '--url', `${running.url}/mcp`, '--suite', 'all', '-o', folder])
    for (const error of running.failures) process.stderr.write(`The node reported: ${String(error)}\n`)
  } finally {
    await running[Symbol.asyncDispose]()
  }
  return readSuiteResults(folder, server, 'server-')
}

/** Ours as a client, started by the suite for each scenario. */
async function runClientSuite(folder: string, { client }: FrozenSuite): Promise<readonly ScenarioResult[]> {
  const main = fileURLToPath(new URL('client-main.ts', import.meta.url))
  for (const scenario of client)
    await runSuite(['client', '--command', `${process.execPath} ${main}`, '--scenario', scenario, '-o', folder])
  return readSuiteResults(folder, client, '')
}

/** Its own exit status is about its own list of expectations; what it found is in its files. */
async function runSuite(parameters: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [suiteFile(), ...parameters], { stdio: 'ignore' })
  const timer = setTimeout(() => child.kill('SIGKILL'), SUITE_MS)
  await once(child, 'exit')
  clearTimeout(timer)
}

function suiteFile(): string {
  return join(packageFolder(), 'dist', 'index.js')
}

function packageFolder(): string {
  // It has no door to be resolved by.
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'node_modules', PACKAGE)
}

function installedVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }
  return version
}

type Report = {
  readonly version: string
  readonly results: readonly ScenarioResult[]
  readonly verdict: Verdict
  readonly frozen: FrozenSuite
  readonly isJson: boolean
}

function report({ version, results, verdict, frozen, isJson }: Report): void {
  if (isJson) {
    const summary = { suite: PACKAGE, version, scenarios: results.length, ...verdict }
    process.stdout.write(
      `${JSON.stringify({ ...summary, listed: frozen.expected, leftOut: frozen.clientLeftOut, results })}\n`,
    )
    return
  }
  for (const { scenario, checks } of results) {
    const worst = checks.find(({ status }) => status === 'FAILURE') ?? checks.find(({ status }) => status === 'WARNING')
    process.stdout.write(`${(worst?.status ?? 'ok').toLowerCase().padEnd(8)} ${scenario}\n`)
  }
  for (const { scenario, check, status, reason } of frozen.expected)
    process.stdout.write(`listed: ${scenario}, ${check} (${status}). ${reason}\n`)
  for (const { scenarios, reason } of frozen.clientLeftOut) process.stdout.write(`left out: ${scenarios}. ${reason}\n`)
  for (const failure of verdict.failures) process.stdout.write(`FAILED  ${failure}\n`)
  process.stdout.write(
    `${PACKAGE} ${version}: ${results.length} scenarios, ${verdict.passed} checks passed, ${verdict.expected} listed, ${verdict.failures.length} failed\n`,
  )
}

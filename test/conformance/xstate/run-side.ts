import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVitest, type Reporter, type TestCase, type TestModule, type TestResult } from 'vitest/node'
import { EMPTY_CENSUS, type Census } from './actor-census.ts'
import { CENSUS_KEY } from './census-hooks.ts'
import { sidePlugin, type Side } from './side-plugin.ts'

export type TestState = 'passed' | 'failed' | 'skipped'

export type TestOutcome = {
  /** Within the file; the n-th of one name has ` #n` at its end. */
  readonly name: string
  readonly state: TestState
  /** First line of the first error; empty unless it failed. */
  readonly error: string
  readonly census: Census
}

export type FileOutcome = {
  /** Relative to `packages/core`. */
  readonly file: string
  readonly tests: readonly TestOutcome[]
  /** Why the file could not be loaded; empty when it could. */
  readonly loadError: string
}

export type SideOutcome = {
  readonly files: readonly FileOutcome[]
  /** Errors outside any test, such as an exception in a timer, in the order of their text. */
  readonly strayErrors: readonly string[]
}

export type RunInit = {
  /** Absolute path of `packages/core` in the checkout. */
  readonly core: string
  readonly side: Side
  /** Parts of file names; none means all files. */
  readonly filters: readonly string[]
  /** Name of a planted fault, or empty. */
  readonly plant: string
  /** After so long without the end of a file the run is given up: something runs for ever, which no timeout of a test can end. Default 60,000 ms. */
  readonly stallMs?: number
}

/** Files that hold types for the compiler and nothing that runs. */
const TYPE_TESTS = ['**/*.types.test.ts', '**/types.test.ts', '**/typeHelpers.test.ts']
/** Above what any test of the suite waits for on purpose. */
const TEST_TIMEOUT_MS = 10_000

const STALL_MS_DEFAULT = 60_000

/** Runs XState's test files against one side. Its own process and those of its workers are killed in the end. */
export async function runSide(init: RunInit): Promise<SideOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-conformance-'))
  const outcomeFile = join(folder, 'outcome.json')
  const program = fileURLToPath(new URL('./run-side-main.ts', import.meta.url))
  const child = spawn(process.execPath, [program, JSON.stringify(init), outcomeFile], {
    // A group of its own, so that workers that hang can be killed with it.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const kill = (): void => killGroup(child.pid)
  process.once('exit', kill)
  try {
    await once(child, 'close')
    return JSON.parse(await readFile(outcomeFile, 'utf8')) as SideOutcome
  } finally {
    kill()
    process.removeListener('exit', kill)
    await rm(folder, { recursive: true, force: true })
  }
}

function killGroup(processId: number | undefined): void {
  try {
    if (processId !== undefined) process.kill(-processId, 'SIGKILL')
  } catch (error: unknown) {
    // All of the group have ended by themselves.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** `runSide` within its own process. Does not wait for workers to end where a file hangs. */
export async function runSideHere(init: RunInit): Promise<SideOutcome> {
  const { core, side, filters, plant, stallMs = STALL_MS_DEFAULT } = init
  const watch = new RunWatch(core, stallMs)
  const run = startVitest(
    [...filters],
    {
      root: core,
      config: false,
      watch: false,
      globals: true,
      include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
      exclude: ['**/node_modules/**', ...TYPE_TESTS],
      env: { KERNELL_PLANT: plant },
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: TEST_TIMEOUT_MS,
      silent: true,
      reporters: [watch],
    },
    { plugins: [sidePlugin(core, side)], logLevel: 'error' },
  )
  await Promise.race([run, watch.stalled])
  return watch.outcome()
}

/** What has been seen of a run so far. */
class RunWatch implements Reporter {
  /** Resolves when no file has ended for so long that one of them must hang. */
  readonly stalled: Promise<void>
  readonly #core: string
  /** By path: a file's object is another one once it runs. */
  readonly #modules = new Map<string, TestModule>()
  #strayErrors: readonly string[] = []
  #sawProgress: () => void = () => {}

  constructor(core: string, stallMs: number) {
    this.#core = core
    this.stalled = new Promise((resolve) => {
      let timer = setTimeout(resolve, stallMs)
      this.#sawProgress = () => {
        clearTimeout(timer)
        timer = setTimeout(resolve, stallMs)
      }
    })
  }

  onTestModuleQueued(module: TestModule): void {
    this.#modules.set(module.moduleId, module)
  }

  onTestModuleEnd(module: TestModule): void {
    this.#modules.set(module.moduleId, module)
    this.#sawProgress()
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly { readonly message: string }[]): void {
    for (const module of modules) this.#modules.set(module.moduleId, module)
    this.#strayErrors = errors.map(({ message }) => firstLine(message)).toSorted()
  }

  outcome(): SideOutcome {
    const files = [...this.#modules.values()].map((module) => outcomeOfFile(this.#core, module))
    return { files: files.toSorted((one, other) => (one.file < other.file ? -1 : 1)), strayErrors: this.#strayErrors }
  }
}

function outcomeOfFile(core: string, module: TestModule): FileOutcome {
  const seen = new Map<string, number>()
  const tests = [...module.children.allTests()].map((test) => outcomeOfTest(test, seen))
  const hasEnded = module.state() !== 'pending' && module.state() !== 'queued'
  const loadError = firstLine(module.errors()[0]?.message ?? (hasEnded ? '' : 'did not end'))
  return { file: module.moduleId.replace(join(core, '/'), ''), tests, loadError }
}

function outcomeOfTest(test: TestCase, seen: Map<string, number>): TestOutcome {
  const count = (seen.get(test.fullName) ?? 0) + 1
  seen.set(test.fullName, count)
  const result = test.result()
  const census = (Reflect.get(test.meta(), CENSUS_KEY) as Census | undefined) ?? EMPTY_CENSUS
  return {
    name: count === 1 ? test.fullName : `${test.fullName} #${count}`,
    state: result.state === 'pending' ? 'failed' : result.state,
    error: errorOf(result),
    census,
  }
}

function errorOf(result: TestResult): string {
  if (result.state === 'pending') return 'did not end'
  return result.state === 'failed' ? firstLine(result.errors[0]?.message ?? 'no message') : ''
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.slice(0, 300) ?? ''
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { RUNTIME_TRAITS, type ProgramKind } from '../../../src/core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxProgram, SandboxRequest, SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import type { createComponentSandbox } from '../../../src/sandbox/component/create-component-sandbox.ts'
import { PROBE_BASE64 } from '../../../src/sandbox/component/probe-component.ts'
import type { createQuickjsSandbox } from '../../../src/sandbox/quickjs/create-quickjs-sandbox.ts'
import { readProcessStat } from '../../../src/sandbox/process/process-identity.ts'
import type { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import type { createDockerSandbox } from '../../../src/sandbox/docker/create-docker-sandbox.ts'
import type { createMicrovmSandbox } from '../../../src/sandbox/microvm/create-microvm-sandbox.ts'
import { preparedFiles } from '../../../src/sandbox/prepare/prepared-place.ts'
import { defaultDataDir } from '../../../src/node/config/load-config.ts'
import { defaultSandbox } from '../../../src/node/config/resolve-sandbox.ts'
import { type Bench, type BenchRow, median, roundFigure, type SkippedPeer } from '../bench.ts'

/** A way to have a runtime, and what is special about it. Those that do not work on this machine are skipped, with their reason. */
type Candidate = { readonly case: string; readonly note: string; readonly open: () => SandboxRuntime }

/** As it is published: from sources, every process that is started would translate them first. */
async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../../../dist/src/${path}.js`, import.meta.url).href)) as Module
}

async function listCandidates(): Promise<readonly Candidate[]> {
  const component = await built<{ readonly createComponentSandbox: typeof createComponentSandbox }>(
    'sandbox/component/create-component-sandbox',
  )
  const quickjs = await built<{ readonly createQuickjsSandbox: typeof createQuickjsSandbox }>(
    'sandbox/quickjs/create-quickjs-sandbox',
  )
  const subprocess = await built<{ readonly createSubprocessSandbox: typeof createSubprocessSandbox }>(
    'sandbox/subprocess/create-subprocess-sandbox',
  )
  const docker = await built<{ readonly createDockerSandbox: typeof createDockerSandbox }>(
    'sandbox/docker/create-docker-sandbox',
  )
  const microvm = await built<{ readonly createMicrovmSandbox: typeof createMicrovmSandbox }>(
    'sandbox/microvm/create-microvm-sandbox',
  )
  const { directory, image } = defaultSandbox(defaultDataDir())
  const { supervisor, kernel, initialFiles } = preparedFiles(directory)
  const [cold, warm] = ['a process is started for each run', 'a process waits for each run']
  return [
    { case: 'wasm', note: cold, open: () => component.createComponentSandbox({ warmMax: 0 }) },
    { case: 'wasm, warm', note: warm, open: () => component.createComponentSandbox({ warmMax: 1 }) },
    { case: 'quickjs', note: cold, open: () => quickjs.createQuickjsSandbox({ warmMax: 0 }) },
    { case: 'quickjs, warm', note: warm, open: () => quickjs.createQuickjsSandbox({ warmMax: 1 }) },
    { case: 'subprocess', note: 'bubblewrap', open: () => subprocess.createSubprocessSandbox() },
    { case: 'docker', note: 'a container for each run', open: () => docker.createDockerSandbox({ image, supervisor }) },
    {
      case: 'microvm',
      note: 'a machine for each run, a copy of one that has booted where it is emulated',
      open: () => microvm.createMicrovmSandbox({ image: { kernel, initialFiles } }),
    },
  ]
}

/** The least that a program of each kind can do. */
const PROGRAMS: Readonly<Record<ProgramKind, SandboxProgram>> = {
  component: { kind: 'component', bytes: Buffer.from(PROBE_BASE64, 'base64'), call: 'add', args: [40, 2] },
  script: { kind: 'script', source: 'export const add = (left, right) => left + right', call: 'add', args: [40, 2] },
  command: { kind: 'command', argv: ['/bin/true'] },
}

const TICK_MS = 10
/** Between two runs, for a warm process to get ready: it is no part of what a run costs whoever waits for it. */
const PAUSE_MS = 400

/** What it costs to run the least program in each sandbox, beside a plain child process: wall time of the call, until its end is known and nothing of it is left. */
export const bench: Bench = async ({ isQuick, log }) => {
  const repeats = isQuick ? 1 : 7
  const rows: BenchRow[] = []
  const skipped: SkippedPeer[] = []
  for (const candidate of await listCandidates()) {
    const runtime = candidate.open()
    try {
      const state = await runtime.probe()
      if (!state.works) skipped.push({ peer: candidate.case, why: `${state.reason} ${state.remedy}` })
      else rows.push(...(await measure(candidate, { runtime, repeats })))
    } finally {
      await runtime.close()
    }
    log(`${candidate.case} done`)
  }
  return { rows, skipped }
}

async function measure(
  candidate: Candidate,
  { runtime, repeats }: { readonly runtime: SandboxRuntime; readonly repeats: number },
): Promise<readonly BenchRow[]> {
  const calls: number[] = []
  const starts: number[] = []
  const plain: number[] = []
  const before = processorMs()
  for (let round = 0; round < repeats; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    const { callMs, startMs } = await runOnce(runtime)
    calls.push(callMs)
    starts.push(startMs)
    plain.push(await spawnOnce())
  }
  const processor = (processorMs() - before) / repeats
  const row = { unit: 'ms', better: 'lower', limit: null, note: candidate.note } as const
  const peers = { 'spawn of /bin/true': roundFigure(median(plain)) }
  const cpu = { ...row, unit: 'CPU ms', note: `${candidate.note}; mean, this process included, in steps of ten` }
  return [
    { ...row, case: `${candidate.case}: start-up`, ours: roundFigure(median(starts)), peers: {} },
    { ...row, case: `${candidate.case}: a whole call`, ours: roundFigure(median(calls)), peers },
    { ...cpu, case: `${candidate.case}: its processor time`, ours: roundFigure(processor), peers: {} },
  ]
}

async function runOnce(runtime: SandboxRuntime): Promise<{ readonly callMs: number; readonly startMs: number }> {
  const { tier, runs } = RUNTIME_TRAITS[runtime.name]
  const policy: SandboxRequest['policy'] = {
    isolation: tier,
    limits: SANDBOX_LIMIT_DEFAULTS,
    network: { hosts: [] },
    environment: [],
    paths: { read: [], write: [] },
    allowEmulation: true,
  }
  const before = performance.now()
  const { reason, usage } = await runtime.run({ program: PROGRAMS[runs], policy })
  const callMs = performance.now() - before
  if (reason !== 'exited') throw new Error(`${runtime.name} ended with ${reason}`)
  return { callMs, startMs: usage.startMs }
}

/** Of this process, and of all its children that have ended. */
function processorMs(): number {
  return (readProcessStat('/proc/self/stat')?.cpuTicks ?? Number.NaN) * TICK_MS
}

async function spawnOnce(): Promise<number> {
  const before = performance.now()
  await once(spawn('/bin/true', { stdio: 'ignore' }), 'close')
  return performance.now() - before
}

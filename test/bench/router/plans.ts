import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { parseTaskId, parseTenantId, type TaskId, type TenantId } from '../../../src/base/identifiers.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { parsePlannedTask } from '../../../src/core/planning/plan-codec.ts'
import { INJECTION_FEATURES } from '../../../src/core/injection/injection-features.ts'
import { INJECTION_BUCKET_BITS } from '../../../src/core/injection/injection-model.ts'
import { createRulesScorer } from '../../../src/core/injection/score-text.ts'
import { openInjectionScorer } from '../../../src/node/open-injection-scorer.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { ChatMessage, ModelRequest } from '../../../src/ports/language-model.ts'
import { createBudgetOwner, createTaskGraphs, runTaskGraph, type StepOutcome } from '../../../src/router/index.ts'
import { TextGuard } from '../../../src/router/untrusted/text-guard.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { createFixture, requestOf, type Fixture, type ScriptedEntry } from '../../router/router-fixture.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

const ROUNDS = 9
const STEPS = 1_000
const TASK = 'Compare the two harbours, then write a plan for the fleet.'
const CHEAP = { id: 'openai/mini', tier: 'cheap_api', price: 1 } as const
const PREMIUM = { id: 'openai/large', tier: 'premium_api', price: 10 } as const

/**
 * What the router and its actors cost in CPU time when models answer at once and the journal is in memory: everything but the models and
 * the disk.
 */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const scale = isQuick ? 50 : 1
  const rows: BenchRow[] = []
  for (const measured of [...tasks(), ...(await texts()), ...(await graphs()), ...(await budgets())]) {
    log(measured.name)
    rows.push(await measure(measured, { rounds: isQuick ? 1 : ROUNDS, count: Math.ceil(measured.count / scale) }))
  }
  return { rows, skipped: [] }
}

type Measured = {
  readonly name: string
  readonly note: string
  /** Times `once` runs in a round. */
  readonly count: number
  /** Operations in one run of `once`. */
  readonly per: number
  readonly once: () => Promise<void>
}

async function measure(
  { name, note, per, once }: Measured,
  { rounds, count }: { readonly rounds: number; readonly count: number },
): Promise<BenchRow> {
  for (let run = 0; run < count; run += 1) await once()
  const figures: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage()
    for (let run = 0; run < count; run += 1) await once()
    const { user, system } = process.cpuUsage(before)
    figures.push((user + system) / (count * per))
  }
  return { case: name, unit: 'us', better: 'lower', ours: roundFigure(median(figures)), peers: {}, limit: null, note }
}

/** A prompt of the usual length of real ones, and a page that a tool brings. */
const PROMPT =
  'Compare the two harbours, then write a plan for the fleet and say which ships have to be repaired first. '.repeat(4)
const PAGE = 'The harbour was widened in 1890. Trade grew for thirty years, and then moved to the south. '.repeat(45)

/** What it costs to look at a text before a model does; weights do not matter to the time. */
async function texts(): Promise<readonly Measured[]> {
  const kernel = await loadWasmKernel()
  const [modelCount, denseCount, sparseCount] = [2, INJECTION_FEATURES.length, 1 << INJECTION_BUCKET_BITS]
  const scorer = openInjectionScorer(kernel, {
    linear: {
      modelCount,
      denseCount,
      sparseCount,
      sparseLayout: 'by-index',
      bias: new Float32Array(modelCount),
      dense: new Float32Array(modelCount * denseCount).fill(0.01),
      sparse: new Float32Array(modelCount * sparseCount).fill(0.01),
      calibration: Float64Array.of(1, 0, 1, 0),
    },
    thresholds: { direct: 0.9, embedded: 0.9 },
    lineage: { sources: [], leftOut: null },
  })
  const guard = new TextGuard({ scorer, rules: { user: 'flag', document: 'flag', tool: 'flag', peer: 'flag' } })
  const screening = (message: ChatMessage) => async (): Promise<void> => {
    const reports = await guard.screen([message], { sender: 'user' })
    if (reports.length !== 1) throw new Error('a text was not seen')
  }
  const rules = createRulesScorer()
  return [
    {
      name: 'a prompt of 420 characters is scored for injection',
      note: 'rules, n-grams and the linear model in WebAssembly',
      count: 500,
      per: 1,
      once: screening({ role: 'user', content: PROMPT }),
    },
    {
      name: 'the same by the rules alone',
      note: 'no model was trained',
      count: 500,
      per: 1,
      once: async () => {
        rules.score(PROMPT, 'user')
        await Promise.resolve()
      },
    },
    {
      name: 'an answer of a tool of 4,000 characters is scored for injection',
      note: 'sentence by sentence, and runs of them',
      count: 50,
      per: 1,
      once: screening({ role: 'tool', content: PAGE, toolCallId: 'call' }),
    },
  ]
}

function tasks(): readonly Measured[] {
  const request = requestOf(TASK, { taskId: parseTaskId('task-1') as TaskId })
  const routed = (fixture: Fixture, expected: string) => async (): Promise<void> => {
    const { answer } = await fixture.router.route(request)
    if (!answer.text.startsWith(expected)) throw new Error(`wrong answer: ${answer.text}`)
    clear(fixture)
  }
  const cheap: ScriptedEntry = { ...CHEAP, script: 'from cheap' }
  const streaming = createFixture({ models: [cheap] })
  const escalating = createFixture({
    models: [cheap, { ...PREMIUM, script: 'from premium' }],
    decide: () => ({ route: 'hybrid' }),
    check: ({ text }) => (text === 'from cheap' ? { valid: false, confidence: 0 } : {}),
  })
  return [
    {
      name: 'a task',
      note: 'one model',
      count: 3_000,
      per: 1,
      once: routed(createFixture({ models: [cheap] }), 'from'),
    },
    { name: 'a task', note: 'two models', count: 3_000, per: 1, once: routed(escalating, 'from premium') },
    { name: 'a task', note: 'split into four steps', count: 2_000, per: 1, once: routed(splitting(), 'step') },
    {
      name: 'a task',
      note: 'streamed',
      count: 2_000,
      per: 1,
      once: async () => {
        const stream = await streaming.router.routeStream(request)
        let parts = 0
        for await (const { type } of stream.parts) parts += type === 'text-delta' ? 1 : 0
        if (parts !== 2) throw new Error(`${parts} parts`)
        clear(streaming)
      },
    },
  ]
}

function clear({ calls, requests, outcomes, policyInputs }: Fixture): void {
  for (const list of [calls, requests, outcomes, policyInputs]) list.length = 0
}

function splitting(): Fixture {
  const plan = JSON.stringify(
    [[], [], ['s1', 's2'], ['s1']].map((depends_on, index) => ({
      id: `s${index + 1}`,
      description: `do ${index}`,
      difficulty: 2,
      target_tier: 'cheap_api',
      depends_on,
    })),
  )
  const script = async ({ messages }: ModelRequest): Promise<string> =>
    JSON.stringify(messages[0]).includes('You plan how') ? plan : 'step is done'
  return createFixture({
    models: [
      { ...CHEAP, script },
      { ...PREMIUM, script },
    ],
    decide: () => ({ route: 'hybrid', difficulty: 5, needsDecomposition: true }),
    init: { decompose: 'auto' },
  })
}

async function graphs(): Promise<readonly Measured[]> {
  const actors = createActorSystem()
  const subTasks = Array.from({ length: STEPS }, (_, index) => ({
    id: `s${index}`,
    depends_on: index < 4 ? [] : [`s${index - 4}`, `s${index - 3}`],
  }))
  const outcome: StepOutcome = { kind: 'succeeded', output: 'x'.repeat(100) }
  const init = { execute: async () => outcome }
  const codec = { formatTask: (task: (typeof subTasks)[number]) => ({ ...task }), parseTask: parseStep }
  const journaled = createTaskGraphs({ actors, log: createMemoryEventLog(), codec })
  await journaled.start()
  let graph = 0
  const check = (isDone: boolean): void => {
    if (!isDone) throw new Error('a step was not done')
  }
  return [
    {
      name: 'a step of a graph of 1,000',
      note: 'in memory',
      count: 10,
      per: STEPS,
      once: async () => {
        const { statuses } = await runTaskGraph(actors, { subTasks }, init).ended
        check(statuses.every(({ kind }) => kind === 'succeeded'))
      },
    },
    {
      name: 'a step of a graph of 1,000',
      note: 'journaled, outputs of 100 characters',
      count: 10,
      per: STEPS,
      once: async () => {
        graph += 1
        const { statuses } = await journaled.run({ id: `g${graph}`, subTasks }, init).ended
        check(statuses.every(({ kind }) => kind === 'succeeded'))
      },
    },
  ]
}

function parseStep(json: unknown): { id: string; depends_on: string[] } | undefined {
  const task = parsePlannedTask(json)
  return task && { id: task.id, depends_on: [...task.depends_on] }
}

async function budgets(): Promise<readonly Measured[]> {
  const owner = createBudgetOwner(
    {
      actors: createActorSystem(),
      log: createMemoryEventLog(),
      clock: createSystemClock(),
      random: createSystemRandom(),
      timers: createSystemTimers(),
    },
    { limits: [{ scope: 'tenant:default', window: 'total', limitNanos: amountFromNanos(10n ** 18n) }] },
  )
  await owner.start()
  const request = {
    caller: { tenant: parseTenantId('default') as TenantId },
    taskId: parseTaskId('task-1') as TaskId,
    amountNanos: amountFromNanos(1_000n),
  }
  const spend = async (): Promise<void> => {
    const reservation = await owner.reserve(request)
    await reservation.settle(amountFromNanos(900n))
  }
  const many = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 64 }, spend))
  }
  return [
    { name: 'reserve and settle', note: 'one after another', count: 2_000, per: 1, once: spend },
    { name: 'reserve and settle', note: '64 at once', count: 32, per: 64, once: many },
  ]
}

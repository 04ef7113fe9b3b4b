/**
 * The gateway, with policy, cache, a budget and telemetry on, beside a direct call, a bare forwarding proxy and `@portkey-ai/gateway`, all over the same
 * local upstream, each in a process of its own. Every prompt is distinct, every answer is checked, and upstream calls and records are counted.
 */
import { type Bench, type BenchRow, median, percentile, roundFigure } from '../bench.ts'
import { type Contestant, startKernell, startPortkey, startProxy, startScript } from './contestants.ts'
import { DistinctPrompts } from './distinct-prompts.ts'
import { type LoadResult, runLoad } from './load-client.ts'
import { readCounts } from './read-counts.ts'

type Plan = {
  readonly connections: readonly number[]
  readonly repeats: number
  readonly durationMs: number
  /** Untimed load before each measured time, the same for every contestant. */
  readonly settleMs: number
  readonly warmUpMs: number
}

const FULL: Plan = { connections: [1, 16, 64, 256], repeats: 5, durationMs: 1_500, settleMs: 500, warmUpMs: 3_000 }
const QUICK: Plan = { connections: [1, 16], repeats: 1, durationMs: 150, settleMs: 20, warmUpMs: 300 }

const PORTKEY_NOTE = '@portkey-ai/gateway 1.15.2 with @hono/node-server 1.3.3: later ones break its streaming'

type Case = { readonly connections: number; readonly isStreamed: boolean }
type Sample = { readonly rate: number; readonly p50Ms: number; readonly p99Ms: number; readonly firstMs: number }
type Samples = Map<string, Sample[]>

export const bench: Bench = async ({ isQuick, log }) => {
  const plan = isQuick ? QUICK : FULL
  const upstream = await startScript('./run-upstream.ts')
  const stops = [upstream.stop]
  try {
    const kernell = await startKernell(upstream.port)
    stops.unshift(kernell.stop)
    const proxy = await startProxy(upstream.port)
    stops.unshift(proxy.stop)
    const portkey = await startPortkey(upstream.port)
    if (portkey !== undefined) stops.unshift(portkey.stop)
    const direct: Contestant = { name: 'direct', headerLines: '', model: 'bench-model', ...upstream }
    const contestants = [direct, proxy, kernell, ...(portkey === undefined ? [] : [portkey])]
    const measured = new Measurement({ plan, contestants, upstreamPort: upstream.port, log })
    await measured.warmUp()
    const rows = await measured.distinctRows(kernell)
    rows.push(...(await measured.cacheHitRows(kernell)))
    const why = 'npm install --save-dev @portkey-ai/gateway@1.15.2, with the override @hono/node-server 1.3.3'
    return { rows, skipped: portkey === undefined ? [{ peer: 'portkey', why }] : [] }
  } finally {
    for (const stop of stops) await stop()
  }
}

type MeasurementInit = {
  readonly plan: Plan
  readonly contestants: readonly Contestant[]
  readonly upstreamPort: number
  readonly log: (text: string) => void
}

class Measurement {
  readonly #init: MeasurementInit
  readonly #prompts = new DistinctPrompts(20_260_101)

  constructor(init: MeasurementInit) {
    this.#init = init
  }

  /** Until every contestant has compiled its hot path. */
  async warmUp(): Promise<void> {
    const { contestants, plan, log } = this.#init
    for (const contestant of contestants) {
      log(`warming up ${contestant.name}`)
      for (const isStreamed of [false, true])
        await this.#load(contestant, { connections: 16, isStreamed }, plan.warmUpMs / 2)
    }
  }

  /** Every case for every contestant, interleaved; then the counts of ours. */
  async distinctRows(kernell: Contestant): Promise<BenchRow[]> {
    const { plan, contestants, upstreamPort, log } = this.#init
    const rows: BenchRow[] = []
    let sent = 0
    let reachedUpstream = 0
    const before = await readCounts(kernell.port)
    for (const isStreamed of [false, true]) {
      for (const connections of plan.connections) {
        const samples: Samples = new Map(contestants.map(({ name }) => [name, []]))
        for (let repeat = 0; repeat < plan.repeats; repeat += 1) {
          for (const contestant of contestants) {
            const callsBefore = contestant === kernell ? await readCalls(upstreamPort) : 0
            const result = await this.#load(contestant, { connections, isStreamed }, plan.durationMs)
            samples.get(contestant.name)?.push(sampleOf(result))
            if (contestant !== kernell) continue
            sent += result.requests
            reachedUpstream += (await readCalls(upstreamPort)) - callsBefore
          }
        }
        rows.push(...rowsOf({ connections, isStreamed }, samples), ...addedRows({ connections, isStreamed }, samples))
        log(describe({ connections, isStreamed }, samples))
      }
    }
    const after = await readCounts(kernell.port)
    rows.push(
      countRow(
        'upstream calls per request, every prompt distinct',
        reachedUpstream / sent,
        `${reachedUpstream} calls for ${sent} requests`,
      ),
      countRow(
        'telemetry rows per request',
        (after.telemetryRows - before.telemetryRows) / sent,
        `${after.telemetryRows - before.telemetryRows} rows`,
      ),
      {
        ...countRow(
          'cache hit rate, every prompt distinct',
          (after.cacheHits - before.cacheHits) / sent,
          'policy, cache, a budget and telemetry on',
        ),
        limit: 0.01,
      },
    )
    return rows
  }

  /** The same prompt again and again, once its answer is stored. */
  async cacheHitRows(kernell: Contestant): Promise<BenchRow[]> {
    const { plan, upstreamPort, log } = this.#init
    const rows: BenchRow[] = []
    for (const isStreamed of [false, true]) {
      const body = this.#prompts.next(kernell.model, isStreamed)
      await runLoad({
        ...this.#target(kernell, isStreamed),
        connections: 1,
        durationMs: plan.durationMs,
        settleMs: plan.settleMs,
        nextBody: () => body,
      })
      const callsBefore = await readCalls(upstreamPort)
      for (const connections of plan.connections) {
        const samples: Sample[] = []
        for (let repeat = 0; repeat < plan.repeats; repeat += 1) {
          const result = await runLoad({
            ...this.#target(kernell, isStreamed),
            connections,
            durationMs: plan.durationMs,
            settleMs: plan.settleMs,
            nextBody: () => body,
          })
          samples.push(sampleOf(result))
        }
        rows.push(
          ...rowsOf({ connections, isStreamed }, new Map([['kernell', samples]])).map((row) => ({
            ...row,
            case: `cache hit, ${row.case}`,
            limit: null,
            note: '',
          })),
        )
        log(`cache hit, ${describe({ connections, isStreamed }, new Map([['kernell', samples]]))}`)
      }
      const missed = (await readCalls(upstreamPort)) - callsBefore
      if (missed > 0)
        log(`warning: ${missed} repeated ${isStreamed ? 'streamed' : 'JSON'} requests were not served by the cache`)
    }
    return rows
  }

  async #load(contestant: Contestant, at: Case, durationMs: number): Promise<LoadResult> {
    const nextBody = (): string => this.#prompts.next(contestant.model, at.isStreamed)
    return await runLoad({
      ...this.#target(contestant, at.isStreamed),
      connections: at.connections,
      durationMs,
      settleMs: this.#init.plan.settleMs,
      nextBody,
    })
  }

  #target(
    contestant: Contestant,
    isStreamed: boolean,
  ): { port: number; path: string; headerLines: string; marker: string } {
    const { port, headerLines } = contestant
    return { port, headerLines, path: '/v1/chat/completions', marker: isStreamed ? 'data: [DONE]' : 'Word19' }
  }
}

async function readCalls(upstreamPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${upstreamPort}/__stats`)
  return ((await response.json()) as { readonly calls: number }).calls
}

function sampleOf(result: LoadResult): Sample {
  return {
    rate: result.latenciesMs.length / result.seconds,
    p50Ms: percentile(result.latenciesMs, 0.5),
    p99Ms: percentile(result.latenciesMs, 0.99),
    firstMs: percentile(result.firstsMs, 0.5),
  }
}

function middle(samples: readonly Sample[] | undefined, figure: keyof Sample): number {
  return roundFigure(median((samples ?? []).map((sample) => sample[figure])))
}

const FIGURES = [
  { figure: 'rate', unit: 'requests/s', better: 'higher' },
  { figure: 'p50Ms', unit: 'ms p50', better: 'lower' },
  { figure: 'p99Ms', unit: 'ms p99', better: 'lower' },
] as const

function rowsOf(at: Case, samples: Samples): BenchRow[] {
  const others = [...samples.keys()].filter((name) => name !== 'kernell')
  return FIGURES.map(({ figure, unit, better }) => {
    const peers = Object.fromEntries(others.map((name) => [name, middle(samples.get(name), figure)]))
    const limit = figure === 'rate' ? limitFor(at, peers) : { limit: null, note: '' }
    return { case: nameOf(at), unit, better, ours: middle(samples.get('kernell'), figure), peers, ...limit }
  })
}

/** What a contestant adds to the latency of a direct call, and to the time until a stream has its first word. */
function addedRows(at: Case, samples: Samples): BenchRow[] {
  const direct = samples.get('direct')
  const added = (name: string, figure: keyof Sample): number =>
    roundFigure(middle(samples.get(name), figure) - middle(direct, figure))
  const others = [...samples.keys()].filter((name) => name !== 'kernell' && name !== 'direct')
  const row = (what: string, figure: keyof Sample, limit: Pick<BenchRow, 'limit' | 'note'>): BenchRow => ({
    case: `${nameOf(at)}, ${what}`,
    unit: 'ms',
    better: 'lower',
    ours: added('kernell', figure),
    peers: Object.fromEntries(others.map((name) => [name, added(name, figure)])),
    ...limit,
  })
  const none = { limit: null, note: '' }
  const first = { limit: 2, note: 'until its first word; 2 ms more than the upstream' }
  return [
    row('added latency p50', 'p50Ms', none),
    row('added latency p99', 'p99Ms', none),
    ...(at.isStreamed
      ? [row('added time to the first token p50', 'firstMs', at.connections === 1 ? first : none)]
      : []),
  ]
}

/** With several connections three times the rate of Portkey; with one, 0.8 of the bare proxy. */
function limitFor(at: Case, peers: Readonly<Record<string, number>>): Pick<BenchRow, 'limit' | 'note'> {
  const { proxy, portkey } = peers
  if (at.connections === 1)
    return { limit: proxy === undefined ? null : roundFigure(0.8 * proxy), note: '0.8 of the bare proxy' }
  return {
    limit: portkey === undefined ? null : roundFigure(3 * portkey),
    note: `three times portkey; ${PORTKEY_NOTE}`,
  }
}

function countRow(name: string, ours: number, note: string): BenchRow {
  return { case: name, unit: 'share', better: 'lower', ours: roundFigure(ours), peers: {}, limit: null, note }
}

function nameOf(at: Case): string {
  return `${at.isStreamed ? 'SSE, 20 chunks' : 'JSON'}, ${at.connections} connection${at.connections === 1 ? '' : 's'}`
}

function describe(at: Case, samples: Samples): string {
  const figures = [...samples].map(
    ([name, list]) => `${name} ${middle(list, 'rate')} (${middle(list, 'p50Ms')}/${middle(list, 'p99Ms')} ms)`,
  )
  return `${nameOf(at)}: ${figures.join(', ')}`
}

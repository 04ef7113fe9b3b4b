import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { type Bench, type BenchRow, median, percentile, roundFigure } from '../bench.ts'
import { askHttp, askKernell, type Asker, askRaw, askSocket, BODY_BYTES } from './contestants.ts'
import { askDelegations } from './delegations.ts'
import type { SwarmFigures } from './swarm.ts'

const REPEATS = 5
const IN_FLIGHT = 64
const QUESTIONS = 5_000
const DIALS = 9
/** What the first of them bring is shared by all. */
const IDLE_FIRST = 8
const IDLE_PEERS = 40
/** Nodes of one process that hear of offers, and how many. */
const SWARM_NODES = 50
const SWARM_OFFERS = 40

type Contestant = { readonly name: string; readonly connect: (started: readonly string[]) => Promise<Asker> }
type Figures = {
  readonly perSecond: number[]
  readonly p50Ms: number[]
  readonly p99Ms: number[]
  readonly dialMs: number[]
}

const CONTESTANTS: readonly Contestant[] = [
  { name: 'kernell-noise', connect: async (started) => await askKernell('noise', started) },
  { name: 'raw-noise', connect: async (started) => await askRaw('noise', started) },
  { name: 'gathered-noise', connect: async (started) => await askRaw('noise', started, true) },
  { name: 'kernell-tls', connect: async (started) => await askKernell('tls', started) },
  { name: 'raw-tls', connect: async (started) => await askRaw('tls', started) },
  { name: 'gathered-tls', connect: async (started) => await askRaw('tls', started, true) },
  { name: 'signed-noise', connect: async (started) => await askDelegations('noise', started) },
  { name: 'signed-tls', connect: async (started) => await askDelegations('tls', started) },
  { name: 'tls', connect: async (started) => await askSocket('tls', started) },
  { name: 'tcp', connect: async (started) => await askSocket('tcp', started) },
  { name: 'http', connect: async (started) => await askHttp(started) },
]

/**
 * Questions of 512 bytes that are answered with themselves, 64 in flight, between two processes: our frames beside a libp2p stream that stays open
 * (`lpStream`, one write for each message or one for those of a turn, answers found by a number), and beside TCP, TLS and HTTP without libp2p. The same with messages that both
 * sides sign and check; dials; what an idle peer costs; how long it takes until 50 nodes know a new offer.
 */
export const bench: Bench = async ({ isQuick, log }) => {
  const peers = await Promise.all(CONTESTANTS.map(async ({ name }) => await startPeer(name)))
  try {
    const figures = new Map<string, Figures>()
    for (const { name } of CONTESTANTS) figures.set(name, { perSecond: [], p50Ms: [], p99Ms: [], dialMs: [] })
    await measureQuestions(peers, { figures, questions: isQuick ? 500 : QUESTIONS, repeats: isQuick ? 1 : REPEATS })
    await measureDials(peers, { figures, dials: isQuick ? 1 : DIALS })
    for (const [name, { perSecond, p50Ms, p99Ms }] of figures)
      log(
        `${name} ${roundFigure(median(perSecond))}/s, p50 ${roundFigure(median(p50Ms))}, p99 ${roundFigure(median(p99Ms))} ms`,
      )
    const idle = await idlePeerRow(isQuick ? 2 : IDLE_PEERS)
    const swarm = await swarmRows(isQuick ? 4 : SWARM_NODES, isQuick ? 2 : SWARM_OFFERS)
    const measured = [...rateRows(figures), ...delegationRows(figures), ...latencyRows(figures), ...dialRows(figures)]
    return { rows: [...measured, idle, ...swarm], skipped: [] }
  } finally {
    for (const { child } of peers) child.kill()
  }
}

type Peer = { readonly child: ChildProcess; readonly lines: Interface; readonly started: readonly string[] }

async function startPeer(...args: readonly string[]): Promise<Peer> {
  const file = new URL('run-peer.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const first = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    child.once('exit', () => reject(new Error(`${args.join(' ')} ended`)))
  })
  return { child, lines, started: JSON.parse(first) as readonly string[] }
}

async function measureQuestions(
  peers: readonly Peer[],
  {
    figures,
    questions,
    repeats,
  }: { readonly figures: ReadonlyMap<string, Figures>; readonly questions: number; readonly repeats: number },
): Promise<void> {
  const askers = await Promise.all(
    CONTESTANTS.map(async ({ connect }, index) => await connect(peers[index]?.started ?? [])),
  )
  // The first round compiles.
  for (let repeat = 0; repeat <= repeats; repeat += 1)
    for (const [index, asker] of askers.entries()) {
      const { perSecond, sorted } = await run(asker, questions)
      const into = figures.get(CONTESTANTS[index]?.name ?? '')
      if (repeat === 0 || into === undefined) continue
      into.perSecond.push(perSecond)
      into.p50Ms.push(percentile(sorted, 0.5))
      into.p99Ms.push(percentile(sorted, 0.99))
    }
  for (const asker of askers) await asker.stop()
}

async function run(
  { ask }: Asker,
  questions: number,
): Promise<{ readonly perSecond: number; readonly sorted: Float64Array }> {
  const latencies = new Float64Array(questions)
  let next = 0
  const startedMs = performance.now()
  const work = async (): Promise<void> => {
    while (next < questions) {
      const index = next
      next += 1
      const body = new Uint8Array(BODY_BYTES).fill(index % 251)
      const askedMs = performance.now()
      const answer = await ask(body)
      latencies[index] = performance.now() - askedMs
      if (answer.byteLength !== BODY_BYTES || answer[0] !== index % 251 || answer.at(-1) !== index % 251)
        throw new Error('Not the answer to this question')
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return { perSecond: (questions / (performance.now() - startedMs)) * 1_000, sorted: latencies.toSorted() }
}

/** From the wish to the first answer; the node that dials has been started before. */
async function measureDials(
  peers: readonly Peer[],
  { figures, dials }: { readonly figures: ReadonlyMap<string, Figures>; readonly dials: number },
): Promise<void> {
  for (let dial = 0; dial <= dials; dial += 1)
    for (const [index, { name, connect }] of CONTESTANTS.entries()) {
      const startedMs = performance.now()
      const asker = await connect(peers[index]?.started ?? [])
      await asker.ask(new Uint8Array(BODY_BYTES))
      if (dial > 0) figures.get(name)?.dialMs.push(performance.now() - startedMs)
      await asker.stop()
    }
}

function rateRows(figures: ReadonlyMap<string, Figures>): readonly BenchRow[] {
  const rate = (name: string): number => roundFigure(median(figures.get(name)?.perSecond ?? []))
  return (['noise', 'tls'] as const).map((encryption) => ({
    case: `questions over ${encryption}`,
    unit: 'questions/s',
    better: 'higher',
    ours: rate(`kernell-${encryption}`),
    peers: {
      'libp2p stream': rate(`raw-${encryption}`),
      'with gathered writes': rate(`gathered-${encryption}`),
      TLS: rate('tls'),
      TCP: rate('tcp'),
      HTTP: rate('http'),
    },
    limit: roundFigure(0.9 * Math.max(rate(`raw-${encryption}`), rate(`gathered-${encryption}`))),
    note: `${BODY_BYTES} bytes each way, ${IN_FLIGHT} in flight, two processes`,
  }))
}

/** A task that is asked for and taken over, both in words that are signed and checked. */
function delegationRows(figures: ReadonlyMap<string, Figures>): readonly BenchRow[] {
  return (['noise', 'tls'] as const).map((encryption) => {
    const of = (which: keyof Figures): number => roundFigure(median(figures.get(`signed-${encryption}`)?.[which] ?? []))
    return {
      case: `signed delegations over ${encryption}`,
      unit: 'delegations/s',
      better: 'higher',
      ours: of('perSecond'),
      peers: { unsigned: roundFigure(median(figures.get(`kernell-${encryption}`)?.perSecond ?? [])) },
      limit: null,
      note: `each side signs one message and checks one; p50 ${of('p50Ms')}, p99 ${of('p99Ms')} ms, ${IN_FLIGHT} in flight`,
    }
  })
}

function latencyRows(figures: ReadonlyMap<string, Figures>): readonly BenchRow[] {
  const of = (name: string, which: 'p50Ms' | 'p99Ms'): number => roundFigure(median(figures.get(name)?.[which] ?? []))
  return (['noise', 'tls'] as const).flatMap((encryption) =>
    (['p50Ms', 'p99Ms'] as const).map((which) => ({
      case: `questions over ${encryption}, ${which.slice(0, 3)}`,
      unit: 'ms',
      better: 'lower' as const,
      ours: of(`kernell-${encryption}`, which),
      peers: {
        'libp2p stream': of(`raw-${encryption}`, which),
        'with gathered writes': of(`gathered-${encryption}`, which),
        TLS: of('tls', which),
        TCP: of('tcp', which),
        HTTP: of('http', which),
      },
      limit: null,
      note: `${IN_FLIGHT} in flight`,
    })),
  )
}

function dialRows(figures: ReadonlyMap<string, Figures>): readonly BenchRow[] {
  const dial = (name: string): number => roundFigure(median(figures.get(name)?.dialMs ?? []))
  return (['noise', 'tls'] as const).map((encryption) => ({
    case: `start of a node, dial and first answer, ${encryption}`,
    unit: 'ms',
    better: 'lower',
    ours: dial(`kernell-${encryption}`),
    peers: { 'libp2p stream': dial(`raw-${encryption}`), TLS: dial('tls'), TCP: dial('tcp'), HTTP: dial('http') },
    limit: null,
    note: 'with limits, scores and identification',
  }))
}

/**
 * Memory of a node for each peer that is connected and says nothing. Node and peers are processes of their own, and the first few peers are not counted: what they bring with
 * them is code and tables that all share.
 */
async function idlePeerRow(count: number): Promise<BenchRow> {
  const hub = await startPeer('hub')
  const crowds: Peer[] = []
  try {
    crowds.push(await startPeer('crowd', '0', String(IDLE_FIRST), ...hub.started))
    const before = await heldBy(hub)
    crowds.push(await startPeer('crowd', String(IDLE_FIRST), String(count), ...hub.started))
    const after = await heldBy(hub)
    if (after.peers - before.peers !== count)
      throw new Error(`${after.peers - before.peers} of ${count} peers are connected`)
    return {
      case: 'memory for each idle peer',
      unit: 'KB',
      better: 'lower',
      ours: roundFigure((after.heldBytes - before.heldBytes) / count / 1_000),
      peers: {},
      limit: null,
      note: `${count} peers over noise behind the first ${IDLE_FIRST}, heap and buffers; of the whole process ${roundFigure((after.processBytes - before.processBytes) / count / 1_000)} KB`,
    }
  } finally {
    for (const { child } of [...crowds, hub]) child.kill()
  }
}

/** From the wish of one node to say it until the last of all others, or any of them, knew its new offer. */
async function swarmRows(nodes: number, offers: number): Promise<readonly BenchRow[]> {
  const { child, started } = await startPeer('swarm', String(nodes), String(offers))
  child.kill()
  const { allMs, eachMs } = JSON.parse(started[0] ?? '') as SwarmFigures
  const row = (name: string, times: readonly number[], share: number): BenchRow => ({
    case: `${name}, p${share * 100}`,
    unit: 'ms',
    better: 'lower',
    ours: roundFigure(percentile(Float64Array.from(times).toSorted(), share)),
    peers: {},
    limit: null,
    note: `${offers} offers on signed cards, by gossip; ${nodes} nodes of one process, about six neighbours each`,
  })
  return [
    row('until all nodes know a new offer', allMs, 0.5),
    row('until all nodes know a new offer', allMs, 0.99),
    row('until a node knows a new offer', eachMs, 0.5),
    row('until a node knows a new offer', eachMs, 0.99),
  ]
}

type Held = { readonly peers: number; readonly heldBytes: number; readonly processBytes: number }

async function heldBy({ child, lines }: Peer): Promise<Held> {
  const answer = once(lines, 'line')
  child.stdin?.write('held\n')
  const [line] = await answer
  return JSON.parse(String(line)) as Held
}

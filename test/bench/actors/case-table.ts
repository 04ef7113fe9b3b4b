import { CREATURES } from './programs/chameneos.ts'
import { BIG_ACTORS, WORKERS } from './programs/messages.ts'

/**
 * Who is measured. `direct` is the machine's own pure step without an actor, `erlang-otp` a gen_server below a supervisor where `erlang` is a bare
 * process.
 */
export type Contestant = 'kernell' | 'xstate' | 'nact' | 'erlang' | 'erlang-otp' | 'direct'

/** One figure of a case as a row. */
export type CaseRow = {
  /** The case as the row shows it. */
  readonly title: string
  /** A figure that the programs give. */
  readonly figure: string
  /** When given, the row is ours divided by this contestant's, and nobody stands beside it. */
  readonly dividedBy?: Contestant
  readonly unit: string
  readonly better: 'higher' | 'lower'
  readonly limit: number | null
}

export type BenchCase = {
  readonly name: string
  /** Units of work per contestant; who is absent has no such program. Sized to about half a second. */
  readonly sizes: Partial<Readonly<Record<Contestant, number>>>
  readonly quickSize: number
  /** What must be counted at a size. Default the size itself. */
  readonly expected?: (size: number) => number
  /** How much arrives is what is measured: it need not be all. */
  readonly isPartial?: true
  readonly rows: readonly CaseRow[]
  readonly note: string
}

const rate = (title: string, what: string, limit: number | null): readonly CaseRow[] => [
  { title, figure: 'rate', unit: `${what}/CPU-s`, better: 'higher', limit },
]

const below = (title: string, figure: string, unit: string, limit: number | null): CaseRow => ({
  title,
  figure,
  unit,
  better: 'lower',
  limit,
})

const upTo = (size: number, step: number): number => Math.ceil(size / step) * step

const MESSAGES: readonly BenchCase[] = [
  {
    name: 'ping-pong',
    sizes: { kernell: 10_000_000, xstate: 10_000_000, nact: 500_000, erlang: 3_000_000 },
    quickSize: 20_000,
    rows: rate('ping-pong', 'messages', 10_000_000),
    note: 'two actors',
  },
  {
    name: 'thread-ring',
    sizes: { kernell: 8_000_000, xstate: 8_000_000, nact: 500_000, erlang: 3_000_000 },
    quickSize: 20_000,
    rows: rate('thread-ring', 'messages', 10_000_000),
    note: '503 actors, one token',
  },
  {
    name: 'counting',
    sizes: { kernell: 5_000_000, xstate: 8_000_000, nact: 300_000, erlang: 8_000_000 },
    quickSize: 20_000,
    rows: rate('counting', 'messages', 5_000_000),
    note: 'mailbox of 65,536 with the policy credit; the peers have no bound',
  },
  {
    name: 'fork-join-throughput',
    sizes: { kernell: 3_000_000, xstate: 6_000_000, nact: 600_000, erlang: 4_000_000 },
    quickSize: 20_000,
    expected: (size) => upTo(size, WORKERS),
    rows: rate('fork-join-throughput', 'messages', null),
    note: '60 actors, 10,000 messages each sent from outside before they are awaited',
  },
  {
    name: 'chameneos',
    sizes: { kernell: 1_000_000, xstate: 500_000, nact: 100_000, erlang: 500_000 },
    quickSize: 5_000,
    expected: (meetings) => 4 * meetings + 3 * CREATURES,
    rows: rate('chameneos', 'messages', null),
    note: '100 creatures and a mall',
  },
  {
    name: 'big',
    sizes: { kernell: 4_000_000, xstate: 3_000_000, nact: 500_000, erlang: 3_000_000 },
    quickSize: 20_000,
    expected: (size) => upTo(size, 2 * BIG_ACTORS),
    rows: rate('big', 'messages', null),
    note: '100 actors, each pings random others and waits',
  },
]

const LIFECYCLES: readonly BenchCase[] = [
  {
    name: 'fork-join-create',
    sizes: { kernell: 300_000, xstate: 150_000, nact: 40_000, erlang: 400_000 },
    quickSize: 2_000,
    rows: rate('fork-join-create', 'actors', null),
    note: 'each handles one message and ends itself',
  },
  {
    name: 'skynet',
    sizes: { kernell: 1_000_000, xstate: 1_000_000, nact: 100_000, erlang: 1_000_000 },
    quickSize: 1_000,
    rows: rate('skynet', 'leaves', null),
    note: '1,000,000 leaves in a tree of ten children each; nact 100,000',
  },
  {
    name: 'spawn-stop',
    sizes: { kernell: 400_000, xstate: 200_000, nact: 60_000, erlang: 400_000, 'erlang-otp': 100_000 },
    quickSize: 2_000,
    rows: rate('spawn-stop', 'actors', 600_000),
    note: 'spawned, started, ended, gone; erlang-otp: gen_server below a supervisor',
  },
  {
    name: 'spawn-siblings',
    sizes: { kernell: 100_000, xstate: 1_000, erlang: 100_000 },
    quickSize: 500,
    rows: [
      below('spawn-siblings spawn', 'spawn', 'x', 1.5),
      below('spawn-siblings stop', 'stop', 'x', 1.5),
      below('spawn-siblings timer', 'timer', 'x', 1.5),
      below('spawn-siblings spawn, beside many', 'spawnNanoseconds', 'ns', null),
      below('spawn-siblings stop, beside many', 'stopNanoseconds', 'ns', null),
      below('spawn-siblings timer, beside many', 'timerNanoseconds', 'ns', null),
    ],
    note: 'cost beside 100,000 siblings with timers over cost beside 100; xstate beside 1,000',
  },
  {
    name: 'spawn-child',
    sizes: { kernell: 2_000, xstate: 2_000 },
    quickSize: 200,
    rows: [below('spawn-child', 'microseconds', 'us', null)],
    note: "XState's spawnChild and stopChild in a machine, beside 2,000 siblings",
  },
]

const idle = (kind: string, limit: number, peers: BenchCase['sizes']): readonly BenchCase[] => [
  {
    name: `idle-${kind}`,
    sizes: { kernell: 100_000, ...peers },
    quickSize: 2_000,
    rows: [
      below(`idle-bytes ${kind}`, 'bytes', 'B', limit),
      below(`idle-bytes ${kind}, after a message`, 'bytesTouched', 'B', limit),
    ],
    note: 'heap and external after gc, 100,000 actors',
  },
]

const million = (kind: string): BenchCase => ({
  name: `idle-${kind}`,
  sizes: { kernell: 1_000_000 },
  quickSize: 2_000,
  rows: [
    below(`idle-bytes ${kind}, a million alive`, 'megabytes', 'MB', 1_000),
    below(`idle-bytes ${kind}, a million alive, RSS`, 'rssMegabytes', 'MB', null),
  ],
  note: 'heap and external after gc',
})

const MEMORY: readonly BenchCase[] = [
  ...idle('flat', 400, { xstate: 50_000 }),
  ...idle('transition', 400, { xstate: 50_000, nact: 50_000, erlang: 100_000 }),
  ...idle('statechart', 900, { xstate: 50_000 }),
  ...idle('hosted', 900, { xstate: 50_000 }),
  million('flat'),
  million('statechart'),
  million('hosted'),
]

const step = (name: string, note: string): BenchCase => ({
  name,
  sizes: { kernell: 300_000, xstate: 300_000, direct: 300_000 },
  quickSize: 6_000,
  expected: (size) => upTo(size, 6),
  rows: [
    below(name, 'nanoseconds', 'ns', null),
    { ...below(`${name} over machine.transition`, 'nanoseconds', 'x', 1.2), dividedBy: 'direct' },
    { ...below(`${name} over createActor().send`, 'nanoseconds', 'x', 0.5), dividedBy: 'xstate' },
  ],
  note,
})

const STEPS: readonly BenchCase[] = [
  step('statechart-step', 'hierarchical machine; direct: machine.transition(snapshot, event, scope)'),
  step('hosted-step', "the same with a state that invokes a child, which makes it one for XState's own step"),
  {
    name: 'compiled-step',
    sizes: { kernell: 4_000_000, xstate: 300_000, direct: 300_000, erlang: 2_000_000 },
    quickSize: 6_000,
    expected: (size) => upTo(size, 4),
    rows: [below('compiled-step', 'nanoseconds', 'ns', 150)],
    note: 'flat machine with a guard and assigns; erlang: gen_statem',
  },
]

const BEHAVIOUR: readonly BenchCase[] = [
  {
    name: 'million-hops',
    sizes: { kernell: 1_000_000, xstate: 10_000, nact: 100_000, erlang: 1_000_000 },
    quickSize: 10_000,
    isPartial: true,
    rows: [
      { title: 'million-hops', figure: 'count', unit: 'hops', better: 'higher', limit: 1_000_000 },
      below('million-hops stack', 'framesGrown', 'frames', 0),
    ],
    note: 'hops that arrived, of a chain of 1,000,000 actors; xstate of 10,000, nact of 100,000',
  },
  {
    name: 'flood-delay',
    sizes: { kernell: 2_000, xstate: 2_000, nact: 2_000, erlang: 2_000 },
    quickSize: 100,
    rows: [below('flood-delay p99', 'p99', 'ms', 10), below('flood-delay p50', 'p50', 'ms', null)],
    note: 'one actor has 10,000 messages waiting for 2 s; delay of messages to others from when they are due',
  },
]

export const CASES: readonly BenchCase[] = [...MESSAGES, ...LIFECYCLES, ...MEMORY, ...STEPS, ...BEHAVIOUR]

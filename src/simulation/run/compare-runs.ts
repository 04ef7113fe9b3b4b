import { CodedError } from '../../base/errors.ts'
import { RecordWriter } from '../record/record-writer.ts'
import type { TracedEvent } from '../record/run-recorder.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { type Difference, firstDifference, NEIGHBOURS } from './compare-traces.ts'
import { type RunInit, runScenario } from './run-scenario.ts'

/** Plays once, from the beginning, and tells of each event; it may end behind `eventsMax` of them. @returns What the run's end is known by. */
export type PlayOnce = (init: {
  readonly onEvent: (event: TracedEvent) => void
  readonly eventsMax?: number
}) => Promise<string>

/**
 * How two runs of a seed compare. `same`: nothing differs. `event`: the first event that does, with its neighbours. `end`: no event
 * differs, but what the runs are known by at their end does, which is then `first` and `second`.
 */
export type Comparison =
  | { readonly kind: 'same'; readonly events: number }
  | ({ readonly kind: 'event' } & Difference<TracedEvent>)
  /** All events are the same, and what came of them is not. */
  | { readonly kind: 'end'; readonly events: number; readonly first: string; readonly second: string }

/** Events between two marks at first; twice as many whenever there are too many marks. */
const SPAN_FIRST = 1_024
const MARKS_MAX = 4_096
/** What differs otherwise each time is looked for so often. */
const PLAYS_MAX = 8

/**
 * Plays a scenario twice and names the first event in which the two runs differ. It keeps a mark of every so many events and plays again for those between two marks, so that a run
 * of any length takes little memory.
 *
 * @throws As `runScenario`; `SIMULATION_UNSTEADY` where runs differ, and each time somewhere else.
 */
export async function compareScenarioRuns<Options>(
  scenario: Scenario<Options>,
  init: Omit<RunInit, 'onEvent' | 'eventsMax'>,
): Promise<Comparison> {
  return await compareRuns(async (observed) => (await runScenario(scenario, { ...init, ...observed })).hash)
}

/** As `compareScenarioRuns`, of anything that can be played. */
export async function compareRuns(play: PlayOnce): Promise<Comparison> {
  let held = await playMarked(play, { spanEvents: SPAN_FIRST, isGrowing: true })
  for (let plays = 1; plays < PLAYS_MAX; plays += 1) {
    const next = await playMarked(play, { spanEvents: held.spanEvents, against: held })
    const found = parting(held, next)
    if (found !== undefined) return found
    // What is known of the place where they part is what the last run did there.
    if (next.parts !== undefined) held = next
    else if (held.parts === undefined) return ends(held, next)
  }
  throw new CodedError('SIMULATION_UNSTEADY', {
    message: `Runs of one seed differ, and each of ${PLAYS_MAX} somewhere else`,
  })
}

type Marked = {
  readonly spanEvents: number
  readonly marks: readonly string[]
  readonly events: number
  readonly end: string
  /** The span in which it parted from another run, with the events before it and in it. */
  readonly parts:
    | { readonly span: number; readonly before: readonly TracedEvent[]; readonly inside: readonly TracedEvent[] }
    | undefined
}

type MarkedInit = {
  readonly spanEvents: number
  readonly isGrowing?: boolean
  readonly against?: Marked
  readonly eventsMax?: number
}

async function playMarked(play: PlayOnce, init: Omit<MarkedInit, 'eventsMax'>): Promise<Marked> {
  const span = init.against?.parts?.span
  // Nothing behind the place where they part is of interest.
  const eventsMax = span === undefined ? undefined : (span + 1) * init.spanEvents + NEIGHBOURS
  const marker = new Marker({ ...init, ...(eventsMax !== undefined && { eventsMax }) })
  const end = await play({ onEvent: (event) => marker.add(event), ...(eventsMax !== undefined && { eventsMax }) })
  return marker.marked(end)
}

/** Two runs of which both know what they did in the span in which they part. */
function parting(held: Marked, next: Marked): Comparison | undefined {
  if (held.parts === undefined || next.parts?.span !== held.parts.span) return undefined
  const [one, other] = [held.parts.inside, next.parts.inside]
  const at = firstDifference(one, other, isSame)
  if (at === undefined) return undefined
  const before = [...held.parts.before, ...one.slice(0, at)].slice(-NEIGHBOURS)
  return {
    kind: 'event',
    index: held.parts.span * held.spanEvents + at,
    first: one[at],
    second: other[at],
    before,
    afterFirst: one.slice(at + 1, at + 1 + NEIGHBOURS),
    afterSecond: other.slice(at + 1, at + 1 + NEIGHBOURS),
  }
}

function ends(held: Marked, next: Marked): Comparison {
  const { events } = next
  if (held.end === next.end) return { kind: 'same', events }
  return { kind: 'end', events, first: held.end, second: next.end }
}

/** Marks one run, and looks where it parts from another one. */
class Marker {
  private readonly init: MarkedInit
  private spanEvents: number
  private marks: string[] = []
  private readonly writer = new RecordWriter()
  private before: TracedEvent[] = []
  private inside: TracedEvent[] = []
  private events = 0
  private parts: number | undefined

  constructor(init: MarkedInit) {
    this.init = init
    this.spanEvents = init.spanEvents
  }

  add(event: TracedEvent): void {
    const { writer } = this
    this.events += 1
    writer.name(event.address)
    writer.name(event.type)
    writer.double(event.atMs)
    writer.text(event.digest)
    // The first run is not looked at.
    if (
      this.init.against !== undefined &&
      (this.parts === undefined || this.inside.length < this.spanEvents + NEIGHBOURS)
    )
      this.inside.push(event)
    if (this.events % this.spanEvents === 0) this.mark()
  }

  marked(end: string): Marked {
    const { against, eventsMax = Number.POSITIVE_INFINITY } = this.init
    const isCut = this.events >= eventsMax
    if (!isCut && this.events % this.spanEvents !== 0) this.mark()
    // It was over before the other one.
    if (!isCut && against !== undefined && this.parts === undefined && this.events < against.events)
      this.parts = this.marks.length
    const { before, inside, marks, events, spanEvents, parts: span } = this
    return { spanEvents, marks, events, end, parts: span === undefined ? undefined : { span, before, inside } }
  }

  private mark(): void {
    const mark = this.writer.hex()
    const { against } = this.init
    this.marks.push(mark)
    if (against === undefined) {
      this.thinOut()
      return
    }
    if (this.parts !== undefined) return
    if (against.marks[this.marks.length - 1] === mark) {
      this.before = this.inside.slice(-NEIGHBOURS)
      this.inside = []
    } else this.parts = this.marks.length - 1
  }

  private thinOut(): void {
    if (this.init.isGrowing !== true || this.marks.length < MARKS_MAX) return
    this.marks = this.marks.filter((_, at) => at % 2 === 1)
    this.spanEvents *= 2
  }
}

function isSame(one: TracedEvent, other: TracedEvent): boolean {
  return (
    one.atMs === other.atMs && one.address === other.address && one.type === other.type && one.digest === other.digest
  )
}

import {
  AWAKE,
  HEAD,
  NO_DEFECT,
  PARKED,
  READER_STATE,
  RECORDS,
  RUNG,
  SLOTS,
  TAIL,
  WISH,
  WRITER_STATE,
} from './ring-model.ts'
import type { BufferedStore, Ordering, RingDefect, RingState, Step, ThreadState } from './ring-model.ts'

export type RingExploration = {
  readonly states: number
  readonly edges: number
  /** False when `statesMax` stopped it. */
  readonly isComplete: boolean
  /** What went wrong, each with the shortest way there. */
  readonly failures: readonly string[]
  /** Every state in the order of discovery. */
  readonly visited: readonly string[]
}

type World = { readonly messages: number; readonly defect: RingDefect }
type Who = 'writer' | 'reader'
type Found = { readonly state: RingState; readonly from: Found | undefined; readonly by: string }

const FAILURES_MAX = 5
const BEGUN = { wait: 'none', isHurried: false, count: 0, shown: 0, known: 0, buffer: [] } as const

/** Visits every state that `messages` records through a ring of two slots can lead to, and judges each. */
export function exploreRing(init: {
  readonly messages: number
  readonly statesMax: number
  readonly defect?: Partial<RingDefect>
}): RingExploration {
  const world: World = { messages: init.messages, defect: { ...NO_DEFECT, ...init.defect } }
  const start: RingState = {
    memory: Array.from({ length: RECORDS + 2 * SLOTS }, () => 0),
    writer: { step: 'W1', afterwards: 'W1', ...BEGUN },
    reader: { step: 'R1', afterwards: 'R1', ...BEGUN },
    spurious: 1,
    hurries: 2,
    fault: '',
  }
  const known = new Set<string>([keyOf(start)])
  const queue: Found[] = [{ state: start, from: undefined, by: '' }]
  const failures: string[] = []
  let edges = 0
  for (let head = 0; head < queue.length && failures.length < FAILURES_MAX; head += 1) {
    const found = queue[head]
    if (found === undefined) break
    const successors = found.state.fault === '' ? successorsOf(found.state, world) : []
    // What need not happen is no way out.
    const isStuck = !successors.some(({ isOptional }) => !isOptional)
    const failure = found.state.fault === '' && isStuck ? judgeEnd(found.state, world) : found.state.fault
    if (failure !== '') failures.push(`${failure}; ${traceOf(found)}`)
    for (const { state, by } of successors) {
      edges += 1
      const key = keyOf(state)
      if (known.has(key) || known.size >= init.statesMax) continue
      known.add(key)
      queue.push({ state, from: found, by })
    }
  }
  return { states: known.size, edges, isComplete: known.size < init.statesMax, failures, visited: [...known] }
}

function keyOf(state: RingState): string {
  return JSON.stringify(state)
}

/** Nothing more can happen: everything must have arrived. */
function judgeEnd({ writer, reader }: RingState, { messages }: World): string {
  if (writer.step === 'done' && reader.step === 'asleep' && reader.count === messages) return ''
  return `lost wake: writer ${writer.step} after ${writer.count}, reader ${reader.step} after ${reader.count}`
}

function traceOf(found: Found): string {
  const steps: string[] = []
  for (let at: Found | undefined = found; at !== undefined && at.by !== ''; at = at.from) steps.push(at.by)
  return steps.toReversed().join(' ')
}

type Successor = { readonly state: RingState; readonly by: string; readonly isOptional: boolean }

function successorsOf(state: RingState, world: World): readonly Successor[] {
  const all: Successor[] = []
  for (const who of ['writer', 'reader'] as const) {
    const thread = state[who]
    const mark = who === 'writer' ? 'w' : 'r'
    for (const next of stepThread(state, who, world)) {
      all.push({ state: next, by: `${mark}:${thread.step}`, isOptional: false })
    }
    for (const [by, next] of happeningsOf(state, who, world)) {
      all.push({ state: next, by: `${mark}:${by}`, isOptional: by !== 'woken' })
    }
    for (const [index, [place, value]] of thread.buffer.entries()) {
      if (!mayReachMemory(thread.buffer, index)) continue
      const buffer = thread.buffer.toSpliced(index, 1)
      const reached = goOn(withMemory(state, place, value), who, { buffer })
      all.push({ state: reached, by: `${mark}:memory[${place}]`, isOptional: false })
    }
  }
  return all
}

/** What comes to a thread from outside, where its code lets something else run: asleep, or between two rounds. */
function happeningsOf(state: RingState, who: Who, { defect }: World): readonly (readonly [string, RingState])[] {
  const { step, wait } = state[who]
  const isAsleep = step === 'asleep'
  if (!isAsleep && step !== 'W1' && step !== 'R1') return []
  const all: (readonly [string, RingState])[] = []
  // The state becomes AWAKE, whether the thread slept or not.
  const up = { step: 'P5', wait: 'none' } as const
  if (wait === 'fired') {
    const isDropped = defect.dropsOldWakes && isAsleep && state[who].isHurried
    all.push(['woken', goOn(state, who, isDropped ? { wait: 'none' } : up)])
  }
  if (wait === 'listed' && state.spurious > 0) {
    all.push(['spurious', goOn({ ...state, spurious: state.spurious - 1 }, who, { wait: 'fired' })])
  }
  if (isAsleep && state.hurries > 0) {
    all.push(['hurry', goOn({ ...state, hurries: state.hurries - 1 }, who, { step: 'P5', isHurried: true })])
  }
  return all
}

/** Stores to one place stay in order, and a release waits for everything before it. */
function mayReachMemory(buffer: readonly BufferedStore[], index: number): boolean {
  const store = buffer[index]
  if (store === undefined) return false
  const [place, , ordering] = store
  if (ordering === 'release') return index === 0
  return buffer.slice(0, index).every(([earlier]) => earlier !== place)
}

function withMemory(state: RingState, place: number, value: number): RingState {
  return { ...state, memory: state.memory.with(place, value) }
}

function goOn(state: RingState, who: Who, patch: Partial<ThreadState>): RingState {
  return { ...state, [who]: { ...state[who], ...patch } }
}

function load(state: RingState, who: Who, place: number): number {
  const own = state[who].buffer.findLast(([at]) => at === place)
  return own?.[1] ?? state.memory[place] ?? 0
}

type Store = { readonly place: number; readonly value: number; readonly ordering: Ordering }

/** Nothing when the store has to wait for the buffer. */
function store(state: RingState, who: Who, { place, value, ordering }: Store): RingState | undefined {
  const { buffer } = state[who]
  if (ordering !== 'fenced') return goOn(state, who, { buffer: [...buffer, [place, value, ordering]] })
  return buffer.length === 0 ? withMemory(state, place, value) : undefined
}

/** The states after the thread's next step; none when it sleeps, has ended, or waits for its own buffer. */
function stepThread(state: RingState, who: Who, world: World): readonly RingState[] {
  const { step } = state[who]
  switch (step) {
    case 'W1':
    case 'W1-look':
    case 'W2':
    case 'W2-second':
    case 'W3':
      return stepWriter(state, step, world)
    case 'R1':
    case 'R2':
    case 'R2-second':
    case 'R3':
    case 'R4':
    case 'R5':
      return stepReader(state, step, world)
    case 'B1':
    case 'B2':
    case 'B3':
      return stepBell(state, who, step)
    case 'P1':
    case 'P2':
    case 'F1':
    case 'F2':
    case 'P3':
    case 'asleep':
    case 'P5':
      return stepSleep({ state, who, step, world })
    case 'done':
      return []
  }
}

type WriterStep = Extract<Step, `W${string}`>

function stepWriter(state: RingState, step: WriterStep, world: World): readonly RingState[] {
  const { writer } = state
  const { defect } = world
  const go = (patch: Partial<ThreadState>, from: RingState = state): RingState[] => [goOn(from, 'writer', patch)]
  const place = RECORDS + 2 * (writer.count % SLOTS)
  switch (step) {
    case 'W1': {
      if (writer.count === world.messages) return go({ step: writer.shown < writer.count ? 'W3' : 'done' })
      if (writer.count - writer.known >= defect.slotsBelieved) return go({ step: 'W1-look' })
      return go(defect.isPublishFirst ? { step: 'W3', afterwards: 'W2' } : { step: 'W2' })
    }
    case 'W1-look': {
      const known = load(state, 'writer', HEAD)
      if (writer.count - known < defect.slotsBelieved) return go({ step: 'W1', known })
      const isHidden = writer.shown < writer.count && defect.publishesBeforeSleep
      return go({ step: isHidden ? 'W3' : sleepSteps('writer', defect)[0], known })
    }
    case 'W2': {
      const written = store(state, 'writer', { place, value: writer.count + 1, ordering: 'plain' })
      return written === undefined ? [] : go({ step: 'W2-second' }, written)
    }
    case 'W2-second': {
      const count = writer.count + 1
      const written = store(state, 'writer', { place: place + 1, value: count, ordering: 'plain' })
      if (written === undefined) return []
      // A batch may be shown now, or grow.
      const grown = go({ step: 'W1', count }, written)
      return defect.isPublishFirst ? grown : [...grown, ...go({ step: 'W3', count }, written)]
    }
    case 'W3': {
      const shown = defect.isPublishFirst ? writer.count + 1 : writer.count
      const written = store(state, 'writer', { place: TAIL, value: shown, ordering: defect.publish })
      return written === undefined ? [] : go({ step: 'B1', shown }, written)
    }
  }
}

type ReaderStep = Extract<Step, `R${string}`>

function stepReader(state: RingState, step: ReaderStep, world: World): readonly RingState[] {
  const { reader } = state
  const { defect } = world
  const go = (patch: Partial<ThreadState>, from: RingState = state): RingState[] => [goOn(from, 'reader', patch)]
  const place = RECORDS + 2 * (reader.count % SLOTS)
  const due = reader.count + 1
  switch (step) {
    case 'R1': {
      const known = reader.known === reader.count ? load(state, 'reader', TAIL) : reader.known
      if (known !== reader.count)
        return go(defect.isReleaseFirst ? { step: 'R3', afterwards: 'R2', known } : { step: 'R2', known })
      const isHeld = reader.shown < reader.count && defect.releasesBeforeSleep
      return go({ step: isHeld ? 'R3' : sleepSteps('reader', defect)[0], afterwards: 'R1', known })
    }
    case 'R2': {
      const seen = load(state, 'reader', place)
      return seen === due ? go({ step: 'R2-second' }) : [{ ...state, fault: `record ${due} read as ${seen}` }]
    }
    case 'R2-second': {
      const seen = load(state, 'reader', place + 1)
      if (seen !== due) return [{ ...state, fault: `record ${due} torn: its second half is ${seen}` }]
      // Room may be given back now, or with the next record.
      const grown = go({ step: 'R1', count: due })
      return defect.isReleaseFirst ? grown : [...grown, ...go({ step: 'R3', afterwards: 'R1', count: due })]
    }
    case 'R3': {
      const shown = defect.isReleaseFirst && reader.afterwards === 'R2' ? due : reader.count
      const written = store(state, 'reader', { place: HEAD, value: shown, ordering: defect.release })
      return written === undefined ? [] : go({ step: 'R4', shown }, written)
    }
    case 'R4': {
      if (load(state, 'reader', WISH) === 0) return go({ step: reader.afterwards })
      return go(defect.isBellFirst ? { step: 'B1', afterwards: 'R5' } : { step: 'R5' })
    }
    case 'R5': {
      const written = store(state, 'reader', { place: WISH, value: 0, ordering: 'fenced' })
      if (written === undefined) return []
      return go(defect.isBellFirst ? { step: 'R1' } : { step: 'B1' }, written)
    }
  }
}

/** W4 and R6: the bell of the other thread. */
function stepBell(state: RingState, who: Who, step: 'B1' | 'B2' | 'B3'): readonly RingState[] {
  const other = who === 'writer' ? 'reader' : 'writer'
  const word = other === 'reader' ? READER_STATE : WRITER_STATE
  const thread = state[who]
  if (step === 'B1') return [goOn(state, who, { step: load(state, who, word) === PARKED ? 'B2' : thread.afterwards })]
  // What changes and what wakes take a lock, and with it a fence.
  if (thread.buffer.length > 0) return []
  if (step === 'B3') {
    const isHeard = state[other].wait === 'listed'
    return [goOn(isHeard ? goOn(state, other, { wait: 'fired' }) : state, who, { step: thread.afterwards })]
  }
  if (state.memory[word] !== PARKED) return [goOn(state, who, { step: thread.afterwards })]
  return [goOn(withMemory(state, word, RUNG), who, { step: 'B3' })]
}

function sleepSteps(who: Who, defect: RingDefect): readonly [Step, ...Step[]] {
  if (who === 'reader') {
    if (!defect.hasReaderRecheck) return ['P1', 'P3']
    return defect.isRecheckFirst ? ['P2', 'P1', 'P3'] : ['P1', 'P2', 'P3']
  }
  if (!defect.hasWriterRecheck) return ['P1', 'F1', 'P3']
  return defect.isWishFirst ? ['F1', 'P1', 'F2', 'P3'] : ['P1', 'F1', 'F2', 'P3']
}

type SleepStep = 'P1' | 'P2' | 'F1' | 'F2' | 'P3' | 'asleep' | 'P5'
type Sleep = { readonly state: RingState; readonly who: Who; readonly step: SleepStep; readonly world: World }

function stepSleep({ state, who, step, world }: Sleep): readonly RingState[] {
  const { defect } = world
  const thread = state[who]
  const word = who === 'writer' ? WRITER_STATE : READER_STATE
  const isCareless = thread.isHurried && defect.hurriesPastRecheck
  const steps = sleepSteps(who, isCareless ? { ...defect, hasReaderRecheck: false, hasWriterRecheck: false } : defect)
  const next = steps[steps.indexOf(step) + 1] ?? 'asleep'
  const written = (place: number, value: number, ordering: Ordering): readonly RingState[] => {
    const after = store(state, who, { place, value, ordering })
    const awake = who === 'writer' ? 'W1' : 'R1'
    return after === undefined ? [] : [goOn(after, who, { step: step === 'P5' ? awake : next, afterwards: awake })]
  }
  switch (step) {
    case 'P1':
      return written(word, PARKED, defect.announce)
    case 'F1':
      return written(WISH, 1, defect.wish)
    case 'P5':
      return written(word, AWAKE, 'fenced')
    case 'P2':
      return [goOn(state, who, { step: load(state, who, TAIL) === thread.count ? next : 'P5' })]
    case 'F2': {
      const known = load(state, who, HEAD)
      return [goOn(state, who, { step: thread.count - known < defect.slotsBelieved ? 'P5' : next, known })]
    }
    case 'P3': {
      // A wait that is left from before is this one too.
      if (thread.wait !== 'none') return [goOn(state, who, { step: 'asleep' })]
      if (thread.buffer.length > 0) return []
      const isParked = state.memory[word] === PARKED || !defect.comparesInWait
      const asleep = { step: 'asleep', wait: 'listed', isHurried: false } as const
      return [goOn(state, who, isParked ? asleep : { step: 'P5' })]
    }
    case 'asleep':
      return []
  }
}

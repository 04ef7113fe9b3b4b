/**
 * The flow of items through stages, as a pure machine. Every place is bounded; an item that finds the next one full stays
 * where it is and keeps its worker, so that the stages before it fill up, and at last the producers wait.
 *
 * ```text
 * producers --> buffer 0 --> workers 0 --> buffer 1 --> workers 1 --> ... --> out
 * ```
 */
export type FlowLimits = {
  /** Items that wait before each stage, 1 or more. */
  readonly bufferMax: number
  /** Workers of each stage, 1 or more, by stage. */
  readonly workers: readonly number[]
}

export type FlowItem = {
  /** The producer's id of the item, and with it the number of each piece that it was split into: `a`, `a.2`, `a.2.1`. */
  readonly id: string
  readonly value: unknown
}

type Stage = {
  readonly buffer: readonly FlowItem[]
  readonly running: readonly string[]
  /** What workers have made and the next stage has no room for; each worker that is here takes no other item. */
  readonly stuck: readonly (readonly FlowItem[])[]
}

export type FlowState = {
  readonly limits: FlowLimits
  readonly stages: readonly Stage[]
  /** Items of producers that wait for room, in order. */
  readonly waiting: readonly FlowItem[]
  readonly delivered: number
  readonly failed: number
}

export type FlowEvent =
  | { readonly type: 'item-offered'; readonly item: FlowItem }
  | { readonly type: 'work-done'; readonly stage: number; readonly id: string; readonly items: readonly FlowItem[] }
  | { readonly type: 'work-failed'; readonly stage: number; readonly id: string }

export type FlowEffect =
  /** The item has a place: its producer may offer the next one. */
  | { readonly type: 'accept-item'; readonly id: string }
  | { readonly type: 'start-work'; readonly stage: number; readonly item: FlowItem }
  | { readonly type: 'deliver-item'; readonly item: FlowItem }

export type FlowStep = { readonly state: FlowState; readonly effects: readonly FlowEffect[] }

export function openFlow(limits: FlowLimits): FlowState {
  const stages = limits.workers.map(() => ({ buffer: [], running: [], stuck: [] }))
  return { limits, stages, waiting: [], delivered: 0, failed: 0 }
}

/** Total: work that nobody does changes nothing. */
export function stepFlow(state: FlowState, event: FlowEvent): FlowStep {
  switch (event.type) {
    case 'item-offered':
      return advance({ ...state, waiting: [...state.waiting, event.item] })
    case 'work-done':
      return endWork(state, event, event.items)
    case 'work-failed': {
      const step = endWork(state, event, [])
      return { ...step, state: { ...step.state, failed: step.state.failed + 1 } }
    }
  }
}

/** Whether nothing is under way. */
export function isFlowEmpty({ waiting, stages }: FlowState): boolean {
  return waiting.length === 0 && stages.every((stage) => stage.buffer.length === 0 && busyIn(stage) === 0)
}

/** Names of broken invariants; empty when sound. */
export function flowViolations({ limits, stages }: FlowState): readonly string[] {
  return stages.flatMap((stage, index) => [
    ...(stage.buffer.length > limits.bufferMax ? [`buffer ${index} holds more than it may`] : []),
    ...(busyIn(stage) > (limits.workers[index] ?? 0) ? [`stage ${index} has more workers than it may`] : []),
  ])
}

function busyIn({ running, stuck }: Stage): number {
  return running.length + stuck.length
}

function endWork(
  state: FlowState,
  { stage: index, id }: { readonly stage: number; readonly id: string },
  items: readonly FlowItem[],
): FlowStep {
  const stage = state.stages[index]
  if (stage === undefined || !stage.running.includes(id)) return { state, effects: [] }
  const ended: Stage = {
    ...stage,
    running: stage.running.filter((each) => each !== id),
    stuck: items.length === 0 ? stage.stuck : [...stage.stuck, items],
  }
  return advance({ ...state, stages: state.stages.with(index, ended) })
}

/** Moves everything that can move, from the end to the beginning, until nothing can. */
function advance(state: FlowState): FlowStep {
  const draft = { stages: [...state.stages], waiting: [...state.waiting], effects: [] as FlowEffect[], delivered: 0 }
  for (let hasMoved = true; hasMoved;) {
    hasMoved = false
    for (let index = draft.stages.length - 1; index >= 0; index -= 1) {
      hasMoved = unstick(draft, state.limits, index) || hasMoved
      hasMoved = startWork(draft, state.limits, index) || hasMoved
    }
    hasMoved = admit(draft, state.limits) || hasMoved
  }
  const { stages, waiting, effects, delivered } = draft
  return { state: { ...state, stages, waiting, delivered: state.delivered + delivered }, effects }
}

type Draft = {
  readonly stages: Stage[]
  readonly waiting: FlowItem[]
  readonly effects: FlowEffect[]
  delivered: number
}

/** Hands finished items on. */
function unstick(draft: Draft, { bufferMax }: FlowLimits, index: number): boolean {
  const stage = draft.stages[index]
  if (stage === undefined || stage.stuck.length === 0) return false
  const next = draft.stages[index + 1]
  const items = stage.stuck.flat()
  const moved = next === undefined ? items : items.slice(0, Math.max(0, bufferMax - next.buffer.length))
  if (moved.length === 0) return false
  if (next === undefined) {
    for (const item of moved) draft.effects.push({ type: 'deliver-item', item })
    draft.delivered += moved.length
  } else draft.stages[index + 1] = { ...next, buffer: [...next.buffer, ...moved] }
  draft.stages[index] = { ...stage, stuck: without(stage.stuck, moved.length) }
  return true
}

/** The stuck groups without their first `count` items; a worker is free when all that it made has gone. */
function without(stuck: Stage['stuck'], count: number): Stage['stuck'] {
  let left = count
  const rest: (readonly FlowItem[])[] = []
  for (const group of stuck) {
    const taken = Math.min(left, group.length)
    left -= taken
    if (taken < group.length) rest.push(group.slice(taken))
  }
  return rest
}

function startWork(draft: Draft, { workers }: FlowLimits, index: number): boolean {
  const stage = draft.stages[index]
  if (stage === undefined) return false
  const started = stage.buffer.slice(0, Math.max(0, (workers[index] ?? 0) - busyIn(stage)))
  if (started.length === 0) return false
  for (const item of started) draft.effects.push({ type: 'start-work', stage: index, item })
  draft.stages[index] = {
    ...stage,
    buffer: stage.buffer.slice(started.length),
    running: [...stage.running, ...started.map(({ id }) => id)],
  }
  return true
}

function admit(draft: Draft, { bufferMax }: FlowLimits): boolean {
  const first = draft.stages[0]
  if (first === undefined) return false
  const admitted = draft.waiting.splice(0, Math.max(0, bufferMax - first.buffer.length))
  if (admitted.length === 0) return false
  for (const { id } of admitted) draft.effects.push({ type: 'accept-item', id })
  draft.stages[0] = { ...first, buffer: [...first.buffer, ...admitted] }
  return true
}

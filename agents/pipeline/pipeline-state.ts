import type { ReplyTarget } from 'kernell-os/actors'
import { CodedError, toPlainError, type PlainError } from 'kernell-os/core'
import { checkMethods, checkText, listOf, objectOf, type UncheckedInput } from '../agent-input.ts'
import { checkWhole, invalid } from '../request-desk/protocol.ts'
import { openFlow, stepFlow, type FlowEffect, type FlowEvent, type FlowState } from './flow.ts'
import type { PipelineStage, StageWorkInput, StageWorkOutcome } from './stage-work.ts'

/**
 * What a pipeline is spawned with. No stage at all, or a bound out of its range, makes `spawn` throw
 * `ACTOR_START_FAILED`.
 */
export type PipelineInput = {
  /** One or more, in order. */
  readonly stages: readonly PipelineStage[]
  /** Items that wait before each stage, 1 or more. Default 16. */
  readonly bufferMax?: number
  /** Producers that may wait for room, 0 or more; the next one is refused with `ACTOR_MAILBOX_FULL`. Default 64. */
  readonly waitingMax?: number
  /** Told of every item that has come through or failed; the same events are emitted. */
  readonly sink?: { send(event: PipelineResult): unknown }
}

/** Items that came out at the end, pieces counted one by one, and items that failed on the way. */
export type PipelineOutput = { readonly delivered: number; readonly failed: number }

/** What became of an item. Pieces of a split item have ids of their own: `a.1`, `a.2`. */
export type PipelineResult =
  | { readonly type: 'item-done'; readonly id: string; readonly value: unknown }
  | { readonly type: 'item-failed'; readonly id: string; readonly stage: string; readonly error: PlainError }

export type PipelineState = {
  readonly input: PipelineInput
  readonly flow: FlowState
  readonly nextNumber: number
  /** Producers that have no answer yet, by the id of their item. */
  readonly producers: ReadonlyMap<string, ReplyTarget>
  /** Ids that are under way, and into how many pieces each is divided now. */
  readonly open: ReadonlyMap<string, number>
}

export type PipelineEffect =
  | { readonly kind: 'start-work'; readonly workId: string; readonly input: StageWorkInput }
  | { readonly kind: 'stop-work'; readonly workId: string }
  | { readonly kind: 'reply'; readonly to: ReplyTarget; readonly event: { readonly type: string; readonly id: string } }
  | { readonly kind: 'tell'; readonly result: PipelineResult }

export type PipelineStep = { readonly state: PipelineState; readonly effects: readonly PipelineEffect[] }

const BUFFER_MAX_DEFAULT = 16
const WAITING_MAX_DEFAULT = 64
const ID = /^[^\s/#.:]{1,128}$/

/** Throws RangeError or TypeError for an input that does not fit. */
export function openPipeline(input: PipelineInput): PipelineState {
  checkParts(objectOf(input))
  const { stages, bufferMax = BUFFER_MAX_DEFAULT, waitingMax } = input
  checkWhole('bufferMax', bufferMax, { min: 1 })
  checkWhole('waitingMax', waitingMax, { min: 0 })
  for (const { name, workers, attemptsMax } of stages) {
    checkWhole(`workers of stage ${name}`, workers, { min: 1 })
    checkWhole(`attemptsMax of stage ${name}`, attemptsMax, { min: 1 })
  }
  const flow = openFlow({ bufferMax, workers: stages.map(({ workers = 1 }) => workers) })
  return { input, flow, nextNumber: 1, producers: new Map(), open: new Map() }
}

function checkParts({ stages, sink }: UncheckedInput): void {
  for (const [index, stage] of listOf(stages, 'stages').entries()) {
    const where = `stages[${index}]`
    const { name, isSplitting = false } = objectOf(stage, where)
    checkText(name, `${where}.name`)
    const hint = 'it is given an item and resolves to what goes on'
    checkMethods(stage, `${where}.run: the stage`, { names: ['run'], hint })
    if (typeof isSplitting !== 'boolean') throw new TypeError(`${where}.isSplitting must be true or false`)
  }
  if (sink !== undefined) checkMethods(sink, 'sink', { names: ['send'], hint: 'it is told of every result' })
}

export type PushedItem = { readonly item?: unknown; readonly id?: unknown; readonly replyTo?: ReplyTarget }

export function pushItem(state: PipelineState, { item, id: given, replyTo }: PushedItem): PipelineStep {
  const { id, nextNumber } = given === undefined ? freeId(state) : { id: given, nextNumber: state.nextNumber }
  try {
    assertFree(state, id)
    assertRoom(state)
    const next = {
      ...state,
      nextNumber,
      open: new Map(state.open).set(id, 1),
      producers: replyTo === undefined ? state.producers : new Map(state.producers).set(id, replyTo),
    }
    return move(next, { type: 'item-offered', item: { id, value: item } })
  } catch (error: unknown) {
    const event = { type: 'failed', id: typeof id === 'string' ? id : '', error: toPlainError(error) }
    return { state, effects: replyTo === undefined ? [] : [{ kind: 'reply', to: replyTo, event }] }
  }
}

/** A worker has ended, well or not. */
export function endWork(state: PipelineState, workId: string, outcome: StageWorkOutcome): PipelineStep {
  const { stage, id } = readWorkId(workId)
  const stop: PipelineEffect = { kind: 'stop-work', workId }
  if (outcome.kind === 'failed') {
    const { name } = state.input.stages[stage] ?? { name: String(stage) }
    const result: PipelineResult = { type: 'item-failed', id, stage: name, error: toPlainError(outcome.error) }
    const lost = { ...state, open: withPieces(state.open, id, -1) }
    return after([stop, { kind: 'tell', result }], move(lost, { type: 'work-failed', stage, id }))
  }
  const isSplit = state.input.stages[stage]?.isSplitting === true
  const items = outcome.values.map((value, index) => ({ id: isSplit ? `${id}.${index + 1}` : id, value }))
  const divided = { ...state, open: withPieces(state.open, id, items.length - 1) }
  return after([stop], move(divided, { type: 'work-done', stage, id, items }))
}

export function totalsOf({ flow: { delivered, failed } }: PipelineState): PipelineOutput {
  return { delivered, failed }
}

function after(before: readonly PipelineEffect[], { state, effects }: PipelineStep): PipelineStep {
  return { state, effects: [...before, ...effects] }
}

function move(state: PipelineState, event: FlowEvent): PipelineStep {
  const { state: flow, effects } = stepFlow(state.flow, event)
  let next: PipelineState = { ...state, flow }
  const results: PipelineEffect[] = []
  for (const effect of effects) {
    const step = follow(next, effect)
    next = step.state
    results.push(...step.effects)
  }
  return { state: next, effects: results }
}

function follow(state: PipelineState, effect: FlowEffect): PipelineStep {
  switch (effect.type) {
    case 'accept-item': {
      const to = state.producers.get(effect.id)
      if (to === undefined) return { state, effects: [] }
      const producers = new Map(state.producers)
      producers.delete(effect.id)
      return {
        state: { ...state, producers },
        effects: [{ kind: 'reply', to, event: { type: 'accepted', id: effect.id } }],
      }
    }
    case 'start-work': {
      const stage = state.input.stages[effect.stage]
      if (stage === undefined) return { state, effects: [] }
      const { id, value } = effect.item
      return { state, effects: [{ kind: 'start-work', workId: `${effect.stage}:${id}`, input: { stage, value } }] }
    }
    case 'deliver-item': {
      const { id, value } = effect.item
      const result: PipelineResult = { type: 'item-done', id, value }
      return { state: { ...state, open: withPieces(state.open, id, -1) }, effects: [{ kind: 'tell', result }] }
    }
  }
}

function freeId({ open, nextNumber }: PipelineState): { readonly id: string; readonly nextNumber: number } {
  let number = nextNumber
  while (open.has(String(number))) number += 1
  return { id: String(number), nextNumber: number + 1 }
}

function assertFree({ open }: PipelineState, id: unknown): asserts id is string {
  if (typeof id !== 'string' || !ID.test(id))
    throw invalid('The id of an item has 1 to 128 characters, none of them space, / # . or :')
  if (open.has(id)) throw invalid(`Item ${id} is under way already`)
}

function assertRoom({ flow, input }: PipelineState): void {
  const waitingMax = input.waitingMax ?? WAITING_MAX_DEFAULT
  const isRoom = flow.waiting.length === 0 && (flow.stages[0]?.buffer.length ?? 0) < flow.limits.bufferMax
  if (isRoom || flow.waiting.length < waitingMax) return
  throw new CodedError('ACTOR_MAILBOX_FULL', {
    message: `${flow.waiting.length} items wait for room in the pipeline, and it takes no more`,
    details: { waiting: flow.waiting.length },
  })
}

/** `a.2.1` is a piece of `a`: an item is open until all of its pieces have come through or failed. */
function withPieces(open: ReadonlyMap<string, number>, id: string, change: number): ReadonlyMap<string, number> {
  const [name = id] = id.split('.')
  const pieces = (open.get(name) ?? 0) + change
  const next = new Map(open)
  if (pieces > 0) next.set(name, pieces)
  else next.delete(name)
  return next
}

function readWorkId(workId: string): { readonly stage: number; readonly id: string } {
  const colon = workId.indexOf(':')
  return { stage: Number(workId.slice(0, colon)), id: workId.slice(colon + 1) }
}

import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import {
  formatPlanEvent,
  formatPlanGraph,
  formatPlanProgress,
  parsePlanEvent,
  parsePlanGraph,
  parsePlanProgress,
  type TaskCodec,
} from '../../core/planning/plan-codec.ts'
import type { PlanEvent } from '../../core/planning/plan-event.ts'
import type { PlanGraph } from '../../core/planning/plan-graph.ts'
import type { PlanState } from '../../core/planning/plan-state.ts'

/** Version of records and snapshots; a higher one is of a later version of this package. */
const FORMAT = 1

export type GraphRecord<Task extends PlannedTask> =
  /** A graph begins; its first event follows in the same append. */
  | { readonly kind: 'opened'; readonly plan: PlanGraph<Task> }
  | { readonly kind: 'event'; readonly graph: string; readonly event: PlanEvent }
  /** Nobody will go on with it. */
  | { readonly kind: 'forgotten'; readonly graph: string }

/** Writes and reads what the journal of graphs holds. */
export class GraphRecords<Task extends PlannedTask> {
  readonly #codec: TaskCodec<Task>
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })

  constructor(codec: TaskCodec<Task>) {
    this.#codec = codec
  }

  encode(record: GraphRecord<Task>): Uint8Array {
    switch (record.kind) {
      case 'opened':
        return this.#encodeJson({ plan: formatPlanGraph(record.plan, this.#codec) })
      case 'event':
        return this.#encodeJson({ graph: record.graph, event: formatPlanEvent(record.event) })
      case 'forgotten':
        return this.#encodeJson({ graph: record.graph })
    }
  }

  /** Throws `STORE_CORRUPTED` for what no version wrote, `STORE_FORMAT_NEWER` for what a later one did. */
  decode(payload: Uint8Array, index: number): GraphRecord<Task> {
    const json = this.#decodeJson(payload, `record ${index}`)
    const graph = member(json, 'graph')
    if (typeof graph !== 'string') {
      const plan = parsePlanGraph(member(json, 'plan'), this.#codec)
      if (plan === undefined) throw corruptedError(`record ${index} is no plan`)
      return { kind: 'opened', plan }
    }
    const written = member(json, 'event')
    if (written === undefined) return { kind: 'forgotten', graph }
    const event = parsePlanEvent(written)
    if (event === undefined) throw corruptedError(`record ${index} is no event of a plan`)
    return { kind: 'event', graph, event }
  }

  encodeSnapshot(states: Iterable<PlanState<Task>>): Uint8Array {
    const graphs = Array.from(states, (state) => ({
      plan: formatPlanGraph(state.graph, this.#codec),
      progress: formatPlanProgress(state),
    }))
    return this.#encodeJson({ graphs })
  }

  /** Throws as `decode`. */
  decodeSnapshot(payload: Uint8Array): readonly PlanState<Task>[] {
    const listed = member(this.#decodeJson(payload, 'the snapshot'), 'graphs')
    if (!Array.isArray(listed)) throw corruptedError('the snapshot lists no graphs')
    return (listed as readonly unknown[]).map((item) => {
      const graph = parsePlanGraph(member(item, 'plan'), this.#codec)
      const state = graph && parsePlanProgress(member(item, 'progress'), graph)
      if (state === undefined) throw corruptedError('the snapshot holds what is no plan')
      return state
    })
  }

  #encodeJson(members: { readonly [name: string]: JsonValue }): Uint8Array {
    return this.#encoder.encode(JSON.stringify({ format: FORMAT, ...members }))
  }

  #decodeJson(payload: Uint8Array, what: string): unknown {
    const json = this.#parse(payload)
    const format = member(json, 'format')
    if (format === FORMAT) return json
    if (typeof format !== 'number' || !(format > FORMAT)) throw corruptedError(`${what} says no format`)
    throw new CodedError('STORE_FORMAT_NEWER', {
      message: `${what} of the journal of graphs has format ${format}; this version reads ${FORMAT}`,
      details: { format, known: FORMAT },
    })
  }

  #parse(payload: Uint8Array): unknown {
    try {
      return JSON.parse(this.#decoder.decode(payload))
    } catch {
      return undefined
    }
  }
}

export function corruptedError(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The journal of graphs cannot be replayed: ${what}` })
}

function member(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
}

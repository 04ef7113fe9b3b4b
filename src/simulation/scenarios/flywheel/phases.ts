import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import type { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import type { TaskKind } from '../../models/model-profile.ts'
import type { PriceBook } from '../../models/price-book.ts'
import type { Stage } from '../../scenario/stage.ts'

export type DriftParts = {
  readonly stage: Stage
  readonly prices: PriceBook
  readonly outcomes: DrawnOutcomes
}

/** A part of the play in which nothing changes. */
export type Phase = {
  readonly name: string
  /** Share of all tasks that have come before it begins. */
  readonly from: number
  readonly mix: Readonly<Partial<Record<TaskKind, number>>>
  /** What becomes different when it begins. */
  readonly begin: (parts: DriftParts) => void
}

const MORE_CODE = { choice: 0.25, commonsense: 0.15, code: 0.6 } as const

/** The world as it was measured; then other tasks and other prices, and then a model that has become bad. */
export const PHASES: readonly Phase[] = [
  { name: 'as measured', from: 0, mix: {}, begin: () => undefined },
  {
    name: 'other tasks and prices',
    from: 0.49,
    mix: MORE_CODE,
    begin(parts) {
      multiply(parts, 'openai/gpt-4-1106-preview', 1.5)
      multiply(parts, 'together/mixtral-8x7b-chat', 3)
      multiply(parts, 'openai/gpt-3.5-turbo-1106', 0.5)
    },
  },
  {
    name: 'a model worse',
    from: 0.66,
    mix: MORE_CODE,
    begin: ({ outcomes }) => outcomes.degrade('openai/gpt-3.5-turbo-1106', 0.4),
  },
]

/** Place of the phase in which a task comes. */
export function phaseOf(task: number, tasks: number): number {
  return PHASES.findLastIndex(({ from }) => task >= Math.round(from * tasks))
}

function multiply({ stage, prices }: DriftParts, model: string, factor: number): void {
  prices.multiply(model, factor, civilDateOfInstant(stage.world.startAt + stage.world.nowMs()))
  stage.countFault('price-change')
}

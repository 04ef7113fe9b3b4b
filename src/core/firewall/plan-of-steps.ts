import type { PlannedTask } from '../planning/order-by-dependencies.ts'
import type { IntentPlan, IntentStep, PlanSource, SourceKind } from './intent-plan.ts'
import type { TaintLabel } from './taint-label.ts'

/** A step of a task that was split: a question to models. */
export type AskedStep = PlannedTask & { readonly description: string }

/** Something that whoever split the task had read. */
export type ReadPlace = { readonly kind: SourceKind; readonly locator: string; readonly label: TaintLabel }

export type StepsPlanInit<Step extends AskedStep> = {
  readonly proposedBy: string
  /** What the steps were made of: it has a say in all of them. */
  readonly read: readonly ReadPlace[]
  readonly steps: readonly Step[]
  /** Which models a step may be asked of, as a place. */
  readonly modelsOf: (step: Step) => string
  /** Where what came of it is kept. Absent: nowhere. */
  readonly kept?: string
}

/** The step that keeps what came of a plan. */
export const KEEPING_STEP = 'keep'
const KEEPING_ACTION = 'Keep what came of it.'

/** What is done for a step of such a plan: the same in the plan and when it is entered. */
export function actOfStep({
  id,
  description,
  depends_on: dependsOn,
}: AskedStep): Pick<IntentStep, 'id' | 'action' | 'uses'> {
  return { id: stepIdOf(id), action: description, uses: dependsOn.map(stepIdOf) }
}

/** What is done to keep what came of the steps. */
export function actOfKeeping(steps: readonly AskedStep[]): Pick<IntentStep, 'id' | 'action' | 'uses'> {
  return { id: KEEPING_STEP, action: KEEPING_ACTION, uses: steps.map(({ id }) => stepIdOf(id)) }
}

/** A task that was split, as a plan that the firewall can judge: each step sends what it was made of to models. */
export function planOfSteps<Step extends AskedStep>(init: StepsPlanInit<Step>): IntentPlan {
  const { proposedBy, read, steps, modelsOf, kept } = init
  const sources = read.map(({ kind, locator, label: { confidentiality, integrity } }, index): PlanSource => {
    return { id: `read-${index + 1}`, kind, locator, confidentiality, integrity }
  })
  const models = [...new Set(steps.map(modelsOf))]
  const asked = steps.map((step): IntentStep => ({ ...actOfStep(step), sink: sinkIdOf(modelsOf(step)) }))
  const keeping = kept === undefined ? [] : [{ ...actOfKeeping(steps), sink: 'kept' }]
  return {
    proposedBy,
    writtenAfter: sources.map(({ id }) => id),
    sources,
    sinks: [
      ...models.map((locator) => ({ id: sinkIdOf(locator), kind: 'model' as const, locator })),
      ...(kept === undefined ? [] : [{ id: 'kept', kind: 'memory' as const, locator: kept }]),
    ],
    steps: [...asked, ...keeping],
  }
}

function sinkIdOf(locator: string): string {
  return locator.replaceAll('/', '-')
}

/** Steps are named by whoever split the task; sources and sinks of the plan are not. */
function stepIdOf(id: string): string {
  return `step-${id}`
}

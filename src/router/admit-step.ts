import { assert } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { PlannedStep } from '../core/routing/decision-record.ts'
import { admitCall, type CallComponents } from './call-model.ts'
import type { TaskRun } from './task-run.ts'

/** The registry entry of a planned step. */
export function entryOf({ catalog }: CallComponents, step: PlannedStep): ModelEntry {
  const entry = catalog.registry.find(step.modelId)
  assert(entry !== undefined, 'a plan names models of the registry')
  return entry
}

export type Admission =
  | { readonly kind: 'admitted'; readonly call: NonNullable<Awaited<ReturnType<typeof admitCall>>> }
  | { readonly kind: 'refused'; readonly error: CodedError }
  | { readonly kind: 'aborted' }

/** Reserves money for a call and turns refusals into values, since a refused step is answered by the next one. */
export async function tryAdmit(components: CallComponents, run: TaskRun, entry: ModelEntry): Promise<Admission> {
  if (isAborted(run)) return { kind: 'aborted' }
  try {
    const call = await admitCall(components, run, entry)
    if (call !== undefined) return { kind: 'admitted', call }
    const message = `The cost cap leaves no room for a call of ${entry.id}`
    return { kind: 'refused', error: new CodedError('ROUTER_COST_CAP', { message }) }
  } catch (error: unknown) {
    if (CodedError.is(error, 'BUDGET_EXCEEDED') || CodedError.is(error, 'ROUTER_PRICE_UNKNOWN'))
      return { kind: 'refused', error }
    if (isAborted(run)) return { kind: 'aborted' }
    throw error
  }
}

function isAborted(run: TaskRun): boolean {
  return run.signal?.aborted === true
}

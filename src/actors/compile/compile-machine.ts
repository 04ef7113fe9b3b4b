import type { AnyActorLogic, AnyStateMachine } from 'xstate'
import { CompiledMachine } from './compiled-machine.ts'
import { isCoveredMachine } from './coverage.ts'

const COMPILED = new WeakMap<AnyActorLogic, CompiledMachine | 'not-covered'>()

/**
 * The tables of a machine, made once; `undefined` for logic that tables do not cover: it is hosted with XState's own code.
 * What the machine's implementations are is read now; changing them later changes nothing.
 */
export function compileMachine(logic: AnyActorLogic): CompiledMachine | undefined {
  const known = COMPILED.get(logic)
  if (known !== undefined) return known === 'not-covered' ? undefined : known
  // The coverage begins with the question whether it is a machine at all.
  const machine = logic as AnyStateMachine
  const compiled = isCoveredMachine(machine) ? new CompiledMachine(machine) : undefined
  COMPILED.set(logic, compiled ?? 'not-covered')
  return compiled
}

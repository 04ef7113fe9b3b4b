import type { AnyActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, Snapshot } from 'xstate'
import { compileMachine } from '../../../src/actors/compile/compile-machine.ts'
import { NOT_COMPILED } from '../../../src/actors/compile/compiled-machine.ts'

/** Logic for XState's own `createActor` that makes each step with the tables, and what tables do not do with the machine. */
export type TableLogic = {
  /** Steps made by the tables, and left to the machine. */
  readonly counts: { compiled: number; hosted: number }
  getInitialSnapshot(scope: AnyActorScope, input: unknown): AnyMachineSnapshot
  transition(snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: AnyActorScope): AnyMachineSnapshot
  getPersistedSnapshot(snapshot: AnyMachineSnapshot): Snapshot<unknown>
  restoreSnapshot(snapshot: Snapshot<unknown>, scope: AnyActorScope): AnyMachineSnapshot
  start(snapshot: AnyMachineSnapshot): void
}

export function tableLogic(machine: AnyStateMachine): TableLogic {
  const compiled = compileMachine(machine)
  if (compiled === undefined) throw new Error('the machine is not covered')
  const counts = { compiled: 0, hosted: 0 }
  const snapshotAt = (stateIndex: number): AnyMachineSnapshot =>
    compiled.snapshotOf({
      stateIndex,
      context: compiled.context,
      status: compiled.finals[stateIndex] === true ? 'done' : 'active',
      output: compiled.finals[stateIndex] === true ? compiled.output : undefined,
      children: compiled.children,
    })
  return {
    counts,
    getInitialSnapshot(scope, input) {
      const stateIndex = compiled.initial(input, scope as never)
      const { failed } = compiled
      if (stateIndex !== NOT_COMPILED) return snapshotAt(stateIndex)
      if (failed === undefined) throw new Error('a machine that does not begin has failed')
      return failed
    },
    transition(snapshot, event, scope) {
      const stateIndex = compiled.indexOf(snapshot)
      compiled.context = snapshot.context
      const next = stateIndex === NOT_COMPILED ? NOT_COMPILED : compiled.step(stateIndex, event, scope as never)
      if (next === NOT_COMPILED) {
        counts.hosted += 1
        return machine.transition(snapshot, event, scope)
      }
      counts.compiled += 1
      return compiled.isChanged ? snapshotAt(next) : snapshot
    },
    getPersistedSnapshot: (snapshot) => machine.getPersistedSnapshot(snapshot),
    restoreSnapshot: (snapshot, scope) => machine.restoreSnapshot(snapshot, scope),
    start: (snapshot) => machine.start(snapshot),
  }
}

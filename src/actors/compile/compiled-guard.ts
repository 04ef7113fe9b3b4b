import { matchesState, type AnyEventObject, type AnyStateMachine, type MachineContext, type StateValue } from 'xstate'
import { guardKindOf, nameOf, partsOf, resolveGuard, stateValueOf, type Named } from './coverage.ts'
import { leavesOf, pathTo, valueOf } from './state-tree.ts'

/** Passes when it answers something true. May throw what the user's guard throws. */
export type CompiledGuard = (context: MachineContext, event: AnyEventObject, stateIndex: number) => unknown

type GuardArguments = { readonly context: MachineContext; readonly event: AnyEventObject }
type Predicate = (given: GuardArguments, params: unknown) => unknown
type MakeParams = (given: GuardArguments) => unknown

/** @param guard  Covered by `isCoveredMachine`. */
export function compileGuard(machine: AnyStateMachine, guard: unknown): CompiledGuard {
  const resolved = resolveGuard(machine, guard)
  if (!resolved) {
    return () => {
      throw new Error(`Guard '${nameOf(guard)}' is not implemented.'.`)
    }
  }
  if (typeof resolved !== 'function') return compileGuard(machine, resolved)
  const kind = guardKindOf(resolved)
  if (kind === 'plain') return compilePlain(guard, resolved as Predicate)
  if (kind === 'state-in') return compileStateIn(machine, stateValueOf(resolved))
  const parts = partsOf(resolved).map((part) => compileGuard(machine, part))
  if (kind === 'and') return (context, event, stateIndex) => parts.every((part) => part(context, event, stateIndex))
  if (kind === 'or') return (context, event, stateIndex) => parts.some((part) => part(context, event, stateIndex))
  return (context, event, stateIndex) => !parts[0]?.(context, event, stateIndex)
}

function compilePlain(guard: unknown, predicate: Predicate): CompiledGuard {
  if (typeof guard !== 'object') return (context, event) => predicate({ context, event }, undefined)
  const named = guard as Named & { readonly params: MakeParams }
  if (typeof named.params !== 'function') return (context, event) => predicate({ context, event }, named.params)
  return (context, event) => predicate({ context, event }, named.params({ context, event }))
}

/** The answer depends on the state alone, so it is looked up. */
function compileStateIn(machine: AnyStateMachine, stateValue: StateValue): CompiledGuard {
  const answers = leavesOf(machine).map((leaf) => {
    if (typeof stateValue === 'string' && stateValue.startsWith('#')) {
      return pathTo(leaf).includes(machine.getStateNodeById(stateValue))
    }
    return matchesState(stateValue, valueOf(leaf))
  })
  return (_context, _event, stateIndex) => answers[stateIndex]
}

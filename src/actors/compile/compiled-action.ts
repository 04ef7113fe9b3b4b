import type { AnyEventObject, AnyStateMachine, AnyStateNode, MachineContext } from 'xstate'
import { isAssign, isBuiltin, nameOf, resolveAction, type Named } from './coverage.ts'

/** A function of the user's, called with what XState calls it with. */
export type UserFunction = (given: unknown, params: unknown) => unknown

export type MakeParams = (given: { readonly context: MachineContext; readonly event: AnyEventObject }) => unknown

/** An action of XState's own, as its code uses it. */
export type BuiltinAction = {
  readonly type: string
  readonly resolve: (...given: unknown[]) => readonly [snapshot: unknown, params: unknown]
  readonly execute: (scope: unknown, params: unknown) => void
}

type NamedAction = Named & { readonly params: MakeParams }

/** `assign` with a function that returns the change. */
export const ASSIGN_FUNCTION = 0
/** `assign` with an object of functions and values. */
export const ASSIGN_OBJECT = 1
/** A function of the user's, run by the scope's `actionExecutor`. */
export const CUSTOM = 2
/** Reaching a final state of the root: outputs are computed between its entry and the last exit actions. */
export const FINISH = 3
/** Reaching a final state further down: the event about it is queued. */
export const FINISH_INNER = 4
/** An action of XState's that its own code resolves and executes. */
export const BUILTIN = 5

/** One thing to do during a step. One class with plain fields for all kinds, so that the loop over them stays fast. */
export class CompiledAction {
  readonly kind: number
  readonly type: string
  /** The user's function; `undefined`: a name without an implementation, or of no use in this kind. */
  run: UserFunction | undefined = undefined
  params: unknown = undefined
  /** When the parameters depend on context and event. */
  makeParams: MakeParams | undefined = undefined
  keys: readonly string[] = NO_KEYS
  /** By key: the functions and values of `ASSIGN_OBJECT`. */
  values: readonly unknown[] = NO_KEYS
  /** Of `BUILTIN`. */
  builtin: BuiltinAction | undefined = undefined
  /** The state reached by `FINISH` and `FINISH_INNER`. */
  node: AnyStateNode | undefined = undefined

  constructor(kind: number, type: string) {
    this.kind = kind
    this.type = type
  }
}

const NO_KEYS: readonly never[] = Object.freeze([])

/** @param action  Covered by `isCoveredMachine`. */
export function compileAction(machine: AnyStateMachine, action: unknown): CompiledAction {
  const resolved = resolveAction(machine, action)
  const compiled = compileResolved(action, resolved)
  if (typeof action === 'object' && action !== null) {
    const named = action as NamedAction
    if (typeof named.params === 'function') compiled.makeParams = (given) => named.params(given)
    else compiled.params = named.params
  }
  return compiled
}

function compileResolved(action: unknown, resolved: unknown): CompiledAction {
  if (resolved !== undefined && isAssign(resolved)) return compileAssign(resolved)
  if (resolved !== undefined && isBuiltin(resolved)) return compileBuiltin(resolved)
  const compiled = compileCustom(action)
  compiled.run = resolved as UserFunction | undefined
  return compiled
}

/** The outputs of the machine, or the state, that ends in `node`. */
export function compileFinish(node: AnyStateNode): CompiledAction {
  const finish = new CompiledAction(node.parent === node.machine.root ? FINISH : FINISH_INNER, 'finish')
  finish.node = node
  return finish
}

function compileBuiltin(resolved: unknown): CompiledAction {
  const builtin = resolved as BuiltinAction
  const compiled = new CompiledAction(BUILTIN, builtin.type)
  compiled.builtin = builtin
  return compiled
}

function compileCustom(action: unknown): CompiledAction {
  return new CompiledAction(CUSTOM, typeof action === 'function' ? action.name || '(anonymous)' : nameOf(action))
}

function compileAssign(resolved: unknown): CompiledAction {
  const { assignment } = resolved as { readonly assignment: UserFunction | Record<string, unknown> }
  if (typeof assignment === 'function') {
    const compiled = new CompiledAction(ASSIGN_FUNCTION, 'xstate.assign')
    compiled.run = assignment
    return compiled
  }
  const compiled = new CompiledAction(ASSIGN_OBJECT, 'xstate.assign')
  compiled.keys = Object.keys(assignment)
  compiled.values = Object.values(assignment)
  return compiled
}

import type { AnyEventObject, AnyStateMachine, AnyStateNode, MachineContext } from 'xstate'
import { isAssign, nameOf, resolveAction, type Named } from './coverage.ts'

/** A function of the user's, called with what XState calls it with. */
export type UserFunction = (given: unknown, params: unknown) => unknown

export type MakeParams = (given: { readonly context: MachineContext; readonly event: AnyEventObject }) => unknown

type NamedAction = Named & { readonly params: MakeParams }

/** `assign` with a function that returns the change. */
export const ASSIGN_FUNCTION = 0
/** `assign` with an object of functions and values. */
export const ASSIGN_OBJECT = 1
/** A function of the user's, run by the scope's `actionExecutor`. */
export const CUSTOM = 2
/** Reaching a final state: outputs are computed between its entry and the last exit actions. */
export const FINISH = 3

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
  /** The state reached by `FINISH`. */
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
  const compiled = resolved !== undefined && isAssign(resolved) ? compileAssign(resolved) : compileCustom(action)
  if (compiled.kind === CUSTOM) compiled.run = resolved as UserFunction | undefined
  if (typeof action === 'object' && action !== null) {
    const named = action as NamedAction
    if (typeof named.params === 'function') compiled.makeParams = (given) => named.params(given)
    else compiled.params = named.params
  }
  return compiled
}

/** The outputs of the machine that ends in `node`. */
export function compileFinish(node: AnyStateNode): CompiledAction {
  const finish = new CompiledAction(FINISH, 'finish')
  finish.node = node
  return finish
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

import type { AnyEventObject, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { compileAction, compileFinish, type CompiledAction } from './compiled-action.ts'
import { compileGuard, type CompiledGuard } from './compiled-guard.ts'
import { childrenOf, nameOf } from './coverage.ts'

/** One candidate for one state and event. The last of a chain has no guard. */
export class CompiledTransition {
  /** Index of the next state. */
  readonly target: number
  /** Exit, transition, entry, and for a final state its end: one list, in XState's order. */
  readonly actions: readonly CompiledAction[]
  guard: CompiledGuard | undefined = undefined
  /** For messages about the guard. */
  guardName: string | undefined = undefined
  nodeId = ''
  /** The next candidate when the guard does not pass; without a guard, itself. */
  otherwise: CompiledTransition = this

  constructor(target: number, actions: readonly CompiledAction[]) {
    this.target = target
    this.actions = actions
  }
}

/** XState's error about a guard that threw. */
export function guardError(transition: CompiledTransition, event: AnyEventObject, cause: unknown): Error {
  const { guardName, nodeId } = transition
  const name = guardName ? `'${guardName}' ` : ''
  // As in XState, what is thrown without being an error reads as `undefined`.
  const { message } = cause as { readonly message?: string }
  return new Error(
    `Unable to evaluate guard ${name}in transition for event '${event.type}' in state node '${nodeId}':\n${message}`,
  )
}

/** What the machine does first: from nowhere into its initial state. */
export function compileStart(machine: AnyStateMachine): CompiledTransition {
  const { root } = machine
  const initial = root.initial.target?.[0] as AnyStateNode
  const actions = [...root.entry, ...root.initial.actions, ...initial.entry]
  return new CompiledTransition(childrenOf(machine).indexOf(initial), [
    ...actions.map((action) => compileAction(machine, action)),
    ...endOf(machine, initial),
  ])
}

/**
 * All candidates of one state for one type of event, in the order in which XState asks them: the state's own, then the
 * root's; of each the exact ones, then those of the longest wildcard. Ends with staying as it is.
 */
export function compileCandidates(machine: AnyStateMachine, state: AnyStateNode, type: string): CompiledTransition {
  const stateIndex = childrenOf(machine).indexOf(state)
  let next = new CompiledTransition(stateIndex, [])
  const candidates: readonly AnyTransitionDefinition[] = [...matchesOf(state, type), ...matchesOf(machine.root, type)]
  for (const candidate of candidates.toReversed()) {
    const compiled = compileTransition(machine, state, candidate)
    const { guard, source } = candidate
    if (guard) {
      compiled.guard = compileGuard(machine, guard)
      compiled.guardName = typeof guard === 'function' ? undefined : nameOf(guard)
      compiled.nodeId = source.id
      compiled.otherwise = next
    }
    next = compiled
  }
  return next
}

function matchesOf(node: AnyStateNode, type: string): readonly AnyTransitionDefinition[] {
  const wildcards = [...node.transitions.keys()].filter(
    (descriptor) => descriptor !== type && matchesDescriptor(type, descriptor),
  )
  wildcards.sort((one, other) => other.length - one.length)
  return [type, ...wildcards].flatMap((descriptor) => node.transitions.get(descriptor) ?? [])
}

/** `*` is any event; `a.b.*` is `a.b` and whatever begins with `a.b.`. Stars elsewhere are not covered. */
function matchesDescriptor(type: string, descriptor: string): boolean {
  if (descriptor === '*') return true
  if (!descriptor.endsWith('.*')) return false
  const tokens = descriptor.split('.').slice(0, -1)
  const given = type.split('.')
  return tokens.every((token, index) => token === given[index])
}

function compileTransition(
  machine: AnyStateMachine,
  state: AnyStateNode,
  transition: AnyTransitionDefinition,
): CompiledTransition {
  const { source, reenter } = transition
  const target = transition.target?.[0]
  const isInternal = target === undefined || (target === source && !reenter)
  // A transition of the root that reenters leaves and enters the root too.
  const isWhole = source === machine.root && reenter
  const actions: unknown[] = []
  if (!isInternal) actions.push(...state.exit, ...(isWhole ? machine.root.exit : []))
  actions.push(...transition.actions)
  if (!isInternal) actions.push(...(isWhole ? machine.root.entry : []), ...target.entry)
  const compiled = actions.map((action) => compileAction(machine, action))
  if (isInternal) return new CompiledTransition(childrenOf(machine).indexOf(state), compiled)
  return new CompiledTransition(childrenOf(machine).indexOf(target), [...compiled, ...endOf(machine, target)])
}

/** A final state ends the machine: outputs, then the exit actions of all that is left. */
function endOf(machine: AnyStateMachine, node: AnyStateNode): readonly CompiledAction[] {
  if (node.type !== 'final') return []
  const exits = [...node.exit, ...machine.root.exit].map((action) => compileAction(machine, action))
  return [compileFinish(node), ...exits]
}

import type { AnyEventObject, AnyStateMachine, AnyStateNode, AnyTransitionDefinition, MachineContext } from 'xstate'
import { compileAction, compileFinish, type CompiledAction } from './compiled-action.ts'
import { compileGuard, type CompiledGuard } from './compiled-guard.ts'
import { nameOf } from './coverage.ts'
import { below, descentFrom, leafOf, leavesOf, pathTo } from './state-tree.ts'

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
  /** Whether it stands for that there is no transition. */
  isNothing = false
  /** The next candidate when the guard does not pass; without a guard, itself. */
  otherwise: CompiledTransition = this

  constructor(target: number, actions: readonly CompiledAction[]) {
    this.target = target
    this.actions = actions
  }
}

/** The first candidate whose guard passes. @throws What a guard throws, wrapped as XState wraps it. */
export function choose(
  first: CompiledTransition,
  stateIndex: number,
  { context, event }: { readonly context: MachineContext; readonly event: AnyEventObject },
): CompiledTransition {
  let candidate = first
  try {
    while (candidate.guard !== undefined && !candidate.guard(context, event, stateIndex)) {
      candidate = candidate.otherwise
    }
  } catch (error: unknown) {
    throw guardError(candidate, event, error)
  }
  return candidate
}

/** XState's error about a guard that threw. */
function guardError(transition: CompiledTransition, event: AnyEventObject, cause: unknown): Error {
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
  const actions = enter([machine.root, ...descentFrom(machine.root)])
  return compileMove(machine, leafOf(machine.root), { actions, hasEntered: true })
}

/**
 * All candidates of one state for one type of event, in the order in which XState asks them: the leaf's own, then
 * those of the states around it up to the root; of each the exact ones, then those of the longest wildcard. Ends with staying as it is.
 */
export function compileCandidates(machine: AnyStateMachine, leaf: AnyStateNode, type: string): CompiledTransition {
  return compileChain(machine, leaf, (node) => matchesOf(node, type))
}

/** As `compileCandidates`, for the transitions without an event. `undefined`: there are none. */
export function compileEventless(machine: AnyStateMachine, leaf: AnyStateNode): CompiledTransition | undefined {
  const chain = compileChain(machine, leaf, ({ always = [] }) => always)
  return chain.isNothing ? undefined : chain
}

type TransitionsOf = (node: AnyStateNode) => readonly AnyTransitionDefinition[]

function compileChain(machine: AnyStateMachine, leaf: AnyStateNode, transitionsOf: TransitionsOf): CompiledTransition {
  let next = new CompiledTransition(leavesOf(machine).indexOf(leaf), [])
  next.isNothing = true
  const candidates = pathTo(leaf).toReversed().flatMap(transitionsOf)
  for (const candidate of candidates.toReversed()) {
    const compiled = compileTransition(machine, leaf, candidate)
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
  leaf: AnyStateNode,
  transition: AnyTransitionDefinition,
): CompiledTransition {
  const target = transition.target?.[0]
  if (target === undefined) return compileMove(machine, leaf, { actions: transition.actions })
  const domain = domainOf(transition, target)
  const exits = below(pathTo(leaf), domain)
    .toReversed()
    .flatMap(({ exit }) => exit)
  // States on the way to the target are entered without their initial transitions, the target and what follows with them.
  const way = below(pathTo(target), domain).filter((node) => node !== target)
  const entered = target === domain ? descentFrom(target) : [target, ...descentFrom(target)]
  const entries = [...way.flatMap(({ entry }) => entry), ...enter(entered)]
  const actions = [...exits, ...transition.actions, ...entries]
  return compileMove(machine, leafOf(target), { actions, hasEntered: entered.length > 0 })
}

/**
 * The innermost state that the transition neither leaves nor enters; `undefined`: it leaves and enters the root too. As in
 * SCXML's `getTransitionDomain`, but that a transition into its own source is internal unless it reenters.
 */
function domainOf({ source, reenter }: AnyTransitionDefinition, target: AnyStateNode): AnyStateNode | undefined {
  const path = pathTo(target)
  if (!reenter && path.includes(source)) return source
  const around = pathTo(source).slice(0, -1)
  return path.slice(0, -1).findLast((node) => around.includes(node))
}

/** Entry actions of states that are entered with their initial transitions. */
function enter(nodes: readonly AnyStateNode[]): readonly unknown[] {
  return nodes.flatMap(({ entry, initial }) => [...entry, ...initial.actions])
}

type Move = {
  readonly actions: readonly unknown[]
  /** Whether the leaf is entered; entering a final one ends something. */
  readonly hasEntered?: boolean
}

function compileMove(machine: AnyStateMachine, leaf: AnyStateNode, move: Move): CompiledTransition {
  const compiled = move.actions.map((action) => compileAction(machine, action))
  const end = move.hasEntered === true && leaf.type === 'final' ? endOf(machine, leaf) : []
  return new CompiledTransition(leavesOf(machine).indexOf(leaf), [...compiled, ...end])
}

/** A final state of the root ends the machine: outputs, then the exit actions of all that is left. */
function endOf(machine: AnyStateMachine, leaf: AnyStateNode): readonly CompiledAction[] {
  const exits = leaf.parent === machine.root ? [...leaf.exit, ...machine.root.exit] : []
  return [compileFinish(leaf), ...exits.map((action) => compileAction(machine, action))]
}

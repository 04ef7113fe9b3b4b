import {
  and,
  assign,
  cancel,
  emit,
  log,
  not,
  or,
  raise,
  sendTo,
  StateMachine,
  stateIn,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  type MachineContext,
  type StateValue,
} from 'xstate'
import { childrenOf, leavesOf, pathTo } from './state-tree.ts'

/** Functions that XState made itself carry their meaning in further properties. */
type MarkedFunction = {
  readonly resolve?: unknown
  readonly check?: unknown
  readonly guards?: readonly unknown[]
  readonly stateValue?: unknown
}

/** What a guard or an action is when it is named with parameters. */
export type Named = { readonly type: string; readonly params?: unknown }

export type GuardKind = 'plain' | 'and' | 'or' | 'not' | 'state-in' | 'unknown'

/** A guard may stand for another one; more of them in a row are taken for a circle. */
const ALIASES_MAX = 16

/** Each leaf costs a sample of its snapshot; a machine with more of them is hosted. */
const LEAVES_MAX = 512

/**
 * Whether a machine is one that tables reproduce exactly: states within states but no parallel ones and no history; guards;
 * transitions by event, without one (`always`), by time (`after`) and at the end of a state (`onDone`); actions that are
 * functions, `assign`, `raise`, `cancel`, `sendTo`, `emit` or `log`. Anything else, also what is merely unusual (targets that
 * are the root, several targets, other events whose names XState keeps for itself), is hosted with XState's own code.
 */
export function isCoveredMachine(machine: AnyStateMachine): boolean {
  if (Object.getPrototypeOf(machine) !== StateMachine.prototype) return false
  const { root, options } = machine
  const { context } = machine.config as { readonly context?: unknown }
  if (context !== undefined && typeof context !== 'function' && !isCoveredContext(context)) return false
  if (root.type !== 'compound' || (options.maxIterations ?? Infinity) !== Infinity) return false
  return isCoveredTree(machine, root) && leavesOf(machine).length <= LEAVES_MAX
}

/** An object. One with a property `__proto__` of its own, which only a parser makes, is copied otherwise than XState does. */
export function isCoveredContext(context: unknown): context is MachineContext {
  return typeof context === 'object' && context !== null && !Object.hasOwn(context, '__proto__')
}

function isCoveredTree(machine: AnyStateMachine, node: AnyStateNode): boolean {
  const hasCoveredKind = childrenOf(node).length === 0 ? isLeaf(node) : isCompound(machine, node)
  return (
    hasCoveredKind && isCoveredNode(machine, node) && childrenOf(node).every((child) => isCoveredTree(machine, child))
  )
}

function isLeaf({ type, config }: AnyStateNode): boolean {
  return config.initial === undefined && (type === 'atomic' || type === 'final')
}

function isCompound(machine: AnyStateMachine, node: AnyStateNode): boolean {
  const { type, initial, states } = node
  // A state of this name would be lost in the value of a snapshot.
  if (type !== 'compound' || Object.hasOwn(states, '__proto__')) return false
  const { target, actions } = initial
  if (target?.length !== 1 || target[0]?.parent !== node) return false
  return actions.every((action) => isCoveredAction(machine, action))
}

function isCoveredNode(machine: AnyStateMachine, node: AnyStateNode): boolean {
  if (node.invoke.length > 0) return false
  if (![...node.entry, ...node.exit].every((action) => isCoveredAction(machine, action))) return false
  for (const [descriptor, transitions] of node.transitions) {
    if (isReserved(descriptor) || hasMisplacedStar(descriptor)) return false
    if (!transitions.every((transition) => isCoveredTransition(machine, transition))) return false
  }
  return (node.always ?? []).every((transition) => isCoveredTransition(machine, transition))
}

/** XState's own names of events, but for those of delayed transitions and of states that end. */
function isReserved(descriptor: string): boolean {
  return descriptor.startsWith('xstate.') && !isDelayed(descriptor) && !descriptor.startsWith('xstate.done.state.')
}

/** The type of the event that a delayed transition waits for. */
export function isDelayed(type: string): boolean {
  return type.startsWith('xstate.after.')
}

/** A star is the whole name, or its last token. XState's code warns of others, so it should see them. */
function hasMisplacedStar(descriptor: string): boolean {
  return descriptor !== '*' && descriptor.replace(/\.\*$/, '').includes('*')
}

function isCoveredTransition(machine: AnyStateMachine, transition: AnyTransitionDefinition): boolean {
  const { target, guard, actions } = transition
  if (target !== undefined && (target.length !== 1 || !isWithin(machine.root, target[0]))) return false
  if (guard !== undefined && !isCoveredGuard(machine, guard, 0)) return false
  return actions.every((action) => isCoveredAction(machine, action))
}

function isWithin(root: AnyStateNode, node: AnyStateNode | undefined): boolean {
  return node !== undefined && node !== root && pathTo(node)[0] === root
}

function isCoveredGuard(machine: AnyStateMachine, guard: unknown, aliases: number): boolean {
  if (aliases > ALIASES_MAX || !isReference(guard)) return false
  const resolved = resolveGuard(machine, guard)
  // A guard without an implementation throws when it is asked, as in XState.
  if (!resolved) return true
  if (typeof resolved !== 'function') return isCoveredGuard(machine, resolved, aliases + 1)
  switch (guardKindOf(resolved)) {
    case 'plain':
      return true
    case 'and':
    case 'or':
    case 'not':
      return partsOf(resolved).every((part) => isCoveredGuard(machine, part, aliases + 1))
    case 'state-in':
      return isCoveredStateValue(machine, resolved)
    case 'unknown':
      return false
  }
}

function isCoveredStateValue(machine: AnyStateMachine, guard: unknown): boolean {
  const stateValue = stateValueOf(guard)
  if (typeof stateValue !== 'string' || !stateValue.startsWith('#')) return true
  try {
    return machine.getStateNodeById(stateValue) !== undefined
  } catch {
    return false
  }
}

function isCoveredAction(machine: AnyStateMachine, action: unknown): boolean {
  if (!isReference(action)) return false
  const resolved = resolveAction(machine, action)
  if (resolved === undefined) return true
  return typeof resolved === 'function' && (!('resolve' in resolved) || isAssign(resolved) || isBuiltin(resolved))
}

function isReference(value: unknown): value is string | Named | (() => unknown) {
  if (typeof value === 'string') return value !== ''
  if (typeof value === 'function') return true
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** What stands behind a guard: itself, or what the machine was given under its name. */
export function resolveGuard(machine: AnyStateMachine, guard: unknown): unknown {
  return typeof guard === 'function' ? guard : machine.implementations.guards[nameOf(guard)]
}

/** As `resolveGuard`, for an action. */
export function resolveAction(machine: AnyStateMachine, action: unknown): unknown {
  return typeof action === 'function' ? action : machine.implementations.actions[nameOf(action)]
}

/** Name of a guard or action that is not a function. */
export function nameOf(reference: unknown): string {
  return typeof reference === 'string' ? reference : (reference as Named).type
}

export function isAssign(action: unknown): boolean {
  return (action as MarkedFunction).resolve === (assign({}) as MarkedFunction).resolve
}

/** Actions of XState that change nothing in the snapshot: they are resolved and executed by its own code. */
export function isBuiltin(action: unknown): boolean {
  return BUILTIN_RESOLVES.has((action as MarkedFunction).resolve)
}

const NOTHING = { type: '' }
const BUILTIN_RESOLVES: ReadonlySet<unknown> = new Set(
  [raise(NOTHING), cancel(''), sendTo('', NOTHING), emit(NOTHING), log()].map(
    (action: unknown) => (action as MarkedFunction).resolve,
  ),
)

export function guardKindOf(guard: unknown): GuardKind {
  const { check } = guard as MarkedFunction
  if (typeof guard === 'function' && !('check' in guard)) return 'plain'
  if (check === (and([]) as MarkedFunction).check) return 'and'
  if (check === (or([]) as MarkedFunction).check) return 'or'
  if (check === (not('') as MarkedFunction).check) return 'not'
  return check === (stateIn('') as MarkedFunction).check ? 'state-in' : 'unknown'
}

/** The guards that `and`, `or` and `not` are made of. */
export function partsOf(guard: unknown): readonly unknown[] {
  return (guard as MarkedFunction).guards ?? []
}

/** What `stateIn` was given. */
export function stateValueOf(guard: unknown): StateValue {
  return (guard as { readonly stateValue: StateValue }).stateValue
}

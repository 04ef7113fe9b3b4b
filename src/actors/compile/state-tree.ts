import type { AnyStateMachine, AnyStateNode, StateValue } from 'xstate'

// A machine without parallel states is always in exactly one leaf and in the states around it, so the leaf says it all.

/** The atomic and final states, in the order in which they are written: the states by index. */
export function leavesOf(machine: AnyStateMachine): readonly AnyStateNode[] {
  return leavesBelow(machine.root)
}

function leavesBelow(node: AnyStateNode): readonly AnyStateNode[] {
  const children = childrenOf(node)
  return children.length === 0 ? [node] : children.flatMap(leavesBelow)
}

export function childrenOf(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values<AnyStateNode>(node.states)
}

/** From the root to `node`, both included. */
export function pathTo(node: AnyStateNode): readonly AnyStateNode[] {
  const path = [node]
  for (let next = node.parent; next !== undefined; next = next.parent) path.unshift(next)
  return path
}

/** What is entered with `node` when nothing says otherwise: its initial state, the initial state of that, and so on. */
export function descentFrom(node: AnyStateNode): readonly AnyStateNode[] {
  const descent: AnyStateNode[] = []
  for (let next = node.initial.target?.[0]; next !== undefined; next = next.initial.target?.[0]) descent.push(next)
  return descent
}

/** The leaf in which a machine is that has entered `node`. */
export function leafOf(node: AnyStateNode): AnyStateNode {
  return descentFrom(node).at(-1) ?? node
}

/** The part of a path below `domain`; all of it when there is no domain. */
export function below(path: readonly AnyStateNode[], domain: AnyStateNode | undefined): readonly AnyStateNode[] {
  return domain === undefined ? path : path.slice(path.indexOf(domain) + 1)
}

/** The value of a snapshot of a machine in `leaf`. */
export function valueOf(leaf: AnyStateNode): StateValue {
  const [key = '', ...keys] = pathTo(leaf)
    .slice(1)
    .map((node) => node.key)
    .toReversed()
  let value: StateValue = key
  for (const outer of keys) value = { [outer]: value }
  return value
}

/** The way back; `undefined` when the value names no state, or does not go down to a leaf. */
export function leafAt(machine: AnyStateMachine, value: StateValue): AnyStateNode | undefined {
  let node: AnyStateNode | undefined = machine.root
  let rest: StateValue | undefined = value
  while (node !== undefined && rest !== undefined) {
    const keys: readonly string[] = typeof rest === 'string' ? [rest] : Object.keys(rest)
    const [key] = keys
    if (key === undefined || keys.length > 1) return undefined
    node = Object.hasOwn(node.states, key) ? node.states[key] : undefined
    rest = typeof rest === 'string' ? undefined : rest[key]
  }
  return node
}

import type { AnyActorLogic, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** A statechart as states and the edges between them, for whoever draws it. */
export type Statechart = {
  readonly id: string
  /** Outer states before those inside. */
  readonly states: readonly StatechartState[]
  readonly edges: readonly StatechartEdge[]
}

export type StatechartState = {
  /** Names from the outermost state to this one, joined by dots. */
  readonly path: string
  readonly key: string
  /** Path of the state around it; `null` for an outermost one. */
  readonly parent: string | null
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** It is entered with the state around it. */
  readonly isInitial: boolean
  readonly description: string | null
}

export type StatechartEdge = {
  /** Paths; `from` is `null` for what the whole machine does in any state, `to` is `null` where the state stays. */
  readonly from: string | null
  readonly to: string | null
  /** Type of the event, as written. */
  readonly event: string
  /** Name of the guard; `null` without one. */
  readonly guard: string | null
  readonly actions: readonly string[]
}

/** `null` for logic that is no state machine. */
export function describeStatechart(logic: AnyActorLogic): Statechart | null {
  if (!isMachine(logic)) return null
  const states: StatechartState[] = []
  const edges: StatechartEdge[] = []
  visit(logic.root, { states, edges })
  return { id: logic.id, states, edges }
}

function isMachine(logic: AnyActorLogic): logic is AnyStateMachine {
  const { root } = logic as Partial<AnyStateMachine>
  return typeof root === 'object' && root !== null && 'states' in root
}

type Found = { readonly states: StatechartState[]; readonly edges: StatechartEdge[] }

function visit(node: AnyStateNode, found: Found): void {
  if (node.parent !== undefined) found.states.push(stateOf(node, node.parent))
  for (const transitions of node.transitions.values())
    for (const transition of transitions) found.edges.push(...edgesOf(node, transition))
  for (const transition of node.always ?? []) found.edges.push(...edgesOf(node, transition))
  for (const child of Object.values<AnyStateNode>(node.states)) visit(child, found)
}

function stateOf(node: AnyStateNode, parent: AnyStateNode): StatechartState {
  return {
    path: pathOf(node) ?? node.key,
    key: node.key,
    parent: pathOf(parent),
    type: node.type,
    isInitial: parent.type === 'parallel' || parent.initial?.target?.includes(node) === true,
    description: node.description ?? null,
  }
}

function edgesOf(node: AnyStateNode, transition: AnyTransitionDefinition): readonly StatechartEdge[] {
  const targets: readonly (AnyStateNode | undefined)[] = transition.target ?? [undefined]
  return targets.map((target) => ({
    from: pathOf(node),
    to: target === undefined ? null : pathOf(target),
    event: transition.eventType === '' ? 'always' : transition.eventType,
    guard: nameOf(transition.guard),
    actions: transition.actions.flatMap((action) => nameOf(action) ?? []),
  }))
}

function pathOf(node: AnyStateNode): string | null {
  return node.path.length === 0 ? null : node.path.join('.')
}

/** Of a guard or an action: by name, with a type, or a function. */
function nameOf(part: unknown): string | null {
  if (typeof part === 'string') return part
  if (typeof part === 'function') return part.name === '' ? 'function' : part.name
  if (typeof part === 'object' && part !== null && 'type' in part && typeof part.type === 'string') return part.type
  return null
}

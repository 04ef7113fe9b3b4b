/** How a child of an agent has ended. */
export type ChildEnd =
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'error'; readonly error: unknown }

type Snapshots = { getSnapshot(): unknown }

/**
 * What the child that an `xstate.done.actor.*` or `xstate.error.actor.*` event names has come to, read from the child itself:
 * anybody who can send to an agent can send it such an event, with an output of their own. `undefined` while the child is not
 * at its end, and where there is no such child.
 *
 * @param self  The agent, as its actions are given it.
 */
export function endOfChild(self: Snapshots, event: object): ChildEnd | undefined {
  const { actorId } = event as { readonly actorId?: unknown }
  const { children } = self.getSnapshot() as { readonly children?: Readonly<Record<string, Snapshots | undefined>> }
  if (children === undefined || typeof actorId !== 'string' || !Object.hasOwn(children, actorId)) return undefined
  const end = children[actorId]?.getSnapshot() as EndSnapshot | undefined
  if (end?.status === 'done') return { kind: 'done', output: end.output }
  return end?.status === 'error' ? { kind: 'error', error: end.error } : undefined
}

type EndSnapshot = { readonly status: string; readonly output?: unknown; readonly error?: unknown }

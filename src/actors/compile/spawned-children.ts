import { assign, stopChild, type AnyActorRef, type AnyEventObject, type MachineContext } from 'xstate'
import type { BuiltinAction } from './compiled-action.ts'

type StopAction = {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec: (info: unknown, params: unknown) => void
}

/** What is used of the step under way. */
type Step = {
  readonly owner: { sampleOf(context: MachineContext): unknown }
  readonly event: AnyEventObject
  readonly scope: {
    readonly self: unknown
    readonly system: unknown
    readonly actionExecutor: (action: StopAction) => void
  }
  readonly context: MachineContext
  children: Record<string, AnyActorRef> | undefined
}

type Spawn = (source: unknown, options: unknown) => AnyActorRef

/** The `spawn` of an `assign`: XState's own, found out by resolving an `assign` that does nothing but keep it. */
export function spawnChild(
  frame: Step,
  context: MachineContext,
  child: { readonly source: unknown; readonly options: unknown },
): AnyActorRef {
  const { scope, event } = frame
  let spawn: Spawn | undefined
  // The parameters of XState's types are those of one machine; here it is any.
  const probe = assign(({ spawn: given }) => {
    spawn = given as Spawn
    return {}
  }) as unknown as BuiltinAction
  const info = { context, event, self: scope.self, system: scope.system }
  probe.resolve(scope, frame.owner.sampleOf(context), info, undefined, probe)
  if (spawn === undefined) throw new TypeError('This version of XState resolves assign in another way')
  const reference = spawn(child.source, child.options)
  frame.children ??= {}
  frame.children[reference.id] = reference
  return reference
}

/** What XState does with the children of a machine that has come to its end. */
export function stopChildren(frame: Step, children: Readonly<Record<string, AnyActorRef>>): void {
  const { scope, event } = frame
  for (const child of Object.values(children)) {
    const stop = stopChild(child) as unknown as BuiltinAction
    const info = { context: frame.context, event, self: scope.self, system: scope.system }
    const [, params] = stop.resolve(scope, frame.owner.sampleOf(frame.context), info, undefined, stop)
    scope.actionExecutor({ type: stop.type, info, params, exec: () => stop.execute(scope, params) })
  }
}

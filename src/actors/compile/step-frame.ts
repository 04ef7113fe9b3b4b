import type { CompiledTransition } from './compiled-transition.ts'
import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, MachineContext } from 'xstate'
import {
  ASSIGN_FUNCTION,
  ASSIGN_OBJECT,
  BUILTIN,
  CUSTOM,
  FINISH,
  type CompiledAction,
  type UserFunction,
} from './compiled-action.ts'
import { spawnChild } from './spawned-children.ts'

/** What XState hands to an executor: `exec(info, params)` runs the action. */
export type ExecutedAction = {
  readonly type: string
  readonly info: unknown
  readonly params: unknown
  readonly exec: ((info: unknown, params: unknown) => void) | undefined
}

/** What a step needs of XState's actor scope. Spawning, which XState's own code does, needs the whole of it. */
export type MachineScope = {
  readonly self: unknown
  readonly system: unknown
  readonly actionExecutor: (action: ExecutedAction) => void
}

export type FrameOwner = {
  readonly machine: AnyStateMachine
  /** The context with which the step begins. */
  readonly context: MachineContext
  /** Any snapshot of the machine with these: in its name children are spawned, and XState's own actions resolved. */
  sampleOf(context: MachineContext, children?: Readonly<Record<string, AnyActorRef>>): AnyMachineSnapshot
}

/** One step under way: what its actions see, and what comes of them. */
export class StepFrame {
  readonly owner: FrameOwner
  readonly scope: MachineScope
  /** The one that is being taken: the step's own, then those that it queues. */
  event: AnyEventObject
  context: MachineContext
  output: unknown = undefined
  /** The children that were spawned; `undefined`: none. */
  children: Record<string, AnyActorRef> | undefined = undefined
  /** Events that the machine has raised and takes in this same step; `undefined`: none. */
  queue: AnyEventObject[] | undefined = undefined

  constructor(owner: FrameOwner, event: AnyEventObject, scope: MachineScope) {
    this.owner = owner
    this.event = event
    this.scope = scope
    this.context = owner.context
  }

  /** Runs a transition. @returns Whether XState would have made another snapshot of it. */
  take(stateIndex: number, { actions, target }: CompiledTransition): boolean {
    const { context } = this
    this.run(actions)
    return target !== stateIndex || this.context !== context
  }

  private run(actions: readonly CompiledAction[]): void {
    for (const action of actions) {
      const { kind, makeParams } = action
      const params = makeParams === undefined ? action.params : makeParams({ context: this.context, event: this.event })
      if (kind === ASSIGN_FUNCTION) this.assign(action.run as UserFunction, params)
      else if (kind === ASSIGN_OBJECT) this.assignProperties(action, params)
      else if (kind === CUSTOM) this.execute(action, params)
      else if (kind === BUILTIN) this.executeBuiltin(action, params)
      else if (kind === FINISH) this.finish(action)
      else this.finishInner(action)
    }
  }

  assign(assignment: UserFunction, params: unknown): void {
    // The copy by literal is twice as fast as `Object.assign` into an empty object; the change goes in as XState does it.
    this.context = Object.assign({ ...this.context }, assignment(this.assignArguments(), params))
  }

  private assignProperties({ keys, values }: CompiledAction, params: unknown): void {
    const given = this.assignArguments()
    const change: Record<string, unknown> = {}
    for (let index = 0; index < keys.length; index += 1) {
      const value = values[index]
      change[keys[index] as string] = typeof value === 'function' ? (value as UserFunction)(given, params) : value
    }
    this.context = Object.assign({ ...this.context }, change)
  }

  private assignArguments(): object {
    const { context, scope } = this
    return {
      context,
      event: this.event,
      spawn: (source: unknown, options: unknown) => spawnChild(this, context, { source, options }),
      self: scope.self,
      system: scope.system,
    }
  }

  private execute({ type, run }: CompiledAction, params: unknown): void {
    this.scope.actionExecutor({ type, info: this.actionArguments(), params, exec: run })
  }

  private executeBuiltin({ type, builtin }: CompiledAction, params: unknown): void {
    if (builtin === undefined) return
    const { scope } = this
    const info = this.actionArguments()
    this.queue ??= []
    const extra = { internalQueue: this.queue, deferredActorIds: undefined }
    const sample = this.owner.sampleOf(this.context, this.children)
    const [, resolved] = builtin.resolve(scope, sample, info, params, builtin, extra)
    scope.actionExecutor({ type, info, params: resolved, exec: () => builtin.execute(scope, resolved) })
  }

  private actionArguments(): object {
    const { scope, context, event } = this
    return { context, event, self: scope.self, system: scope.system }
  }

  /** XState asks for the output of the final state twice: for its done event, and for the machine's output. */
  private finish({ node }: CompiledAction): void {
    const { root } = this.owner.machine
    const stateOutput: unknown = node?.output
    if (stateOutput !== undefined) this.outputOf(stateOutput, this.event)
    if (root.output === undefined) return
    const output = stateOutput === undefined ? undefined : this.outputOf(stateOutput, this.event)
    this.output = this.outputOf(root.output, { type: `xstate.done.state.${node?.id}`, output })
  }

  private finishInner({ node }: CompiledAction): void {
    const output: unknown = node?.output
    const type = `xstate.done.state.${node?.parent?.id}`
    this.queue ??= []
    this.queue.push({ type, output: output === undefined ? undefined : this.outputOf(output, this.event) })
  }

  private outputOf(output: unknown, event: AnyEventObject): unknown {
    return typeof output === 'function' ? output({ context: this.context, event, self: this.scope.self }) : output
  }
}

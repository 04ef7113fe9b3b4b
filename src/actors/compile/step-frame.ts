import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, MachineContext } from 'xstate'
import { ASSIGN_FUNCTION, ASSIGN_OBJECT, CUSTOM, type CompiledAction, type UserFunction } from './compiled-action.ts'
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
  /** Any snapshot of the machine with this context: in its name children are spawned. */
  sampleOf(context: MachineContext): AnyMachineSnapshot
}

/** One step under way: what its actions see, and what comes of them. */
export class StepFrame {
  readonly owner: FrameOwner
  readonly event: AnyEventObject
  readonly scope: MachineScope
  context: MachineContext
  output: unknown = undefined
  /** The children that were spawned; `undefined`: none. */
  children: Record<string, AnyActorRef> | undefined = undefined

  constructor(owner: FrameOwner, event: AnyEventObject, scope: MachineScope) {
    this.owner = owner
    this.event = event
    this.scope = scope
    this.context = owner.context
  }

  run(actions: readonly CompiledAction[]): void {
    for (const action of actions) {
      const { kind, makeParams } = action
      const params = makeParams === undefined ? action.params : makeParams({ context: this.context, event: this.event })
      if (kind === ASSIGN_FUNCTION) this.assign(action.run as UserFunction, params)
      else if (kind === ASSIGN_OBJECT) this.assignProperties(action, params)
      else if (kind === CUSTOM) this.execute(action, params)
      else this.finish(action)
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
    const { scope, context, event } = this
    const info = { context, event, self: scope.self, system: scope.system }
    scope.actionExecutor({ type, info, params, exec: run })
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

  private outputOf(output: unknown, event: AnyEventObject): unknown {
    return typeof output === 'function' ? output({ context: this.context, event, self: this.scope.self }) : output
  }
}

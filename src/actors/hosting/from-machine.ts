import { fromTransition, type AnyEventObject, type EventObject, type TransitionActorLogic } from 'xstate'
import { assert } from '../../base/assert.ts'
import type { Machine, Step } from '../../core/machine.ts'
import type { ActorRef } from '../actor-ref.ts'

/** The snapshot's context of an actor whose logic is a pure machine. */
export type MachineContext<State, Input> = { readonly state: State; readonly input: Input }

/** What one event came to. */
export type MachineStep<State, Event, Effect, Input> = {
  /** To be run, in order. */
  readonly effects: readonly Effect[]
  readonly event: Event
  /** After the event; it is the actor's already. */
  readonly state: State
  /** What the actor was spawned with. */
  readonly input: Input
  readonly actor: ActorRef
}

/** How `fromMachine` finds the machine's events among messages, when effects run, and who is told of the end. */
export type FromMachineOptions<Message, Event, Context> = {
  /**
   * The machine's event in a message of the actor; `undefined`: the message is none of the machine's. Absent: messages are
   * events, save those of the runtime (`xstate.…`, `kernell.…`).
   */
  readonly eventOf?: (message: Message) => Event | undefined
  /**
   * True: effects run before the new state is the actor's, a quarter cheaper. For `runEffects` that looks at what it is given
   * and not at the actor. Default false.
   */
  readonly isEager?: boolean
  /**
   * Called once when the actor ends, whatever the reason: with the context of then, and with what was thrown where the
   * machine or `runEffects` did. After that it may start again, from `machine.initial`.
   */
  readonly onEnd?: (context: Context, failure: { readonly error: unknown } | undefined) => void
  /** True: the actor fails when the machine names a broken invariant. Costs `violations` after every event. Default false. */
  readonly isChecked?: boolean
}

/**
 * A pure machine as logic of an actor. Its effects are given to `runEffects` when the new state is the actor's: there they
 * may send, spawn and start work, and what they find out comes back as an event. When it or the machine throws, the actor
 * fails, and starts again from `machine.initial(input)`.
 *
 * ```ts
 * import { createActorSystem, defineAgent } from 'kernell-os/actors'
 *
 * type Door = { readonly isOpen: boolean }
 * const door: Machine<Door, { readonly type: 'pushed' }, { readonly type: 'ring-bell' }, Door> = {
 *   name: 'door',
 *   initial: (input) => input,
 *   transition: ({ isOpen }) => ({ state: { isOpen: !isOpen }, effects: [{ type: 'ring-bell' }] }),
 *   violations: () => [],
 * }
 * const logic = fromMachine(door, ({ effects, actor }) => console.log(actor.id, effects))
 * const ref = createActorSystem().spawn(defineAgent({ name: 'door', logic }), { id: 'front', input: { isOpen: false } })
 * ref.send({ type: 'pushed' })
 * ```
 */
export function fromMachine<State, Event extends EventObject, Effect, Input, Message extends EventObject = Event>(
  machine: Machine<State, Event, Effect, Input>,
  runEffects: (step: MachineStep<State, Event, Effect, Input>) => void,
  options: FromMachineOptions<Message, Event, MachineContext<State, Input>> = {},
): TransitionActorLogic<MachineContext<State, Input>, Message, Input> {
  // Without `eventOf` the messages are the machine's events, which the types cannot say.
  const eventOf = options.eventOf ?? ((message: Message) => ownEvent(message) as Event | undefined)
  const { isChecked = false, isEager = false, onEnd } = options
  return fromTransition<MachineContext<State, Input>, Message, never, Input>(
    (context, message, scope) => {
      if (message.type === 'xstate.stop') onEnd?.(context, undefined)
      const event = eventOf(message)
      if (event === undefined) return context
      const { input } = context
      // The scope is the actor's cell where this runtime hosts it.
      const actor = scope.self as unknown as ActorRef
      const { state, effects } = transition(context, event)
      const next = state === context.state ? context : { state, input }
      const step = { effects, event, state, input, actor }
      if (isEager) run(step, context)
      else scope.defer(() => run(step, next))
      return next
    },
    ({ input }) => ({ state: machine.initial(input), input }),
  )

  function run(step: MachineStep<State, Event, Effect, Input>, context: MachineContext<State, Input>): void {
    try {
      runEffects(step)
    } catch (error: unknown) {
      onEnd?.(context, { error })
      throw error
    }
  }

  function transition(context: MachineContext<State, Input>, event: Event): Step<State, Effect> {
    try {
      const step = machine.transition(context.state, event)
      if (isChecked) checkSound(machine, step.state)
      return step
    } catch (error: unknown) {
      onEnd?.(context, { error })
      throw error
    }
  }
}

function ownEvent(message: AnyEventObject): AnyEventObject | undefined {
  const { type } = message
  return type.startsWith('xstate.') || type.startsWith('kernell.') ? undefined : message
}

function checkSound<State>(
  machine: Pick<Machine<State, never, never, never>, 'name' | 'violations'>,
  state: State,
): void {
  const broken = machine.violations(state)
  assert(broken.length === 0, `${machine.name}: ${broken.join('; ')}`)
}

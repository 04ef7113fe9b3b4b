import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { fromTransition } from 'xstate'
import { tell } from '../tell.ts'

/**
 * A message to an echo: counted, and answered with `Heard` where there is a `replyTo`. Events of other types are not
 * counted.
 */
export type EchoEvent = {
  readonly type: 'say'
  /** Anything; it comes back as it is. */
  readonly payload?: unknown
  readonly replyTo?: ReplyTarget
}

/** Answer to `say`, with the payload that it had. */
export type Heard = {
  readonly type: 'heard'
  readonly payload: unknown
  /** 1 for the first message of this actor's life: a gap is a lost message, a 1 in between is a restart. */
  readonly count: number
}

/** Messages heard so far. */
export type EchoContext = number

/**
 * Says what it hears. Ask it to learn whether messages get to an actor and back, on this thread, another one or after a
 * restart, and how long that takes.
 */
export const echo: AgentDefinition = defineAgent({
  name: 'echo',
  logic: fromTransition((heard: EchoContext, event: EchoEvent, { system }): EchoContext => {
    if (event.type !== 'say') return heard
    const reply: Heard = { type: 'heard', payload: event.payload, count: heard + 1 }
    tell(event.replyTo, reply, system)
    return heard + 1
  }, 0),
  module: { url: import.meta.url, exportName: 'echo' },
})

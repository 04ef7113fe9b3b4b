import { fromTransition } from 'xstate'
import type { ActorRef } from '../../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../../src/actors/define-agent.ts'

type CounterEvent = {
  readonly type: string
  readonly by?: number
  readonly to?: ActorRef
  readonly replyTo?: { send(event: object): unknown }
}

export const counter = defineAgent({
  name: 'counter',
  durable: true,
  restart: { redeliveries: 1 },
  logic: fromTransition((count: number, event: CounterEvent) => {
    if (event.type === 'fail') throw new Error('told to fail')
    if (event.type === 'stop') return count
    const next = count + (event.by ?? 0)
    event.to?.send({ type: 'add', by: event.by })
    event.replyTo?.send({ type: 'count', count: next })
    return next
  }, 0),
})

/** The snapshot of a child that XState made. */
export function childOf(ref: ActorRef, id: string): unknown {
  const { children } = ref.getSnapshot() as unknown as { readonly children: Readonly<Record<string, ActorRef>> }
  return children[id]?.getSnapshot()
}

export const contextOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly context?: unknown }).context

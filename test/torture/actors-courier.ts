import { fromTransition } from 'xstate'
import type { ActorRef } from '../../src/actors/actor-ref.ts'
import { defineAgent } from '../../src/actors/define-agent.ts'
import type { AgentDefinition } from '../../src/actors/agent-definition.ts'
import type { AccountCommand } from './actors-workload.ts'

type CourierEvent =
  | {
      readonly type: 'carry'
      readonly to: ActorRef
      readonly command: AccountCommand
      readonly replyTo?: { send(event: object): unknown }
    }
  | { readonly type: 'die' }

/**
 * Lives on a worker thread and carries commands to durable actors. It answers when they are on stable storage. Its worker
 * can be told to die at once, with everything that it carries.
 */
export const courier: AgentDefinition = defineAgent({
  name: 'courier',
  module: { url: import.meta.url, exportName: 'courier' },
  restart: { kind: 'permanent' },
  logic: fromTransition((carried: number, event: CourierEvent) => {
    // A worker that ends in the middle of things is what is tried here.
    if (event.type === 'die') process.exit(3)
    const { to, command, replyTo } = event
    to.deliver(command, { key: command.key }).then(
      () => replyTo?.send({ type: 'carried' }),
      () => replyTo?.send({ type: 'refused' }),
    )
    return carried + 1
  }, 0),
})

/** An agent that says which limits its thread has, and one that does not let go of it. */
import { isMainThread, resourceLimits } from 'node:worker_threads'
import { fromTransition } from 'xstate'
import { defineAgent } from '../../../src/actors/define-agent.ts'

export const limits = defineAgent({
  name: 'limits',
  module: { url: import.meta.url, exportName: 'limits' },
  logic: fromTransition((state: null, event: { type: 'ask'; replyTo?: { send(answer: object): unknown } }) => {
    event.replyTo?.send({ type: 'limits', isMainThread, limits: { ...resourceLimits } })
    return state
  }, null),
})

export const spinner = defineAgent({
  name: 'spinner',
  restart: 'permanent',
  module: { url: import.meta.url, exportName: 'spinner' },
  logic: fromTransition((state: number, event: { type: 'spin' | 'exit' }) => {
    const until = Date.now() + 60_000
    while (event.type === 'spin' && Date.now() < until);
    if (event.type === 'exit') process.exit(3)
    return state
  }, 0),
})

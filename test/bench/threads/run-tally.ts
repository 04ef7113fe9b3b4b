import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { fromTransition } from 'xstate'

export type TallyEvent =
  | { readonly type: 'add'; readonly first: number; readonly second: number; readonly third: number }
  | { readonly type: 'total'; readonly replyTo: ReplyTarget }

/** Counts what it is sent, and says how much that was; loaded by a worker thread from this module. */
export const tally: AgentDefinition = defineAgent({
  name: 'tally',
  module: { url: import.meta.url, exportName: 'tally' },
  mailbox: { atBound: 'credit' },
  logic: fromTransition(
    (state: { readonly count: number; readonly sum: number }, event: TallyEvent) => {
      if (event.type === 'add') return { count: state.count + 1, sum: state.sum + event.third }
      if (event.type === 'total') event.replyTo.send({ type: 'total', ...state })
      return state
    },
    { count: 0, sum: 0 },
  ),
})

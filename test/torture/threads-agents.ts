/** Agents of `stress-threads.ts`. */
import { fromTransition } from 'xstate'
import { defineAgent } from '../../src/node/actors/index.ts'
import type { ActorRef, ReplyTarget } from '../../src/node/actors/index.ts'

type State = { readonly id: string; readonly collector: ActorRef; readonly last: number }
type LedgerEvent = { type: 'entry'; number: number } | { type: 'rest'; replyTo?: ReplyTarget }

/** Tells the collector of each entry, and of the one before it. */
export const ledger = defineAgent({
  name: 'ledger',
  module: { url: import.meta.url, exportName: 'ledger' },
  logic: fromTransition(
    (state: State, event: LedgerEvent) => {
      if (event.type === 'rest') event.replyTo?.send({ type: 'rested' })
      if (event.type !== 'entry') return state
      const { id, collector, last } = state
      collector.send({ type: 'handled', ledger: id, number: event.number, last })
      return { ...state, last: event.number }
    },
    ({ input }: { input: Omit<State, 'last'> }) => ({ ...input, last: 0 }),
  ),
})

/** Ends the worker that it is on. */
export const bomb = defineAgent({
  name: 'bomb',
  module: { url: import.meta.url, exportName: 'bomb' },
  restart: 'temporary',
  logic: fromTransition((state: null, event: { type: 'exit' | 'throw' }) => {
    if (event.type === 'exit') process.exit(1)
    if (event.type === 'throw') {
      setTimeout(() => {
        throw new Error('on purpose')
      })
    }
    return state
  }, null),
})

import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { parseContractId, type Arbiter, type ContractId } from 'kernell-os/market'
import { fromTransition } from 'xstate'
import { checkMethods, objectOf } from '../agent-input.ts'
import { tell } from '../tell.ts'

/** What an arbiter actor is spawned with. Without a method `take` in it `spawn` throws `ACTOR_START_FAILED`. */
export type ArbiterInput = {
  /** An arbiter that has started; what it signs is in its journal. */
  readonly arbiter: Pick<Arbiter, 'take'>
}

/** What an arbiter actor is sent; events of other types change nothing and have no answer. */
export type ArbiterEvent = {
  /** A contract whose disputes are ruled on from now on. Answered with `taken`, or `refused` for what names no contract. */
  readonly type: 'take'
  readonly contract: ContractId
  readonly replyTo?: ReplyTarget
}

/**
 * Answer to `take`, with the contract's name as it was given. `taken` does not say that a dispute was ruled on, nor
 * that the contract names this arbiter.
 */
export type ArbiterReply =
  | { readonly type: 'taken'; readonly contract: string }
  | { readonly type: 'refused'; readonly contract: string }

type Context = ArbiterInput & { readonly taken: number }

/** Rules on disputes of contracts that name it: runs the acceptance predicate itself, and signs what follows together with the others. */
export const arbiter: AgentDefinition = defineAgent({
  name: 'arbiter',
  logic: fromTransition(
    (context: Context, event: ArbiterEvent, { system }): Context => {
      if (event.type !== 'take') return context
      const text = String(event.contract)
      const contract = parseContractId(text)
      if (contract !== undefined) context.arbiter.take(contract)
      const reply: ArbiterReply = { type: contract === undefined ? 'refused' : 'taken', contract: text }
      tell(event.replyTo, reply, system)
      return contract === undefined ? context : { ...context, taken: context.taken + 1 }
    },
    ({ input }: { input: ArbiterInput }): Context => {
      const { arbiter: given } = objectOf(input)
      checkMethods(given, 'arbiter', { names: ['take'], hint: 'give the agent an `Arbiter` of `kernell-os/market`' })
      return { arbiter: input.arbiter, taken: 0 }
    },
  ),
})

import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { DurationMs } from '../../base/time.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { ParameterChange } from '../../core/governance/parameter-set.ts'
import type { VoteChoice } from '../../core/governance/tally.ts'
import type { NotaryAnswer, NotaryClient } from '../../ports/notary-client.ts'
import type { MessageBody } from '../../wire/v1/message-types.ts'
import { dueTryOf } from './next-try.ts'
import type { Party } from './party.ts'
import type { KeptEnvelope } from './journal/party-record.ts'

/** Whose key signs proposals and votes, and the notary set that they are addressed to. */
export type GovernorComponents = {
  readonly party: Pick<Party, 'wallet' | 'outbox'>
  readonly notary: Pick<NotaryClient, 'set'>
}

export type ProposalInit = {
  /** Hash of the parameter set that it changes: the one in force. */
  readonly base: Hash
  readonly changes: readonly ParameterChange[]
  /** Hash of the newest table of weights. */
  readonly weights: Hash
  /** Longer than any live contract can last. */
  readonly timelockMs: DurationMs
  readonly note?: string
}

/** What the notary set answered to a message of a governor. A refusal is an outcome too, with its `code`, and is not thrown. */
export type GovernorOutcome = {
  /** Of the message that was signed; of a proposal, its name. */
  readonly hash: Hash
  /** As the notary set answered. */
  readonly effect: NotaryAnswer['effect']
  /** Why it was refused. */
  readonly code: string | undefined
}

type GovernanceType =
  | 'governance-propose'
  | 'governance-vote'
  | 'governance-delegate'
  | 'governance-execute'
  | 'governance-cancel'

type Act<Type extends GovernanceType> = {
  /** Asked for again, it is the same message as long as it was not refused. */
  readonly name: string
  readonly type: Type
  readonly body: MessageBody<Type>
  /** Whether it is done once for all; else it is said again once it is answered. */
  readonly isOnce: boolean
}

/** Proposes changes of parameters, votes and delegates: each a signed message that is kept before it leaves, and sent to the notary set until it is answered. */
export class Governor {
  private readonly components: GovernorComponents

  constructor(components: GovernorComponents) {
    this.components = components
  }

  /** The same proposal is the same message. */
  async propose({ base, changes, weights, timelockMs, note }: ProposalInit): Promise<GovernorOutcome> {
    const body = { base, changes: [...changes], weights, timelockMs, ...(note !== undefined && { note }) }
    const shown = { ...body, changes: changes.map(({ name, value }) => [name, value.toString()]) }
    const name = `propose/${sha256Hex(canonicalJson(shown))}`
    return await this.say({ name, type: 'governance-propose', body, isOnce: true })
  }

  /** One vote for a proposal; asked for again, it is the same, unless the choice is another: that is another message, which is refused. */
  async vote(proposal: Hash, choice: VoteChoice): Promise<GovernorOutcome> {
    const name = `vote/${proposal}/${choice}`
    return await this.say({ name, type: 'governance-vote', body: { proposal, choice }, isOnce: true })
  }

  /** `to` absent: takes the delegation back. */
  async delegate(to?: Did): Promise<GovernorOutcome> {
    const body = to === undefined ? {} : { to }
    return await this.say({ name: `delegate/${to ?? 'nobody'}`, type: 'governance-delegate', body, isOnce: false })
  }

  /** Puts what was carried into force, once its timelock has passed. Anybody may. */
  async execute(proposal: Hash): Promise<GovernorOutcome> {
    return await this.say({
      name: `execute/${proposal}`,
      type: 'governance-execute',
      body: { proposal },
      isOnce: true,
    })
  }

  /** Ends a proposal of one's own. */
  async cancel(proposal: Hash): Promise<GovernorOutcome> {
    return await this.say({ name: `cancel/${proposal}`, type: 'governance-cancel', body: { proposal }, isOnce: true })
  }

  private async say<Type extends GovernanceType>({ name, type, body, isOnce }: Act<Type>): Promise<GovernorOutcome> {
    const { party, notary } = this.components
    // What was refused, as too early, is another message when it is tried again.
    const act = dueTryOf(party, name, ({ effect }) => !isOnce || effect === 'refused')
    const kept: KeptEnvelope = await party.wallet.say({ act, type, body, aud: notary.set.id })
    const { effect, code } = await party.outbox.submit(kept)
    return { hash: kept.envelope.hash, effect, code }
  }
}

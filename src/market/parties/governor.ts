import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { Evidence } from '../../core/evidence/evidence.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { GovernanceEvent } from '../../core/governance/governance-state.ts'
import type { ParameterChange } from '../../core/governance/parameter-set.ts'
import type { VoteChoice } from '../../core/governance/tally.ts'
import type { Envelope } from '../../wire/v1/envelope.ts'
import type { GovernanceBoard, GovernanceOutcome } from '../governance/governance-board.ts'
import type { Party } from './party.ts'
import type { KeptEnvelope } from './party-record.ts'

export type GovernorComponents = {
  readonly party: Party
  /** Takes the events of messages that were authenticated. */
  readonly board: Pick<GovernanceBoard, 'take'>
}

export type ProposalInit = {
  /** What it is proposed for: the same act is the same proposal. */
  readonly act: string
  /** Hash of the parameter set that it changes. */
  readonly base: Hash
  readonly changes: readonly ParameterChange[]
  /** Hash of the newest table of weights. */
  readonly weights: Hash
  /** Longer than any live contract can last. */
  readonly timelockMs: DurationMs
  readonly note?: string
}

export type GovernorOutcome = GovernanceOutcome & { /** Of a proposal: its name. */ readonly hash: Hash }

/** Proposes changes of parameters, votes and delegates, each by a signed message that is kept before it counts. */
export class Governor {
  private readonly components: GovernorComponents

  constructor(components: GovernorComponents) {
    this.components = components
  }

  async propose({ act, base, changes, weights, timelockMs, note }: ProposalInit): Promise<GovernorOutcome> {
    const body = { base, changes: [...changes], weights, timelockMs, ...(note !== undefined && { note }) }
    const { wallet } = this.components.party
    return await this.take(await wallet.say({ act: `propose/${act}`, type: 'governance-propose', body, aud: '*' }))
  }

  /** One vote for a proposal; asked for again, it is the same. */
  async vote(proposal: Hash, choice: VoteChoice): Promise<GovernorOutcome> {
    const { wallet } = this.components.party
    const body = { proposal, choice }
    return await this.take(await wallet.say({ act: `vote/${proposal}`, type: 'governance-vote', body, aud: '*' }))
  }

  /** `to` absent: takes the delegation back. */
  async delegate(act: string, to?: Did): Promise<GovernorOutcome> {
    const { wallet } = this.components.party
    const body = to === undefined ? {} : { to }
    return await this.take(await wallet.say({ act: `delegate/${act}`, type: 'governance-delegate', body, aud: '*' }))
  }

  async execute(proposal: Hash): Promise<GovernorOutcome> {
    const { wallet, components } = this.components.party
    // It may be too early; the next try is another message.
    const act = `execute/${proposal}/${components.clock.now()}`
    return await this.take(await wallet.say({ act, type: 'governance-execute', body: { proposal }, aud: '*' }))
  }

  async cancel(proposal: Hash): Promise<GovernorOutcome> {
    const { wallet } = this.components.party
    const body = { proposal }
    return await this.take(await wallet.say({ act: `cancel/${proposal}`, type: 'governance-cancel', body, aud: '*' }))
  }

  private async take({ envelope }: KeptEnvelope): Promise<GovernorOutcome> {
    const event = governanceEventOf(envelope, this.components.party.components.clock.now())
    if (event === undefined) throw new TypeError(`${envelope.type} is no message of governance`)
    return { ...(await this.components.board.take(event)), hash: envelope.hash }
  }
}

/** What an authenticated message means to governance; `undefined` for messages of other areas, and for weights, which the set certifies. */
export function governanceEventOf({ type, head, hash, body }: Envelope, at: Timestamp): GovernanceEvent | undefined {
  const evidence: Evidence = { envelope: hash, iss: head.iss, seq: head.seq, prev: head.prev, at }
  switch (type) {
    case 'governance-propose': {
      const { base, changes, weights: weightsHash, timelockMs } = body
      return { ...evidence, type: 'proposal-made', base, changes, weightsHash, timelockMs }
    }
    case 'governance-vote':
      return { ...evidence, type: 'vote-cast', proposal: body.proposal, choice: body.choice }
    case 'governance-delegate':
      return { ...evidence, type: 'vote-delegated', to: body.to }
    case 'governance-execute':
      return { ...evidence, type: 'execution-requested', proposal: body.proposal }
    case 'governance-cancel':
      return { ...evidence, type: 'cancellation-requested', proposal: body.proposal }
    default:
      return undefined
  }
}

import { canonicalJson } from '../../../base/canonical-json.ts'
import { hashOfBlock } from '../../../core/notary/block.ts'
import { checkDoubleVote, type DoubleVoteProof } from '../../../core/notary/double-vote.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import type { NotaryAnswer, NotaryClient } from '../../../ports/notary-client.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import { NOTARY_MESSAGES } from '../../../wire/v1/notary-messages.ts'
import { KeptAnswers } from '../../checks/kept-answers.ts'
import { NotaryWire } from '../../checks/notary-wire.ts'
import { StampsAhead } from '../../checks/stamps-ahead.ts'
import type { SeenFrame } from '../../market/watched-transport.ts'
import type { Stage } from '../../scenario/stage.ts'

/** Of a stamp: what members let pass, and how far the clocks of honest ones are off. */
const AHEAD_MS_MAX = 10_000 + 2_500

/** Everything that is looked at while it happens: the votes of members, the answers that parties get, and the proofs that members find. */
export class Witnesses {
  readonly answers = new KeptAnswers(AHEAD_MS_MAX)
  /** Members that were convicted, each by a proof. */
  readonly convicted = new Set<number>()
  private readonly stage: Stage
  private wire: NotaryWire | undefined
  private liar: number | undefined
  private verify: VerifyStatement | undefined
  private set: NotarySet | undefined
  private readonly stamps = new StampsAhead(AHEAD_MS_MAX)

  constructor(stage: Stage) {
    this.stage = stage
  }

  /** `liar`: the member whose lies are no fault of the product. */
  join(
    set: NotarySet,
    { verify, liar }: { readonly verify: VerifyStatement; readonly liar: number | undefined },
  ): void {
    this.set = set
    this.verify = verify
    this.liar = liar
    this.wire = new NotaryWire(set)
  }

  /** Slots that a quorum has certified so far. */
  get certified(): number {
    return this.wire?.certified ?? 0
  }

  sent(member: number, frame: SeenFrame): void {
    const { checks, world } = this.stage
    const { wire } = this
    if (wire === undefined) return
    const isHonest = member !== this.liar
    if (frame.type === 'notary-proposal') {
      const { view, block, signature } = frame.proposal
      this.stamps.proposed(hashOfBlock(block), block.at)
      if (!isHonest || signature.member !== member) return
      const place = { slot: block.slot, signature: signature.signature }
      checks.check('one-vote', wire.sawProposal(member, view, place))
      return
    }
    // What it says of others is theirs to say.
    if (frame.vote.member !== member) return
    const { twice, two } = wire.saw(frame.vote, isHonest)
    if (isHonest) {
      checks.check('one-vote', twice)
      checks.check('stamps-true', this.stamps.voted(frame.vote, world.startAt + world.nowMs()))
    }
    checks.check('one-certificate', two)
  }

  /** A proof as it would be handed to somebody who has nothing but the document of the set. */
  proven(proof: DoubleVoteProof): void {
    const { set, verify, stage } = this
    if (set === undefined || verify === undefined) return
    const read = NOTARY_MESSAGES['notary-double-vote'].safeParse(JSON.parse(canonicalJson(proof)))
    const verdict = read.success ? checkDoubleVote(set, read.data, verify) : undefined
    const members = verdict?.kind === 'proven' ? verdict.members : []
    const isRight = members.length === 1 && members[0] === this.liar
    const what = isRight
      ? undefined
      : `a proof against member ${proof.first.member} convicts ${members.join() || 'nobody'}`
    stage.checks.check('proofs-convict', what)
    for (const member of members) this.convicted.add(member)
  }

  /** The way of a party to its notaries, on which its answers are kept. */
  wrap(client: NotaryClient): NotaryClient {
    const submit = async (bytes: Uint8Array, options?: AbortOptions): Promise<NotaryAnswer> => {
      const answer = await client.submit(bytes, options)
      this.answered(answer)
      return answer
    }
    return Object.create(client, { submit: { value: submit } }) as NotaryClient
  }

  private answered(answer: NotaryAnswer): void {
    const { checks, world } = this.stage
    const { two, ahead } = this.answers.took(answer, world.startAt + world.nowMs())
    checks.check('one-certificate', two)
    checks.check('stamps-true', ahead)
  }
}

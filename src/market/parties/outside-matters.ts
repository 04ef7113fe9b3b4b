import { CodedError } from '../../base/errors.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import { VOTE_CHOICES } from '../../core/governance/tally.ts'
import type { GovernanceView, ProposalView } from '../../ports/notary-client.ts'
import { pause } from './contracts/contract-follower.ts'
import type { OutsideRow } from './inbox.ts'
import { dueTryOf } from './next-try.ts'
import type { Party } from './party.ts'

export type OutsideMattersInit = {
  readonly party: Party
  /** Accounts of keys in whose place the party's is, besides its own. */
  readonly accounts: () => readonly Did[]
}

/** Pause between looks: recoveries and votes take an hour at least. */
const LOOK_MS = 60_000

/**
 * What waits for the owner of a key outside of contracts, as the notary set has it: a recovery that somebody asked for against its account, which takes all of it unless
 * somebody objects, and votes in which it has weight.
 */
export class OutsideMatters {
  private readonly init: OutsideMattersInit
  private lookedAt: number | undefined
  private looking: Promise<void> | undefined

  constructor(init: OutsideMattersInit) {
    this.init = init
  }

  /** Looks now, and again and again. */
  start(): void {
    const { party } = this.init
    party.begin(async () => {
      while (!party.isStopped) {
        await this.look().catch((error: unknown) => {
          // A set that cannot be reached is asked again.
          if (!CodedError.is(error) || !error.isRetryable) throw error
        })
        await pause(party.components.timers, LOOK_MS, party.signal)
      }
    })
  }

  /** Has the inbox of the party show what there is now; where that was looked at within the pause, nothing is asked. Rejects as the notary does. */
  async refresh(): Promise<void> {
    const age = this.init.party.components.clock.monotonicMs() - (this.lookedAt ?? Number.NEGATIVE_INFINITY)
    if (age >= LOOK_MS) await this.look()
  }

  private async look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => (this.looking = undefined))
    await this.looking
  }

  private async lookOnce(): Promise<void> {
    const { party } = this.init
    const rows = [...(await this.recoveries()), ...(await this.votes())]
    this.lookedAt = party.components.clock.monotonicMs()
    party.showOutside(rows)
  }

  private async recoveries(): Promise<readonly OutsideRow[]> {
    const { party, accounts } = this.init
    const rows: OutsideRow[] = []
    for (const account of [party.did, ...accounts()]) {
      const { authority, recovery } = await party.components.notary.owner(account, { signal: party.signal })
      if (recovery === null || authority !== party.did || recovery.successor === party.did) continue
      const { successor, completesAt } = recovery
      const outcome = `${successor} takes the place of the key that signs for the account, with all its credits and contracts.`
      const by = timestampFromMs(completesAt)
      rows.push({ act: 'cancel-recovery', account, successor, isNeeded: true, by, default: outcome })
    }
    return rows
  }

  private async votes(): Promise<readonly OutsideRow[]> {
    const { party } = this.init
    const view = await party.components.notary.governance({ signal: party.signal })
    const weight = view && weightOf(view, party.did)
    if (view === undefined || weight === undefined) return []
    return view.proposals.flatMap((proposal) => (this.isVoteDue(proposal, view) ? [rowOf(proposal, weight)] : []))
  }

  private isVoteDue({ id, state, weightsHash }: ProposalView, { weights }: GovernanceView): boolean {
    if (state !== 'voting' || weightsHash !== weights?.hash) return false
    const { party } = this.init
    return VOTE_CHOICES.every((choice) => {
      const said = party.wallet.said(dueTryOf(party, `vote/${id}/${choice}`))
      return said === undefined || party.outbox.answerOf(said) === undefined
    })
  }
}

/** What a key has to say itself; `undefined` where it has no weight, or has given it to another. */
function weightOf({ weights, delegations }: GovernanceView, key: Did): string | undefined {
  if (delegations.some(({ from }) => from === key)) return undefined
  return weights?.rows.find(({ voter }) => voter === key)?.weight
}

function rowOf({ id, closesAt, changes }: ProposalView, weight: string): OutsideRow {
  const by: Timestamp = closesAt
  const names = changes.map(({ name, value }) => `${name} to ${value}`).join(', ')
  const outcome = `The change of ${names} is decided without your weight of ${weight}.`
  return { act: 'vote', proposal: id, isNeeded: false, by, default: outcome }
}

/** Why governance does not take an event. Outcomes, not errors: what is refused changes nothing. */
export type GovernanceRefusalEntry = { readonly cause: string; readonly remedy: string }

export const GOVERNANCE_REFUSALS = {
  GOVERNANCE_STAMP_BACKWARD: {
    cause: 'The stamp is smaller than the one before.',
    remedy: 'Give events in the order of their stamps.',
  },
  GOVERNANCE_PARAMETER_UNKNOWN: {
    cause: 'A change names a parameter that there is none of.',
    remedy: 'Compare with the table of protocol/spec/governance.md.',
  },
  GOVERNANCE_PARAMETER_RANGE: {
    cause: 'A parameter would leave its range, or a minimum would be above its maximum.',
    remedy: 'Choose values within the ranges of protocol/spec/governance.md.',
  },
  GOVERNANCE_CHANGES_WRONG: {
    cause: 'The proposal names no change, too many, or one parameter twice, or changes nothing.',
    remedy: 'Name each parameter once, with a value that it does not have.',
  },
  GOVERNANCE_PROPOSAL_EXISTS: {
    cause: 'There is a proposal of this name already.',
    remedy: 'Nothing is to be done; a proposal is made once.',
  },
  GOVERNANCE_PROPOSAL_UNKNOWN: {
    cause: 'There is no proposal of this name, or it ended too long ago to be remembered.',
    remedy: 'List the proposals and use a name from there.',
  },
  GOVERNANCE_PROPOSALS_FULL: {
    cause: 'As many proposals are open, of all or of this proposer, as the limits allow.',
    remedy: 'Wait until one ends, or cancel one of your own.',
  },
  GOVERNANCE_STATE_WRONG: {
    cause: 'The proposal is not in a state in which this can be done.',
    remedy: 'Show the proposal; the state table of protocol/spec/governance.md says what may follow.',
  },
  GOVERNANCE_WEIGHTS_WRONG: {
    cause:
      'The table of weights is empty, too long, not sorted, names a voter twice, holds a weight of 0, or sums to more than 2^64 - 1.',
    remedy: 'Publish one row for each voter with a weight, in the order of their names.',
  },
  GOVERNANCE_WEIGHTS_SAME: {
    cause: 'The table of weights is the newest one already.',
    remedy: 'Nothing is to be done.',
  },
  GOVERNANCE_WEIGHTS_STALE: {
    cause: 'The proposal is not pinned to the newest table of weights.',
    remedy: 'Name the hash of the newest table.',
  },
  GOVERNANCE_BASE_CHANGED: {
    cause: 'The parameter set in force is not the one that the proposal would change.',
    remedy: 'Propose the change again, against the set in force.',
  },
  GOVERNANCE_TIMELOCK_SHORT: {
    cause:
      'The timelock is not longer than the longest delivery and the longest ruling of live contracts together, or is below the minimum.',
    remedy: 'Propose with a timelock longer than the bound that `kernell governance show` prints.',
  },
  GOVERNANCE_TIMELOCK_LONG: {
    cause: 'The timelock is longer than any contract can last.',
    remedy: 'Propose with a shorter timelock.',
  },
  GOVERNANCE_TIMELOCK_RUNNING: {
    cause: 'The timelock of the proposal has not passed.',
    remedy: 'Execute at or after the stamp that the proposal shows.',
  },
  GOVERNANCE_VOTER_WEIGHTLESS: {
    cause: 'The signer has no weight in the table that counts: that of the proposal, or the newest one.',
    remedy:
      'Only those who had weight when it was proposed vote on it; only voters of the newest table propose and delegate.',
  },
  GOVERNANCE_VOTE_EXISTS: {
    cause: 'The voter has voted on the proposal.',
    remedy: 'A vote is final; nothing is to be done.',
  },
  GOVERNANCE_VOTE_LATE: {
    cause: 'The stamp is at or after the end of the vote.',
    remedy: 'Vote before the stamp that the proposal shows.',
  },
  GOVERNANCE_DELEGATION_SELF: {
    cause: 'The voter names itself as its delegate.',
    remedy: 'Take the delegation back instead: name no delegate.',
  },
  GOVERNANCE_DELEGATION_CYCLE: {
    cause: 'The delegate’s vote depends, through delegations, on the voter.',
    remedy: 'Choose a delegate that does not delegate to you.',
  },
  GOVERNANCE_DELEGATION_DEEP: {
    cause: 'A path of delegations would be longer than is followed.',
    remedy: 'Delegate to the one who votes, not to one who delegates further.',
  },
  GOVERNANCE_DELEGATION_SAME: {
    cause: 'The voter delegates in this way already.',
    remedy: 'Nothing is to be done.',
  },
  GOVERNANCE_DELEGATE_WEIGHTLESS: {
    cause: 'The delegate has no weight in the newest table, so it could not vote.',
    remedy: 'Delegate to a voter of the newest table.',
  },
  GOVERNANCE_SIGNER_WRONG: {
    cause: 'The signer is not the one who proposed.',
    remedy: 'Only the proposer cancels a proposal.',
  },
  GOVERNANCE_SET_UNKNOWN: {
    cause: 'The contract names a parameter set that is not the one in force.',
    remedy: 'Sign the contract again under the set in force.',
  },
  GOVERNANCE_SETS_FULL: {
    cause: 'As many sets are kept for live contracts as the limits allow.',
    remedy: 'Execute once contracts under an old set have ended.',
  },
  GOVERNANCE_CONTRACT_EXISTS: {
    cause: 'The contract is live already.',
    remedy: 'Nothing is to be done; a contract opens once.',
  },
  GOVERNANCE_CONTRACT_UNKNOWN: {
    cause: 'The contract is not live.',
    remedy: 'Nothing is to be done; a contract closes once.',
  },
  GOVERNANCE_CONTRACTS_FULL: {
    cause: 'As many contracts are live as the limits allow.',
    remedy: 'Open it once others have ended.',
  },
  GOVERNANCE_CONTRACT_SPANS: {
    cause: 'A span of the contract is outside what its parameter set allows.',
    remedy: 'Choose spans between the minimum and the maximum of the set.',
  },
  GOVERNANCE_TIMER_EARLY: {
    cause: 'The timer has not reached its stamp.',
    remedy: 'Fire it at or after the stamp that it was started with.',
  },
  GOVERNANCE_TIMER_STALE: {
    cause: 'The proposal does not wait for this timer any more.',
    remedy: 'Nothing is to be done.',
  },
} as const satisfies Record<string, GovernanceRefusalEntry>

export type GovernanceRefusal = keyof typeof GOVERNANCE_REFUSALS

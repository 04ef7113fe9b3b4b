import type { CommandEntry } from '../command.ts'

/** Commands of peers, offers, contracts and those who decide about them. */
export const MARKET_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'a2a card',
    summary: 'show the card of an agent, or the one of this node',
    load: async () => (await import('../commands/a2a.ts')).a2aCardCommand,
  },
  {
    name: 'a2a call',
    summary: 'have another agent do a task, and print what it answers',
    load: async () => (await import('../commands/a2a.ts')).a2aCallCommand,
  },
  {
    name: 'a2a peers',
    summary: 'show the agents that the configuration names, and whether their keys are pinned',
    load: async () => (await import('../commands/a2a.ts')).a2aPeersCommand,
  },
  {
    name: 'peers list',
    summary: 'show the nodes that the running node knows, connected ones first',
    load: async () => (await import('../commands/peers.ts')).peersListCommand,
  },
  {
    name: 'peers show',
    summary: 'show all that is known of a node, and why its score is what it is',
    load: async () => (await import('../commands/peers.ts')).peersShowCommand,
  },
  {
    name: 'peers ban',
    summary: 'keep a node away: close its connections, and neither take nor open new ones',
    load: async () => (await import('../commands/peers.ts')).peersBanCommand,
  },
  {
    name: 'peers unban',
    summary: 'let a node in again that was banned, or cut off for its conduct',
    load: async () => (await import('../commands/peers.ts')).peersUnbanCommand,
  },
  {
    name: 'market offer',
    summary: 'offer to do work of a skill, at a price',
    load: async () => (await import('../commands/market-offers.ts')).marketOfferCommand,
  },
  {
    name: 'market withdraw',
    summary: 'take a standing offer back',
    load: async () => (await import('../commands/market-offers.ts')).marketWithdrawCommand,
  },
  {
    name: 'market sellers',
    summary: 'show what other nodes say that they sell',
    load: async () => (await import('../commands/market-sellers.ts')).marketSellersCommand,
  },
  {
    name: 'market list',
    summary: 'show the standing offers of this node',
    load: async () => (await import('../commands/market-offers.ts')).marketListCommand,
  },
  {
    name: 'market show',
    summary: 'show one standing offer of this node, with its conditions',
    load: async () => (await import('../commands/market-offers.ts')).marketShowCommand,
  },
  {
    name: 'market buy',
    summary: 'have work done: find a seller, hold the price, check the result, pay',
    load: async () => (await import('../commands/market-buy.ts')).marketBuyCommand,
  },
  {
    name: 'market prices',
    summary: 'show what work has cost, as far as this node knows',
    load: async () => (await import('../commands/market-prices.ts')).marketPricesCommand,
  },
  {
    name: 'market attest',
    summary: 'vouch, to this node alone, for what a seller is able to do',
    load: async () => (await import('../commands/market-attest.ts')).marketAttestCommand,
  },
  {
    name: 'market auction show',
    summary: 'show an auction of this node: bids, winner, price',
    load: async () => (await import('../commands/market-auction-show.ts')).marketAuctionShowCommand,
  },
  {
    name: 'market auction verify',
    summary: 'compute the winner and the price of an auction again from its transcript',
    load: async () => (await import('../commands/market-auction-verify.ts')).marketAuctionVerifyCommand,
  },
  {
    name: 'market statement',
    summary: 'write what this node used, received and paid in a period, as CSV',
    load: async () => (await import('../commands/market-statement.ts')).marketStatementCommand,
  },
  {
    name: 'capability issue',
    summary: 'let another key buy by the authority of this one, within limits',
    load: async () => (await import('../commands/capability-grants.ts')).capabilityIssueCommand,
  },
  {
    name: 'capability attenuate',
    summary: 'pass on what a chain grants to this key, or less of it',
    load: async () => (await import('../commands/capability-grants.ts')).capabilityAttenuateCommand,
  },
  {
    name: 'capability show',
    summary: 'show what a chain of capability tokens grants, and whether it holds now',
    load: async () => (await import('../commands/capability-views.ts')).capabilityShowCommand,
  },
  {
    name: 'capability list',
    summary: 'show the capability tokens that this node gave out and that are not over',
    load: async () => (await import('../commands/capability-views.ts')).capabilityListCommand,
  },
  {
    name: 'capability revoke',
    summary: 'take a delegation back: no contract is signed by it any more',
    load: async () => (await import('../commands/capability-views.ts')).capabilityRevokeCommand,
  },
  {
    name: 'reputation list',
    summary: 'show what this node knows of others from its own contracts, best first',
    load: async () => (await import('../commands/reputation-views.ts')).reputationListCommand,
  },
  {
    name: 'reputation show',
    summary: 'show what this node knows of one party, and from whom',
    load: async () => (await import('../commands/reputation-views.ts')).reputationShowCommand,
  },
  {
    name: 'governance list',
    summary: 'show the parameter sets that contracts may pin, and the proposals',
    load: async () => (await import('../commands/governance-views.ts')).governanceListCommand,
  },
  {
    name: 'governance show',
    summary: 'show a proposal or the values of a parameter set; without a name: the set in force and who has weight',
    load: async () => (await import('../commands/governance-views.ts')).governanceShowCommand,
  },
  {
    name: 'governance propose',
    summary: 'propose other parameters for new contracts',
    load: async () => (await import('../commands/governance-acts.ts')).governanceProposeCommand,
  },
  {
    name: 'governance vote',
    summary: 'vote on a proposal; a vote is final',
    load: async () => (await import('../commands/governance-acts.ts')).governanceVoteCommand,
  },
  {
    name: 'governance delegate',
    summary: 'let another voter vote with the weight of this node, or take that back',
    load: async () => (await import('../commands/governance-acts.ts')).governanceDelegateCommand,
  },
  {
    name: 'governance execute',
    summary: 'put a proposal that was carried into force, once its timelock has passed',
    load: async () => (await import('../commands/governance-acts.ts')).governanceExecuteCommand,
  },
  {
    name: 'governance cancel',
    summary: 'end a proposal of this node',
    load: async () => (await import('../commands/governance-acts.ts')).governanceCancelCommand,
  },
  {
    name: 'governance weights',
    summary: 'publish who has how much to say, as the operator of a notary',
    load: async () => (await import('../commands/governance-acts.ts')).governanceWeightsCommand,
  },
  {
    name: 'escrow list',
    summary: 'show the contracts of this node',
    load: async () => (await import('../commands/escrow-views.ts')).escrowListCommand,
  },
  {
    name: 'escrow show',
    summary: 'show a contract: state, money, timers, steps, transfers',
    load: async () => (await import('../commands/escrow-views.ts')).escrowShowCommand,
  },
  {
    name: 'escrow inbox',
    summary: 'show what needs your act, by when, and what happens if you do nothing',
    load: async () => (await import('../commands/escrow-views.ts')).escrowInboxCommand,
  },
  {
    name: 'escrow accept',
    summary: 'accept what was delivered, and pay for it',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowAcceptCommand,
  },
  {
    name: 'escrow reject',
    summary: 'reject what was delivered, and say why',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowRejectCommand,
  },
  {
    name: 'escrow cancel',
    summary: 'end a contract together, before the delivery',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowCancelCommand,
  },
  {
    name: 'escrow refund',
    summary: 'give back what was captured, all or a part',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowRefundCommand,
  },
  {
    name: 'escrow dispute',
    summary: 'answer a rejection: what you claim, and what shows it',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowDisputeCommand,
  },
  {
    name: 'escrow rule',
    summary: 'rule on a dispute, as one of its arbiters',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowRuleCommand,
  },
  {
    name: 'escrow replicate',
    summary: 'see what the predicate and other sellers say of a dispute that you rule on',
    load: async () => (await import('../commands/escrow-replicate.ts')).escrowReplicateCommand,
  },
  {
    name: 'escrow prove',
    summary: 'prove that a party has signed two things at one place, which freezes the contract',
    load: async () => (await import('../commands/escrow-prove.ts')).escrowProveCommand,
  },
  {
    name: 'escrow settle',
    summary: 'ask the notaries to capture what is due by now',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowSettleCommand,
  },
  {
    name: 'escrow void',
    summary: 'point out that a timer of a contract is over',
    load: async () => (await import('../commands/escrow-acts.ts')).escrowVoidCommand,
  },
  {
    name: 'escrow export',
    summary: 'write the evidence of a contract to a file that anybody can verify',
    load: async () => (await import('../commands/escrow-views.ts')).escrowExportCommand,
  },
  {
    name: 'escrow verify',
    summary: 'check the evidence of a contract: signatures, hashes, certificates, the state table',
    load: async () => (await import('../commands/escrow-views.ts')).escrowVerifyCommand,
  },
]

import { ACCESS_COMMANDS } from './access-command-table.ts'
import type { CommandEntry } from './command.ts'

/** All commands, in the order of the overview. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'answer over HTTP, as an OpenAI-compatible server',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  {
    name: 'node',
    summary: 'take part in the market: hold keys, buy, sell, or keep the ledger as a notary',
    load: async () => (await import('./commands/node.ts')).nodeCommand,
  },
  {
    name: 'dashboard',
    summary: 'print a link that opens the dashboard of the node that serves from the data directory',
    load: async () => (await import('./commands/dashboard.ts')).dashboardCommand,
  },
  {
    name: 'mcp',
    summary: 'be a server of the Model Context Protocol for the client that starts this command',
    load: async () => (await import('./commands/mcp.ts')).mcpCommand,
  },
  {
    name: 'mcp servers',
    summary: 'show the servers whose tools agents may call, and whether they answer',
    load: async () => (await import('./commands/mcp-servers.ts')).mcpServersCommand,
  },
  {
    name: 'stop-all',
    summary: 'cancel all work of the node and refuse more, until it is released',
    load: async () => (await import('./commands/stop-all.ts')).stopAllCommand,
  },
  {
    name: 'audit list',
    summary: 'show what was allowed, refused and stopped on this node',
    load: async () => (await import('./commands/audit.ts')).auditListCommand,
  },
  {
    name: 'audit verify',
    summary: 'check that no entry of the audit journal was changed, left out or added',
    load: async () => (await import('./commands/audit.ts')).auditVerifyCommand,
  },
  {
    name: 'route',
    summary: 'run one task, or a file of tasks, through the whole pipeline',
    load: async () => (await import('./commands/route.ts')).routeCommand,
  },
  {
    name: 'estimate',
    summary: 'say what a task would cost and how it would be run, without running it',
    load: async () => (await import('./commands/estimate.ts')).estimateCommand,
  },
  {
    name: 'models list',
    summary: 'show the models that are known, their prices, and which can be called',
    load: async () => (await import('./commands/models-list.ts')).modelsListCommand,
  },
  {
    name: 'models import',
    summary: 'read prices and capabilities from a public price list',
    load: async () => (await import('./commands/models-import.ts')).modelsImportCommand,
  },
  {
    name: 'models probe',
    summary: 'look at this machine and say which local models fit',
    load: async () => (await import('./commands/models-probe.ts')).modelsProbeCommand,
  },
  {
    name: 'models pull',
    summary: 'download a GGUF model',
    load: async () => (await import('./commands/models-pull.ts')).modelsPullCommand,
  },
  {
    name: 'agent list',
    summary: 'show the agents that can be run, and what they take',
    load: async () => (await import('./commands/agent-list.ts')).agentListCommand,
  },
  {
    name: 'agent run',
    summary: 'run one of the agents on an input, and print what it answers',
    load: async () => (await import('./commands/agent-run.ts')).agentRunCommand,
  },
  {
    name: 'sandbox prepare',
    summary: 'make what containers and machines of sandboxes start from, and try them out',
    load: async () => (await import('./commands/sandbox-prepare.ts')).sandboxPrepareCommand,
  },
  {
    name: 'sandbox run',
    summary: 'run a program that you do not trust, and say what it used',
    load: async () => (await import('./commands/sandbox-run.ts')).sandboxRunCommand,
  },
  {
    name: 'grant issue',
    summary: 'let another key have programs run on this machine, within limits',
    load: async () => (await import('./commands/grant-acts.ts')).grantIssueCommand,
  },
  {
    name: 'grant attenuate',
    summary: 'pass on what a chain grants to this key, or less of it',
    load: async () => (await import('./commands/grant-acts.ts')).grantAttenuateCommand,
  },
  {
    name: 'grant order',
    summary: 'order one run of one program, by what a chain grants to this key',
    load: async () => (await import('./commands/grant-acts.ts')).grantOrderCommand,
  },
  {
    name: 'grant show',
    summary: 'show which programs a chain lets run, with what, and whether it holds now',
    load: async () => (await import('./commands/grant-views.ts')).grantShowCommand,
  },
  {
    name: 'grant list',
    summary: 'show the DID of this key, and what it gave that is not over',
    load: async () => (await import('./commands/grant-views.ts')).grantListCommand,
  },
  {
    name: 'grant revoke',
    summary: 'take a grant back: no program is run by it any more',
    load: async () => (await import('./commands/grant-views.ts')).grantRevokeCommand,
  },
  {
    name: 'firewall check',
    summary: 'say whether a plan may be carried out, and which rules it breaks',
    load: async () => (await import('./commands/firewall.ts')).firewallCheckCommand,
  },
  {
    name: 'firewall approve',
    summary: 'let a plan pass that you have read, once: prints the token that goes with it',
    load: async () => (await import('./commands/firewall.ts')).firewallApproveCommand,
  },
  {
    name: 'firewall run',
    summary: 'carry a plan out, each of its steps through the firewall',
    load: async () => (await import('./commands/firewall.ts')).firewallRunCommand,
  },
  {
    name: 'firewall label',
    summary: 'show what is known of what plans have stored at a place, and where it came from',
    load: async () => (await import('./commands/firewall.ts')).firewallLabelCommand,
  },
  {
    name: 'doctor',
    summary: 'check what works, and say how to repair what does not',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'init',
    summary: 'write a commented configuration file',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'backup create',
    summary: 'copy the data directory to an encrypted file, also while a node serves from it',
    load: async () => (await import('./commands/backup-create.ts')).backupCreateCommand,
  },
  {
    name: 'backup verify',
    summary: 'read a backup to its end and say what it holds',
    load: async () => (await import('./commands/backup-verify.ts')).backupVerifyCommand,
  },
  {
    name: 'backup restore',
    summary: 'make a data directory out of a backup',
    load: async () => (await import('./commands/backup-restore.ts')).backupRestoreCommand,
  },
  {
    name: 'migrate',
    summary: 'bring the data directory to the layout of this version, and keep the old one',
    load: async () => (await import('./commands/migrate.ts')).migrateCommand,
  },
  {
    name: 'key create',
    summary: 'make a key for a role, encrypted under a passphrase',
    load: async () => (await import('./commands/key-create.ts')).keyCreateCommand,
  },
  {
    name: 'key show',
    summary: 'show the public part of a key',
    load: async () => (await import('./commands/key-show.ts')).keyShowCommand,
  },
  {
    name: 'key rotate',
    summary: 'make another key in place of one, signed by both',
    load: async () => (await import('./commands/key-rotate.ts')).keyRotateCommand,
  },
  {
    name: 'key recover',
    summary: 'make a key in place of one that was lost, with its recovery key',
    load: async () => (await import('./commands/key-recover.ts')).keyRecoverCommand,
  },
  {
    name: 'key export',
    summary: 'write the keys of a role to an encrypted file',
    load: async () => (await import('./commands/key-export.ts')).keyExportCommand,
  },
  {
    name: 'key import',
    summary: 'take keys from a file that `kernell key export` wrote',
    load: async () => (await import('./commands/key-import.ts')).keyImportCommand,
  },
  {
    name: 'notary-set create',
    summary: 'write the document that says which notaries keep a log together',
    load: async () => (await import('./commands/notary-set-create.ts')).notarySetCreateCommand,
  },
  {
    name: 'notary-set advance',
    summary: 'begin the next epoch of a lone notary over the same books, signed with its key',
    load: async () => (await import('./commands/notary-set-advance.ts')).notarySetAdvanceCommand,
  },
  {
    name: 'envelope check',
    summary: 'say whether a signed message is accepted, and why not',
    load: async () => (await import('./commands/envelope-check.ts')).envelopeCheckCommand,
  },
  {
    name: 'ledger issue',
    summary: 'give credits to an account, as their issuer',
    load: async () => (await import('./commands/ledger-credits.ts')).ledgerIssueCommand,
  },
  {
    name: 'ledger confirm',
    summary: 'say that the payment of an unconfirmed issue came: its credits can be spent',
    load: async () => (await import('./commands/ledger-credits.ts')).ledgerConfirmCommand,
  },
  {
    name: 'ledger reject',
    summary: 'say that the payment of an unconfirmed issue did not come: its credits go back',
    load: async () => (await import('./commands/ledger-credits.ts')).ledgerRejectCommand,
  },
  {
    name: 'ledger redeem',
    summary: 'give credits back to their issuer',
    load: async () => (await import('./commands/ledger-credits.ts')).ledgerRedeemCommand,
  },
  {
    name: 'ledger list',
    summary: 'show accounts and balances of the ledger, whose sum is 0',
    load: async () => (await import('./commands/ledger-views.ts')).ledgerListCommand,
  },
  {
    name: 'ledger show',
    summary: 'show the accounts of one owner, in all currencies',
    load: async () => (await import('./commands/ledger-views.ts')).ledgerShowCommand,
  },
  {
    name: 'ledger transfers',
    summary: 'show transfers of the ledger, of one contract where one is named',
    load: async () => (await import('./commands/ledger-views.ts')).ledgerTransfersCommand,
  },
  {
    name: 'ledger recovery show',
    summary: 'show who signs for an account, its recovery key, and a recovery under way',
    load: async () => (await import('./commands/ledger-recovery.ts')).ledgerRecoveryShowCommand,
  },
  {
    name: 'ledger recovery request',
    summary: 'name another key for an account whose key is lost, with its recovery key',
    load: async () => (await import('./commands/ledger-recovery.ts')).ledgerRecoveryRequestCommand,
  },
  {
    name: 'ledger recovery cancel',
    summary: 'stop a recovery that is under way',
    load: async () => (await import('./commands/ledger-recovery.ts')).ledgerRecoveryCancelCommand,
  },
  {
    name: 'ledger recovery complete',
    summary: 'complete a recovery whose delay has passed',
    load: async () => (await import('./commands/ledger-recovery.ts')).ledgerRecoveryCompleteCommand,
  },
  {
    name: 'ledger collect',
    summary: 'move credits of keys before, and fees of the notary, to the account of this node',
    load: async () => (await import('./commands/ledger-recovery.ts')).ledgerCollectCommand,
  },
  {
    name: 'ledger give-up',
    summary: 'let a key before do nothing more, not even in contracts that it has signed',
    load: async () => (await import('./commands/ledger-recovery.ts')).ledgerGiveUpCommand,
  },
  {
    name: 'ledger prove',
    summary: 'prove that an entry is in the journal of the notary, or that the journal only grew',
    load: async () => (await import('./commands/ledger-proofs.ts')).ledgerProveCommand,
  },
  {
    name: 'ledger checkpoint',
    summary: 'show where the journal of the notary stands, signed by it',
    load: async () => (await import('./commands/ledger-proofs.ts')).ledgerCheckpointCommand,
  },
  {
    name: 'ledger prune',
    summary: 'drop the text of old entries of a notary, whose hashes and proofs stay',
    load: async () => (await import('./commands/ledger-prune.ts')).ledgerPruneCommand,
  },
  {
    name: 'ledger export',
    summary: 'write the books of this notary to a file that anybody can verify',
    load: async () => (await import('./commands/ledger-proofs.ts')).ledgerExportCommand,
  },
  {
    name: 'ledger verify',
    summary: 'check a copy of the books, or a proof: hashes, replay, sums, signatures, contradictions',
    load: async () => (await import('./commands/ledger-verify.ts')).ledgerVerifyCommand,
  },
  {
    name: 'a2a card',
    summary: 'show the card of an agent, or the one of this node',
    load: async () => (await import('./commands/a2a.ts')).a2aCardCommand,
  },
  {
    name: 'a2a call',
    summary: 'have another agent do a task, and print what it answers',
    load: async () => (await import('./commands/a2a.ts')).a2aCallCommand,
  },
  {
    name: 'a2a peers',
    summary: 'show the agents that the configuration names, and whether their keys are pinned',
    load: async () => (await import('./commands/a2a.ts')).a2aPeersCommand,
  },
  {
    name: 'peers list',
    summary: 'show the nodes that the running node knows, connected ones first',
    load: async () => (await import('./commands/peers.ts')).peersListCommand,
  },
  {
    name: 'peers show',
    summary: 'show all that is known of a node, and why its score is what it is',
    load: async () => (await import('./commands/peers.ts')).peersShowCommand,
  },
  {
    name: 'peers ban',
    summary: 'keep a node away: close its connections, and neither take nor open new ones',
    load: async () => (await import('./commands/peers.ts')).peersBanCommand,
  },
  {
    name: 'peers unban',
    summary: 'let a node in again that was banned, or cut off for its conduct',
    load: async () => (await import('./commands/peers.ts')).peersUnbanCommand,
  },
  {
    name: 'market offer',
    summary: 'offer to do work of a skill, at a price',
    load: async () => (await import('./commands/market-offers.ts')).marketOfferCommand,
  },
  {
    name: 'market withdraw',
    summary: 'take a standing offer back',
    load: async () => (await import('./commands/market-offers.ts')).marketWithdrawCommand,
  },
  {
    name: 'market sellers',
    summary: 'show what other nodes say that they sell',
    load: async () => (await import('./commands/market-sellers.ts')).marketSellersCommand,
  },
  {
    name: 'market list',
    summary: 'show the standing offers of this node',
    load: async () => (await import('./commands/market-offers.ts')).marketListCommand,
  },
  {
    name: 'market show',
    summary: 'show one standing offer of this node, with its conditions',
    load: async () => (await import('./commands/market-offers.ts')).marketShowCommand,
  },
  {
    name: 'market buy',
    summary: 'have work done: find a seller, hold the price, check the result, pay',
    load: async () => (await import('./commands/market-buy.ts')).marketBuyCommand,
  },
  {
    name: 'market prices',
    summary: 'show what work has cost, as far as this node knows',
    load: async () => (await import('./commands/market-prices.ts')).marketPricesCommand,
  },
  {
    name: 'market attest',
    summary: 'vouch, to this node alone, for what a seller is able to do',
    load: async () => (await import('./commands/market-attest.ts')).marketAttestCommand,
  },
  {
    name: 'market auction show',
    summary: 'show an auction of this node: bids, winner, price',
    load: async () => (await import('./commands/market-auction-show.ts')).marketAuctionShowCommand,
  },
  {
    name: 'market auction verify',
    summary: 'compute the winner and the price of an auction again from its transcript',
    load: async () => (await import('./commands/market-auction-verify.ts')).marketAuctionVerifyCommand,
  },
  {
    name: 'market statement',
    summary: 'write what this node used, received and paid in a period, as CSV',
    load: async () => (await import('./commands/market-statement.ts')).marketStatementCommand,
  },
  {
    name: 'capability issue',
    summary: 'let another key buy by the authority of this one, within limits',
    load: async () => (await import('./commands/capability-grants.ts')).capabilityIssueCommand,
  },
  {
    name: 'capability attenuate',
    summary: 'pass on what a chain grants to this key, or less of it',
    load: async () => (await import('./commands/capability-grants.ts')).capabilityAttenuateCommand,
  },
  {
    name: 'capability show',
    summary: 'show what a chain of capability tokens grants, and whether it holds now',
    load: async () => (await import('./commands/capability-views.ts')).capabilityShowCommand,
  },
  {
    name: 'capability list',
    summary: 'show the capability tokens that this node gave out and that are not over',
    load: async () => (await import('./commands/capability-views.ts')).capabilityListCommand,
  },
  {
    name: 'capability revoke',
    summary: 'take a delegation back: no contract is signed by it any more',
    load: async () => (await import('./commands/capability-views.ts')).capabilityRevokeCommand,
  },
  {
    name: 'reputation list',
    summary: 'show what this node knows of others from its own contracts, best first',
    load: async () => (await import('./commands/reputation-views.ts')).reputationListCommand,
  },
  {
    name: 'reputation show',
    summary: 'show what this node knows of one party, and from whom',
    load: async () => (await import('./commands/reputation-views.ts')).reputationShowCommand,
  },
  {
    name: 'governance list',
    summary: 'show the parameter sets that contracts may pin, and the proposals',
    load: async () => (await import('./commands/governance-views.ts')).governanceListCommand,
  },
  {
    name: 'governance show',
    summary: 'show a proposal or the values of a parameter set; without a name: the set in force and who has weight',
    load: async () => (await import('./commands/governance-views.ts')).governanceShowCommand,
  },
  {
    name: 'governance propose',
    summary: 'propose other parameters for new contracts',
    load: async () => (await import('./commands/governance-acts.ts')).governanceProposeCommand,
  },
  {
    name: 'governance vote',
    summary: 'vote on a proposal; a vote is final',
    load: async () => (await import('./commands/governance-acts.ts')).governanceVoteCommand,
  },
  {
    name: 'governance delegate',
    summary: 'let another voter vote with the weight of this node, or take that back',
    load: async () => (await import('./commands/governance-acts.ts')).governanceDelegateCommand,
  },
  {
    name: 'governance execute',
    summary: 'put a proposal that was carried into force, once its timelock has passed',
    load: async () => (await import('./commands/governance-acts.ts')).governanceExecuteCommand,
  },
  {
    name: 'governance cancel',
    summary: 'end a proposal of this node',
    load: async () => (await import('./commands/governance-acts.ts')).governanceCancelCommand,
  },
  {
    name: 'governance weights',
    summary: 'publish who has how much to say, as the operator of a notary',
    load: async () => (await import('./commands/governance-acts.ts')).governanceWeightsCommand,
  },
  {
    name: 'escrow list',
    summary: 'show the contracts of this node',
    load: async () => (await import('./commands/escrow-views.ts')).escrowListCommand,
  },
  {
    name: 'escrow show',
    summary: 'show a contract: state, money, timers, steps, transfers',
    load: async () => (await import('./commands/escrow-views.ts')).escrowShowCommand,
  },
  {
    name: 'escrow inbox',
    summary: 'show what needs your act, by when, and what happens if you do nothing',
    load: async () => (await import('./commands/escrow-views.ts')).escrowInboxCommand,
  },
  {
    name: 'escrow accept',
    summary: 'accept what was delivered, and pay for it',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowAcceptCommand,
  },
  {
    name: 'escrow reject',
    summary: 'reject what was delivered, and say why',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowRejectCommand,
  },
  {
    name: 'escrow cancel',
    summary: 'end a contract together, before the delivery',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowCancelCommand,
  },
  {
    name: 'escrow refund',
    summary: 'give back what was captured, all or a part',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowRefundCommand,
  },
  {
    name: 'escrow dispute',
    summary: 'answer a rejection: what you claim, and what shows it',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowDisputeCommand,
  },
  {
    name: 'escrow rule',
    summary: 'rule on a dispute, as one of its arbiters',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowRuleCommand,
  },
  {
    name: 'escrow replicate',
    summary: 'see what the predicate and other sellers say of a dispute that you rule on',
    load: async () => (await import('./commands/escrow-replicate.ts')).escrowReplicateCommand,
  },
  {
    name: 'escrow prove',
    summary: 'prove that a party has signed two things at one place, which freezes the contract',
    load: async () => (await import('./commands/escrow-prove.ts')).escrowProveCommand,
  },
  {
    name: 'escrow settle',
    summary: 'ask the notaries to capture what is due by now',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowSettleCommand,
  },
  {
    name: 'escrow void',
    summary: 'point out that a timer of a contract is over',
    load: async () => (await import('./commands/escrow-acts.ts')).escrowVoidCommand,
  },
  {
    name: 'escrow export',
    summary: 'write the evidence of a contract to a file that anybody can verify',
    load: async () => (await import('./commands/escrow-views.ts')).escrowExportCommand,
  },
  {
    name: 'escrow verify',
    summary: 'check the evidence of a contract: signatures, hashes, certificates, the state table',
    load: async () => (await import('./commands/escrow-views.ts')).escrowVerifyCommand,
  },
  {
    name: 'data build',
    summary: 'label records of finished tasks into a dataset',
    load: async () => (await import('./commands/data-build.ts')).dataBuildCommand,
  },
  {
    name: 'data audit',
    summary: 'sum up a dataset and draw rows to review',
    load: async () => (await import('./commands/data-audit.ts')).dataAuditCommand,
  },
  {
    name: 'data split',
    summary: 'divide rows by task into parts for training and testing',
    load: async () => (await import('./commands/data-split.ts')).dataSplitCommand,
  },
  {
    name: 'data sft',
    summary: 'write examples to train a small deciding model with, and a plan that does it',
    load: async () => (await import('./commands/data-sft.ts')).dataSftCommand,
  },
  {
    name: 'data inspect',
    summary: 'show the records of finished tasks that this node keeps',
    load: async () => (await import('./commands/data-inspect.ts')).dataInspectCommand,
  },
  {
    name: 'data export',
    summary: 'write the records to a file of JSON Lines',
    load: async () => (await import('./commands/data-export.ts')).dataExportCommand,
  },
  {
    name: 'agent export',
    summary: 'write a durable agent to a file',
    load: async () => (await import('./commands/agent-export.ts')).agentExportCommand,
  },
  {
    name: 'agent import',
    summary: 'bring in a durable agent that was exported',
    load: async () => (await import('./commands/agent-import.ts')).agentImportCommand,
  },
  {
    name: 'agent stored',
    summary: 'show the durable agents that are stored in the data directory',
    load: async () => (await import('./commands/agent-stored.ts')).agentStoredCommand,
  },
  {
    name: 'agent remove',
    summary: 'remove a durable agent with all that is stored of it',
    load: async () => (await import('./commands/agent-remove.ts')).agentRemoveCommand,
  },
  {
    name: 'data savings',
    summary: 'estimate what routing saved against always-premium, always-cheap, a random mix and the priors',
    load: async () => (await import('./commands/data-savings.ts')).dataSavingsCommand,
  },
  {
    name: 'data drift',
    summary: 'compare recent tasks with those before, or with a reference: what changed, and how many are unlike any',
    load: async () => (await import('./commands/data-drift.ts')).dataDriftCommand,
  },
  {
    name: 'data purge',
    summary: 'delete records for good',
    load: async () => (await import('./commands/data-purge.ts')).dataPurgeCommand,
  },
  {
    name: 'policy train',
    summary: 'train a policy on a dataset, on this machine',
    load: async () => (await import('./commands/policy-train.ts')).policyTrainCommand,
  },
  {
    name: 'policy learn',
    summary: 'learn a policy from the outcomes so far, however few, with how sure it is of them',
    load: async () => (await import('./commands/policy-learn.ts')).policyLearnCommand,
  },
  {
    name: 'policy evaluate',
    summary: 'judge a policy beside another on rows with known outcomes; --gate decides whether it may take over',
    load: async () => (await import('./commands/policy-evaluate.ts')).policyEvaluateCommand,
  },
  {
    name: 'policy register',
    summary: 'keep the file of a trained policy in the registry, as a version',
    load: async () => (await import('./commands/policy-register.ts')).policyRegisterCommand,
  },
  {
    name: 'policy list',
    summary: 'show the trained policies of this node, and which of them serves',
    load: async () => (await import('./commands/policy-list.ts')).policyListCommand,
  },
  {
    name: 'policy show',
    summary: 'show where a policy came from, what was measured, and what its gates said',
    load: async () => (await import('./commands/policy-show.ts')).policyShowCommand,
  },
  {
    name: 'policy promote',
    summary: 'take a policy a step up: to the shadow, to some of the conversations, to all',
    load: async () => (await import('./commands/policy-promote.ts')).policyPromoteCommand,
  },
  {
    name: 'policy pause',
    summary: 'keep the candidate where it is: it goes no step further by itself',
    load: async () => (await import('./commands/policy-pause.ts')).policyPauseCommand,
  },
  {
    name: 'policy resume',
    summary: 'let a paused candidate go on by itself',
    load: async () => (await import('./commands/policy-pause.ts')).policyResumeCommand,
  },
  {
    name: 'policy rollback',
    summary: 'take the candidate back at once; without one, go back to the policy before',
    load: async () => (await import('./commands/policy-rollback.ts')).policyRollbackCommand,
  },
  {
    name: 'policy status',
    summary: 'show which policy serves, which is being tried, and how it does',
    load: async () => (await import('./commands/policy-status.ts')).policyStatusCommand,
  },
  {
    name: 'policy remove',
    summary: 'delete a policy that neither serves nor is what a rollback goes back to',
    load: async () => (await import('./commands/policy-remove.ts')).policyRemoveCommand,
  },
  ...ACCESS_COMMANDS,
  {
    name: 'usage',
    summary: 'add up what tasks took and cost, by tenant, team, key, model, day and more',
    load: async () => (await import('./commands/usage.ts')).usageCommand,
  },
  {
    name: 'eval routing',
    summary: 'measure the policy on questions with known scores; --save keeps it',
    load: async () => (await import('./commands/evaluate-routing.ts')).evaluateRoutingCommand,
  },
  {
    name: 'eval canary',
    summary: 'measure how fast a rollout takes back a bad candidate',
    load: async () => (await import('./commands/evaluate-canary.ts')).evaluateCanaryCommand,
  },
  {
    name: 'eval cost',
    summary: 'measure cost at equal quality over many models',
    load: async () => (await import('./commands/evaluate-cost.ts')).evaluateCostCommand,
  },
  {
    name: 'eval cache',
    summary: 'measure right and wrong cache hits on question pairs; --save keeps the calibration',
    load: async () => (await import('./commands/evaluate-cache.ts')).evaluateCacheCommand,
  },
  {
    name: 'eval ssrf',
    summary: 'measure which URLs the way out refuses: addresses, names, redirects',
    load: async () => (await import('./commands/evaluate-ssrf.ts')).evaluateSsrfCommand,
  },
  {
    name: 'eval injection',
    summary: 'measure what is recognised as a prompt injection; --save keeps the model',
    load: async () => (await import('./commands/evaluate-injection.ts')).evaluateInjectionCommand,
  },
  {
    name: 'eval loop',
    summary: 'let a policy learn from what it executes, on recorded outcomes, and see how fast it gets cheaper',
    load: async () => (await import('./commands/evaluate-loop.ts')).evaluateLoopCommand,
  },
  {
    name: 'simulate',
    summary: 'play a scenario in a seeded world with faults, and check what must always hold',
    load: async () => (await import('./commands/simulate.ts')).simulateCommand,
  },
]

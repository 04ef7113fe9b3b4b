import type { CommandEntry } from '../command.ts'

/** Commands of keys, notary sets and the ledger. */
export const LEDGER_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'key create',
    summary: 'make a key for a role, encrypted under a passphrase',
    load: async () => (await import('../commands/key-create.ts')).keyCreateCommand,
  },
  {
    name: 'key show',
    summary: 'show the public part of a key',
    load: async () => (await import('../commands/key-show.ts')).keyShowCommand,
  },
  {
    name: 'key rotate',
    summary: 'make another key in place of one, signed by both',
    load: async () => (await import('../commands/key-rotate.ts')).keyRotateCommand,
  },
  {
    name: 'key recover',
    summary: 'make a key in place of one that was lost, with its recovery key',
    load: async () => (await import('../commands/key-recover.ts')).keyRecoverCommand,
  },
  {
    name: 'key export',
    summary: 'write the keys of a role to an encrypted file',
    load: async () => (await import('../commands/key-export.ts')).keyExportCommand,
  },
  {
    name: 'key import',
    summary: 'take keys from a file that `kernell key export` wrote',
    load: async () => (await import('../commands/key-import.ts')).keyImportCommand,
  },
  {
    name: 'notary-set create',
    summary: 'write the document that says which notaries keep a log together',
    load: async () => (await import('../commands/notary-set-create.ts')).notarySetCreateCommand,
  },
  {
    name: 'notary-set advance',
    summary: 'begin the next epoch of a lone notary over the same books, signed with its key',
    load: async () => (await import('../commands/notary-set-advance.ts')).notarySetAdvanceCommand,
  },
  {
    name: 'envelope check',
    summary: 'say whether a signed message is accepted, and why not',
    load: async () => (await import('../commands/envelope-check.ts')).envelopeCheckCommand,
  },
  {
    name: 'ledger issue',
    summary: 'give credits to an account, as their issuer',
    load: async () => (await import('../commands/ledger-credits.ts')).ledgerIssueCommand,
  },
  {
    name: 'ledger confirm',
    summary: 'say that the payment of an unconfirmed issue came: its credits can be spent',
    load: async () => (await import('../commands/ledger-credits.ts')).ledgerConfirmCommand,
  },
  {
    name: 'ledger reject',
    summary: 'say that the payment of an unconfirmed issue did not come: its credits go back',
    load: async () => (await import('../commands/ledger-credits.ts')).ledgerRejectCommand,
  },
  {
    name: 'ledger redeem',
    summary: 'give credits back to their issuer',
    load: async () => (await import('../commands/ledger-credits.ts')).ledgerRedeemCommand,
  },
  {
    name: 'ledger list',
    summary: 'show accounts and balances of the ledger, whose sum is 0',
    load: async () => (await import('../commands/ledger-views.ts')).ledgerListCommand,
  },
  {
    name: 'ledger show',
    summary: 'show the accounts of one owner, in all currencies',
    load: async () => (await import('../commands/ledger-views.ts')).ledgerShowCommand,
  },
  {
    name: 'ledger transfers',
    summary: 'show transfers of the ledger, of one contract where one is named',
    load: async () => (await import('../commands/ledger-views.ts')).ledgerTransfersCommand,
  },
  {
    name: 'ledger recovery show',
    summary: 'show who signs for an account, its recovery key, and a recovery under way',
    load: async () => (await import('../commands/ledger-recovery.ts')).ledgerRecoveryShowCommand,
  },
  {
    name: 'ledger recovery request',
    summary: 'name another key for an account whose key is lost, with its recovery key',
    load: async () => (await import('../commands/ledger-recovery.ts')).ledgerRecoveryRequestCommand,
  },
  {
    name: 'ledger recovery cancel',
    summary: 'stop a recovery that is under way',
    load: async () => (await import('../commands/ledger-recovery.ts')).ledgerRecoveryCancelCommand,
  },
  {
    name: 'ledger recovery complete',
    summary: 'complete a recovery whose delay has passed',
    load: async () => (await import('../commands/ledger-recovery.ts')).ledgerRecoveryCompleteCommand,
  },
  {
    name: 'ledger collect',
    summary: 'move credits of keys before, and fees of the notary, to the account of this node',
    load: async () => (await import('../commands/ledger-recovery.ts')).ledgerCollectCommand,
  },
  {
    name: 'ledger give-up',
    summary: 'let a key before do nothing more, not even in contracts that it has signed',
    load: async () => (await import('../commands/ledger-recovery.ts')).ledgerGiveUpCommand,
  },
  {
    name: 'ledger prove',
    summary: 'prove that an entry is in the journal of the notary, or that the journal only grew',
    load: async () => (await import('../commands/ledger-proofs.ts')).ledgerProveCommand,
  },
  {
    name: 'ledger checkpoint',
    summary: 'show where the journal of the notary stands, signed by it',
    load: async () => (await import('../commands/ledger-proofs.ts')).ledgerCheckpointCommand,
  },
  {
    name: 'ledger prune',
    summary: 'drop the text of old entries of a notary, whose hashes and proofs stay',
    load: async () => (await import('../commands/ledger-prune.ts')).ledgerPruneCommand,
  },
  {
    name: 'ledger export',
    summary: 'write the books of this notary to a file that anybody can verify',
    load: async () => (await import('../commands/ledger-proofs.ts')).ledgerExportCommand,
  },
  {
    name: 'ledger verify',
    summary: 'check a copy of the books, or a proof: hashes, replay, sums, signatures, contradictions',
    load: async () => (await import('../commands/ledger-verify.ts')).ledgerVerifyCommand,
  },
]

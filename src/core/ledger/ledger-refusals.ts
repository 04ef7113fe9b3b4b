/**
 * Why the ledger refused, each with its cause and remedy. A refusal moves no money. Codes that are `transient` could have gone otherwise a moment
 * later: there the id is remembered as failed, so that a late retry never does what its sender has given up on; the next attempt needs a new id.
 */
export const LEDGER_REFUSALS = {
  LEDGER_STAMP_BACKWARD: {
    cause: 'The stamp of the event is smaller than that of an event before.',
    remedy: 'Give stamps that never go backward.',
    isTransient: false,
  },
  LEDGER_BATCH_TOO_LARGE: {
    cause: 'The event has no orders, or more than 8,190.',
    remedy: 'Split the orders; a linked chain must fit one event.',
    isTransient: false,
  },
  LEDGER_CHAIN_OPEN: {
    cause: 'The last order of the list is linked to one that does not follow.',
    remedy: 'Clear the link of the last order of every chain.',
    isTransient: false,
  },
  LEDGER_CHAIN_FAILED: {
    cause: 'Another order of the same linked chain was refused.',
    remedy: 'Look at the other refusal of the chain; send the chain again with a new id for the order that failed.',
    isTransient: false,
  },
  LEDGER_CHAIN_MIXED: {
    cause: 'Some orders of the linked chain were applied before and some were not.',
    remedy: 'Send a chain again exactly as it was, or give all its orders new ids.',
    isTransient: false,
  },
  LEDGER_ID_CONFLICT: {
    cause: 'The id was used for an order with another content.',
    remedy: 'Use a new id for a new order; to repeat an order, send it unchanged.',
    isTransient: false,
  },
  LEDGER_ID_FAILED: {
    cause: 'An order with this id was refused before for a reason that may have passed.',
    remedy: 'Send the order with a new id.',
    isTransient: false,
  },
  LEDGER_ACCOUNT_INVALID: {
    cause: 'The account id is not `OWNER/KIND/CURRENCY`.',
    remedy: 'Write the account as the specification says.',
    isTransient: false,
  },
  LEDGER_ACCOUNT_KIND: {
    cause: 'Orders of this origin may not move money out of or into an account of this kind.',
    remedy:
      'Use the message that is made for it: issue, redeem and reconcile for credits, a hold for money that is held.',
    isTransient: false,
  },
  LEDGER_ACCOUNTS_SAME: {
    cause: 'Debit and credit are one account.',
    remedy: 'Name two accounts.',
    isTransient: false,
  },
  LEDGER_CURRENCY_DIFFERS: {
    cause: 'Debit and credit have different currencies.',
    remedy: 'Move each currency by an order of its own; chain the two to exchange them.',
    isTransient: false,
  },
  LEDGER_CURRENCY_UNKNOWN: {
    cause: 'The currency is not registered.',
    remedy: 'Let its issuer register it first.',
    isTransient: true,
  },
  LEDGER_CURRENCY_CONFLICT: {
    cause: 'The currency is registered with another content.',
    remedy: 'Read the registration that counts; the cap alone can be changed, by a message for it.',
    isTransient: false,
  },
  LEDGER_REFERENCE_INVALID: {
    cause: 'A reference has 1 to 128 printable ASCII characters, and issuing and redeeming need one.',
    remedy: 'Name the payment outside.',
    isTransient: false,
  },
  LEDGER_AMOUNT_ZERO: {
    cause: 'The order moves nothing; only orders of contracts may.',
    remedy: 'Name an amount above 0.',
    isTransient: false,
  },
  LEDGER_BALANCE_SHORT: {
    cause: 'The debited account has less than the amount.',
    remedy: 'Credit the account, or ask for less, with a new id.',
    isTransient: true,
  },
  LEDGER_CAP_EXCEEDED: {
    cause: 'The issuer would owe more than its cap.',
    remedy: 'Raise the cap by a signed message, or issue less, with a new id.',
    isTransient: true,
  },
  LEDGER_CAP_BELOW_ISSUED: {
    cause: 'The new cap is below what the issuer owes.',
    remedy: 'Redeem credits first.',
    isTransient: false,
  },
  LEDGER_EXPIRY_PAST: {
    cause: 'The hold would expire at its own stamp or before.',
    remedy: 'Choose a later expiry.',
    isTransient: false,
  },
  LEDGER_EXPIRY_MISSING: {
    cause: 'A signed hold outside of contracts has no expiry, so nobody might ever end it.',
    remedy: 'Give the hold an expiry.',
    isTransient: false,
  },
  LEDGER_EXPIRY_FAR: {
    cause: 'A signed hold outside of contracts would stay open for more than 30 days.',
    remedy: 'Choose an earlier expiry; make a new hold when it has come.',
    isTransient: false,
  },
  LEDGER_HOLD_UNKNOWN: {
    cause: 'No hold of this id is known; it may never have been made, or ended longer ago than is remembered.',
    remedy: 'Make the hold first; end it with a new id.',
    isTransient: true,
  },
  LEDGER_HOLD_POSTED: {
    cause: 'The hold was posted before.',
    remedy: 'Look up the transfer that posted it.',
    isTransient: false,
  },
  LEDGER_HOLD_VOIDED: {
    cause: 'The hold was voided before.',
    remedy: 'Make a new hold.',
    isTransient: false,
  },
  LEDGER_HOLD_EXPIRED: {
    cause: 'The stamp has reached the expiry of the hold.',
    remedy: 'Make a new hold; post it before it expires.',
    isTransient: false,
  },
  LEDGER_HOLD_EXCEEDED: {
    cause: 'More would be posted than is held.',
    remedy: 'Post at most the amount of the hold.',
    isTransient: false,
  },
  LEDGER_CONTRACT_DIFFERS: {
    cause: 'The order belongs to another contract than the hold, or a signed order to a contract at all.',
    remedy: 'Money of a contract moves by messages of that contract only.',
    isTransient: false,
  },
  LEDGER_SIGNER_WRONG: {
    cause: 'Whoever signed may not do this.',
    remedy:
      'Sign with the key of the issuer, of the owner of the debited account, or of whom the hold is for, as the order needs.',
    isTransient: false,
  },
  LEDGER_ISSUE_UNKNOWN: {
    cause: 'No unreconciled issue of this id is open.',
    remedy: 'Name the transfer of an issue that is not confirmed yet; each is confirmed or reversed once.',
    isTransient: true,
  },
  LEDGER_MESSAGE_OLD: {
    cause: 'A later message of the same signer about the same thing was applied before.',
    remedy: 'Send messages in order.',
    isTransient: false,
  },
  LEDGER_OWNER_UNKNOWN: {
    cause: 'The owner has not named a recovery key.',
    remedy: 'Open the account with a recovery key before the key is lost.',
    isTransient: false,
  },
  LEDGER_OWNER_CONFLICT: {
    cause: 'The owner has named another recovery key or delay before.',
    remedy: 'They are named once.',
    isTransient: false,
  },
  LEDGER_RECOVERY_KEY: {
    cause: 'A recovery key comes with its delay, and is another key than the one that it is for.',
    remedy: 'Name a key that is kept elsewhere: one that is lost together with the first recovers nothing.',
    isTransient: false,
  },
  LEDGER_KEY_REPLACED: {
    cause: 'The key that should take the place of another has been replaced itself, or is that very key.',
    remedy: 'Take a key that was never replaced, best a new one.',
    isTransient: false,
  },
  LEDGER_RECOVERY_DELAY: {
    cause:
      'The delay of a recovery is shorter than the limits allow, an hour unless a ledger is set up otherwise, or longer than 365 days.',
    remedy: 'Name a delay within which you look after your key, and which you can wait for.',
    isTransient: false,
  },
  LEDGER_RECOVERY_STATE: {
    cause: 'No recovery of this owner is under way, or another one is.',
    remedy: 'Look at the state of the recovery.',
    isTransient: false,
  },
  LEDGER_RECOVERY_EARLY: {
    cause: 'The delay of the recovery has not passed.',
    remedy: 'Wait until it has; the owner may cancel until then.',
    isTransient: false,
  },
  LEDGER_ACCOUNTS_FULL: {
    cause:
      'The ledger has as many accounts, currencies or owners as its limits allow to whoever asks: credits of listed issuers have the upper half to themselves, and contracts half of each half.',
    remedy: 'Use accounts that exist, or credits of an issuer that the notary set has listed.',
    isTransient: false,
  },
  LEDGER_HOLDS_FULL: {
    cause:
      'As many holds are open as the limits allow to whoever asks; half of them are kept for contracts, and a quarter for credits of listed issuers.',
    remedy: 'End holds, or try again when some have expired.',
    isTransient: false,
  },
  LEDGER_ISSUERS_FULL: {
    cause: 'More than 256 issuers would be listed, or more than 1,024 currencies of listed ones registered.',
    remedy: 'Strike off issuers of whom nobody pays in their credits any more.',
    isTransient: false,
  },
  LEDGER_MEMORY_FULL: {
    cause:
      'As many transfers are remembered as the limits allow to whoever asks, all younger than the retention; half of the room is kept for contracts, and of each half a part for credits of listed issuers.',
    remedy: 'Try again later. Open holds can always be ended.',
    isTransient: false,
  },
} as const

/** A code of `LEDGER_REFUSALS`, as the effect `event-refused` of the ledger names it; `isTransientRefusal` says whether the order's id stays failed. */
export type LedgerRefusalCode = keyof typeof LEDGER_REFUSALS

/** Whether the id of an order that is refused so stays failed. */
export function isTransientRefusal(code: LedgerRefusalCode): boolean {
  return LEDGER_REFUSALS[code].isTransient
}

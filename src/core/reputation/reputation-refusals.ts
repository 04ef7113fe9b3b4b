type RefusalEntry = { readonly cause: string; readonly remedy: string }

/** Why the reputation machine and its calculations refuse. A refusal changes nothing. */
export const REPUTATION_REFUSALS = {
  REPUTATION_RECEIPT_MALFORMED: {
    cause: 'The receipt contradicts itself: one party on both sides, more paid than held, or held after its end.',
    remedy: 'Make the receipt from the certified terminal transition of the contract.',
  },
  REPUTATION_RECEIPT_UNSIGNED: {
    cause: 'A party that must sign for this ending has not, or somebody else signed in its place.',
    remedy: 'Present the receipt with the signatures that the table of endings names.',
  },
  REPUTATION_RECEIPT_CONFLICT: {
    cause: 'Another receipt of the same contract was counted before; the proof names both and who signed both.',
    remedy: 'Ask the notary set for the certified ending, and publish the proof against whoever signed both.',
  },
  REPUTATION_RECEIPT_EARLY: {
    cause: 'The receipt ends after the stamp of the event that carries it.',
    remedy: 'Present it again under a stamp that is not earlier than the end of the contract.',
  },
  REPUTATION_RECEIPT_OLD: {
    cause: 'The contract ended before the horizon that the policy remembers.',
    remedy: 'Present receipts within the horizon; older ones weigh nothing any more.',
  },
  REPUTATION_TIME_BACK: {
    cause: 'The stamp is smaller than one that was seen before.',
    remedy: 'Order the events by the stamp of the notary set.',
  },
  REPUTATION_CURRENCY_UNKNOWN: {
    cause: 'The policy names no unit for the currency, so its credits weigh nothing here.',
    remedy: 'Add the currency and its unit to the policy if its issuer is to be believed.',
  },
  REPUTATION_VALUE_SMALL: {
    cause: 'The contract is worth less than the policy counts.',
    remedy: 'Nothing to do; contracts below the minimum leave no trace, so that nobody fills the books with them.',
  },
  REPUTATION_FULL: {
    cause: 'The books have as many contracts, subjects or raters of a subject as the policy allows.',
    remedy: 'Raise the limit in the policy, or wait until the oldest epoch is forgotten.',
  },
  REPUTATION_POLICY_BAD: {
    cause: 'A number of the policy is outside its range.',
    remedy: 'Choose the numbers within the ranges that the policy type names.',
  },
  REPUTATION_GRAPH_LARGE: {
    cause: 'The graph of receipts has more peers or edges than one calculation may take.',
    remedy: 'Raise the limits, or calculate over a part of the market.',
  },
  REPUTATION_PRETRUSTED_BAD: {
    cause: 'The pre-trusted set is empty, names a peer twice, or gives one no weight.',
    remedy: 'Name at least one pre-trusted peer, each once and with a weight of 1 or more.',
  },
} as const satisfies Record<string, RefusalEntry>

export type ReputationRefusalCode = keyof typeof REPUTATION_REFUSALS

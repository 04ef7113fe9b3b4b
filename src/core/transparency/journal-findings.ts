/** What can be wrong with a line of a journal, each with its cause and remedy. The first one that is found ends a verification. */
export const JOURNAL_FINDINGS = {
  JOURNAL_LINE_TOO_LONG: {
    cause: 'A line is longer than 16 MiB.',
    remedy: 'Get another copy of the journal.',
  },
  JOURNAL_LINE_MALFORMED: {
    cause: 'A line is neither an entry nor a checkpoint.',
    remedy: 'Get another copy of the journal.',
  },
  JOURNAL_LINE_NOT_CANONICAL: {
    cause: 'A line means what canonical JSON would write otherwise.',
    remedy: 'Export the journal again; nothing but the exporter may write its lines.',
  },
  JOURNAL_INDEX_WRONG: {
    cause: 'An entry is missing, doubled or out of order.',
    remedy: 'Compare with another copy, by `--against`.',
  },
  JOURNAL_CHAIN_BROKEN: {
    cause: 'An entry does not follow the one before: one of the two was changed.',
    remedy: 'Compare with another copy, by `--against`; its checkpoints say which of the two was signed.',
  },
  JOURNAL_NAME_WRONG: {
    cause: 'The entries or a checkpoint belong to another journal.',
    remedy: 'Verify each journal by itself.',
  },
  JOURNAL_EVENT_UNKNOWN: {
    cause: 'The event of an entry cannot be read.',
    remedy: 'Use the version of this package that wrote it, or a newer one.',
  },
  JOURNAL_STAMP_WRONG: {
    cause: 'The stamp of an entry is not that of its event, or smaller than one before.',
    remedy: 'Do not trust whoever wrote the journal.',
  },
  JOURNAL_EVENT_WITHOUT_TRACE: {
    cause: 'The event of an entry changes nothing when it is replayed, so it would never have been written.',
    remedy: 'Do not trust whoever wrote the journal.',
  },
  JOURNAL_INVARIANT_BROKEN: {
    cause: 'Replaying the entries leads to books that do not balance.',
    remedy: 'Do not trust whoever wrote the journal.',
  },
  JOURNAL_CHECKPOINT_WRONG: {
    cause: 'A checkpoint does not say what the entries before it come to.',
    remedy: 'Whoever signed it has signed something else than these entries: keep both as evidence.',
  },
  JOURNAL_CUT_WRONG: {
    cause: 'The hashes and the state at the beginning of a pruned copy are not those that its checkpoint stands for.',
    remedy: 'Get another copy, or the archived entries, and verify from the first entry on.',
  },
  JOURNAL_SIGNATURE_WRONG: {
    cause: 'The signature of a checkpoint is not that of the key that it names.',
    remedy: 'Get another copy of the journal.',
  },
  JOURNAL_SIGNER_UNKNOWN: {
    cause: 'A checkpoint is signed by a key that is not of the notary set.',
    remedy: 'Give the document of the right set and epoch.',
  },
  JOURNAL_SIGNER_RETIRED: {
    cause: 'A checkpoint behind the end of an epoch is signed by a key of that epoch, which signs nothing any more.',
    remedy: 'Do not trust whoever gave it; ask the set that keeps the log now.',
  },
  JOURNAL_CHANGE_WRONG: {
    cause:
      'The entries do not end an epoch as its set has signed it: with another block, under another stamp, or the next set does not take over there.',
    remedy: 'Do not trust whoever wrote the journal; compare with the copy of the set that keeps the log now.',
  },
  JOURNAL_ENVELOPE_SIGNATURE_WRONG: {
    cause: 'A message in an entry, or an agreement that it carries, is not signed by whom it names.',
    remedy: 'Do not trust whoever wrote the journal.',
  },
  JOURNAL_ENVELOPE_TIME_WRONG: {
    cause: 'A message was booked under a stamp at which it was not valid yet, or no more.',
    remedy: 'Do not trust whoever wrote the journal: messages were kept back, or stamps were changed.',
  },
  JOURNAL_SLOT_WRONG: {
    cause: 'Blocks of the order do not follow each other, or the entries of one block have two stamps.',
    remedy: 'Compare with another copy, by `--against`.',
  },
  JOURNAL_PARAMETERS_WRONG: {
    cause: 'Rules were published under the hash of other rules.',
    remedy: 'Do not trust whoever wrote the journal.',
  },
} as const

export type JournalFinding = keyof typeof JOURNAL_FINDINGS

/** What a verification could not look at. Those with `isWrong` keep a copy from being right: nothing in it is false, and it proves too little. */
export const JOURNAL_GAPS = {
  JOURNAL_EMPTY: {
    cause: 'The copy has no entry, so there was nothing to check.',
    remedy: 'Export the journal again, from the data directory of the notary.',
    isWrong: true,
  },
  JOURNAL_UNSIGNED: {
    cause: 'The copy holds no signed checkpoint: nobody answers for the order, the stamps and the end of its entries.',
    remedy: 'Ask for an export that ends with a checkpoint.',
    isWrong: true,
  },
  JOURNAL_TAIL_UNCOVERED: {
    cause:
      'Entries behind the last checkpoint are not signed for: their order and stamps may be anything, and more may have been cut off.',
    remedy: 'Ask for an export that ends with a checkpoint; a running notary signs within a minute.',
    isWrong: true,
  },
  JOURNAL_SIGNERS_FEW: {
    cause: 'Of a set of several, no more members have signed for these entries than may lie.',
    remedy: 'Compare with copies of other members, an `--against` for each: what f + 1 members have signed is covered.',
    isWrong: true,
  },
  JOURNAL_BEFORE_CHANGE: {
    cause:
      'The copy ends before the set that is named took over: whoever has the key of the set before may have cut it there.',
    remedy: 'Ask the set that keeps the log now for an export; to check an old copy as such, name the set of its time.',
    isWrong: true,
  },
  JOURNAL_SET_UNNAMED: {
    cause: 'Nothing says whose books these are: any key may have signed the checkpoints.',
    remedy: 'Name the notary set that you trust with `--notary-set`.',
    isWrong: false,
  },
  JOURNAL_BEGINNING_PRUNED: {
    cause:
      'Entries at the beginning were pruned: their hashes are here and their text is not, so they were not replayed.',
    remedy: 'Put the archived entries in front of the copy, and verify that.',
    isWrong: false,
  },
} as const

export type JournalGap = keyof typeof JOURNAL_GAPS

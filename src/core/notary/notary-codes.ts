/** Why a notary, or whoever reads what one signed, refuses. Each code has one sentence of cause and one of remedy; a refusal changes nothing. */
export const NOTARY_REFUSALS = {
  NOTARY_SET_SIZE: {
    cause: 'A notary set needs exactly 3f + 1 members, and f is an integer from 0 to 33.',
    remedy: 'Name 1, 4, 7, ... members, or another f.',
  },
  NOTARY_SET_MEMBER_TWICE: {
    cause: 'Two members of the set have the same key or the same address.',
    remedy: 'Give each notary its own key, process and address.',
  },
  NOTARY_SET_EPOCH: {
    cause: 'The epoch is not an integer of 0 or more, or does not follow the one before.',
    remedy: 'Count epochs from 0, one up for each new set.',
  },
  NOTARY_SET_ADDRESS: {
    cause: 'An address is empty, longer than 256 characters, or not printable ASCII.',
    remedy: 'Write the address as a multiaddr, such as `/ip4/192.0.2.1/tcp/4001`.',
  },
  NOTARY_SET_ID: {
    cause: 'The id of the set is not the hash of its content.',
    remedy: 'Take the file from its author again; somebody changed it.',
  },
  NOTARY_STOPPED: {
    cause:
      'This replica saw a signature of its own key that it did not make, so that a copy of it must be running; it signs nothing any more.',
    remedy: 'Stop both copies, keep one data directory, and start a new epoch with a new key for this member.',
  },
  NOTARY_CLONE_SEEN: {
    cause: 'A vote under the key of this replica came from elsewhere.',
    remedy: 'Stop both copies, keep one data directory, and start a new epoch with a new key for this member.',
  },
  NOTARY_STATE_BEHIND: {
    cause: 'The journal of this notary is older than what the notary has signed already.',
    remedy: 'Let it catch up from its peers; a set of one goes on only in a new epoch.',
  },
  NOTARY_RESTORED: {
    cause: 'The data directory was restored from a backup, so that nobody here knows what was signed since.',
    remedy: 'Let 2f + 1 other members confirm how far the log is, or start a new epoch.',
  },
  NOTARY_CONTRACT_FULL: {
    cause: 'As many messages of this contract are kept as may be; beats, vouchers and evidence are not taken any more.',
    remedy: 'Send fewer of them, or bring the contract to its end: messages that do are taken always.',
  },
  NOTARY_QUEUE_FULL: {
    cause: 'As many messages as allowed wait to be ordered.',
    remedy: 'Send the message again after a moment.',
  },
  NOTARY_ENTRY_EXISTS: {
    cause: 'The message waits to be ordered already.',
    remedy: 'Wait for its certificate.',
  },
  NOTARY_VIEW_STALE: {
    cause: 'The message belongs to a view that this replica has left.',
    remedy: 'Follow the leader of the present view; what was decided is kept.',
  },
  NOTARY_VIEW_AHEAD: {
    cause: 'The vote belongs to a view that this replica has not entered.',
    remedy: 'Send it again; the proposal that opens the view must come first.',
  },
  NOTARY_SLOT_DECIDED: {
    cause: 'The slot has a certificate already.',
    remedy: 'Take the certificate that is sent in answer.',
  },
  NOTARY_SLOT_AHEAD: {
    cause: 'The message is about a slot behind one that this replica has no certificate for.',
    remedy: 'Send it again; the replica asks for what it misses.',
  },
  NOTARY_LEADER_WRONG: {
    cause: 'The proposal is not from the leader of its view.',
    remedy: 'Propose only in views whose number modulo n is the index of the member.',
  },
  NOTARY_PROPOSAL_EXISTS: {
    cause: 'A proposal for this view and slot is being worked on already.',
    remedy: 'None is needed; a second, different one is a proof against the leader.',
  },
  NOTARY_OPENING_WRONG: {
    cause: 'The view changes that a proposal carries do not open its view, or ask for another block.',
    remedy: 'Carry 2f + 1 changes of distinct members and propose again what could have been certified.',
  },
  NOTARY_BLOCK_WRONG: {
    cause: 'The block does not follow the last certified one, is empty, too large, or names a message twice.',
    remedy: 'Propose on top of the head of the log, 1 to the agreed number of messages.',
  },
  NOTARY_STAMP_BACKWARD: {
    cause: 'The stamp is smaller than the one before.',
    remedy: 'Set the clock of the leader.',
  },
  NOTARY_STAMP_FAR: {
    cause: 'The stamp differs from the clock of this replica by more than epsilon.',
    remedy: 'Set the clocks of the notaries.',
  },
  NOTARY_EXECUTION_DIVERGED: {
    cause: 'Running the block here gave other transition hashes than the proposal says.',
    remedy: 'Compare the versions of the notaries; a diverging leader is passed over.',
  },
  NOTARY_EXECUTION_STALE: {
    cause: 'The answer belongs to a block that is no longer worked on.',
    remedy: 'None is needed.',
  },
  NOTARY_VOTE_EXISTS: {
    cause: 'The vote of this member was counted already.',
    remedy: 'None is needed; a second, different one is a proof against the member.',
  },
  NOTARY_MEMBER_UNKNOWN: {
    cause: 'The sender is no member of the set.',
    remedy: 'Use the notary set of the present epoch.',
  },
  NOTARY_CHANGE_WRONG: {
    cause: 'The view change does not prove what it says.',
    remedy: 'Carry the certificate of the head and the highest prepared block.',
  },
  NOTARY_DECISION_WRONG: {
    cause: 'The certificate does not cover the block that came with it, or the block does not follow the head.',
    remedy: 'Send the slots in order, each with its 2f + 1 signatures.',
  },
  NOTARY_TIMER_IDLE: {
    cause: 'The timer fired with nothing outstanding.',
    remedy: 'None is needed.',
  },
  NOTARY_CERTIFICATE_SET: {
    cause: 'The certificate is of another notary set or epoch.',
    remedy: 'Check it with the set that the contract names.',
  },
  NOTARY_CERTIFICATE_PATH: {
    cause: 'The path of the certificate does not lead to what was signed.',
    remedy: 'Ask the notaries for the certificate again.',
  },
  NOTARY_CERTIFICATE_SHORT: {
    cause: 'Fewer than 2f + 1 distinct members signed.',
    remedy: 'Accept nothing; ask the other notaries.',
  },
  NOTARY_CERTIFICATE_SIGNATURE: {
    cause: 'A signature of the certificate is wrong.',
    remedy: 'Accept nothing; ask the other notaries.',
  },
  NOTARY_PROOF_EQUAL: {
    cause: 'Both sides of the proof say the same, or are about different positions.',
    remedy: 'A proof needs two statements of one member about one epoch, view, slot and phase with different blocks.',
  },
  NOTARY_PROOF_SIGNATURE: {
    cause: 'A signature of the proof is wrong.',
    remedy: 'Discard the proof; it accuses nobody.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type NotaryRefusalCode = keyof typeof NOTARY_REFUSALS

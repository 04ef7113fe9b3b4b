import { describe, expect, it } from 'vitest'
import * as core from '../../src/core/index.ts'
import * as wire from '../../src/wire/index.ts'

/** What users of the library call of money; one that is taken away or renamed breaks them. */
const CORE = [
  'AUCTION_MACHINE',
  'BOOKS_MACHINE',
  'BOOKS_REFUSALS',
  'DEFAULT_ESCROW_RULES',
  'DEFAULT_PARAMETERS',
  'DEFAULT_TIMERS',
  'DISPUTE_MACHINE',
  'ESCROW_MACHINE',
  'ESCROW_REFUSALS',
  'GOVERNANCE_MACHINE',
  'GOVERNED_BOOKS_MACHINE',
  'LEDGER_MACHINE',
  'LEDGER_REFUSALS',
  'REPUTATION_MACHINE',
  'REPUTATION_POLICY_DEFAULTS',
  'TERMS_REFUSALS',
  'balanceOf',
  'createNotarySet',
  'createStatement',
  'custodyLabelOf',
  'dueActOf',
  'evaluatePredicate',
  'exposureCapNanos',
  'formatAccountId',
  'formatPredicate',
  'hashOfParameters',
  'listReputation',
  'matchOffers',
  'parseAccountId',
  'parseContractId',
  'parseCurrency',
  'parseDid',
  'parseHash',
  'parsePredicate',
  'parseTransferId',
  'predicateHash',
  'refuseTerms',
  'showReputation',
  'verifyConsistency',
  'verifyInclusion',
  'verifyTranscript',
]
const WIRE = [
  'MESSAGES',
  'authenticate',
  'canonicalBytes',
  'canonicalText',
  'checkEquivocation',
  'contractIdOf',
  'decodeEnvelope',
  'didOfPublicKey',
  'encodeEnvelope',
  'isMessageType',
  'prepareEnvelope',
  'publicKeyOfDid',
  'readCanonical',
  'readDisputeMessage',
  'readEscrowMessage',
  'readGovernanceMessage',
  'readLedgerMessage',
  'readReputationReceipts',
]

describe('the doors to money', () => {
  it('of kernell-os/core lead to these', () => {
    expect(CORE.filter((name) => !(name in core))).toEqual([])
  })

  it('of kernell-os/wire lead to these', () => {
    expect(WIRE.filter((name) => !(name in wire))).toEqual([])
  })
})

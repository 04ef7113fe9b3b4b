/** Checkers that look in every run of the fleet, whatever befalls it. */
export const STEADY_CHECKERS = [
  'answers-kept',
  'convergence',
  'deadlines',
  'heads-agree',
  'journals-agree',
  'ledger-verifies',
  'money-conserved',
  'no-double-settle',
  'once-per-key',
  'one-certificate',
  'one-vote',
  'progress',
  'replay-same',
  'reputation-once',
  'reputation-recomputed',
  'stamps-monotone',
  'stamps-true',
] as const

/** Those that look where somebody has lied, failed or lost its power. */
const OCCASIONAL_CHECKERS = [
  'forged-capability',
  'names-stand-for-all',
  'no-quorum-no-progress',
  'one-signature',
  'progress-without-one',
  'proofs-convict',
  'store-sound',
] as const

export const FLEET_CHECKERS: readonly string[] = [...STEADY_CHECKERS, ...OCCASIONAL_CHECKERS]

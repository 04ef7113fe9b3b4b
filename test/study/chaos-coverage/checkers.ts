/** Checkers that look in every run of chaos that has a market, whatever befalls it. */
export const STEADY_CHECKERS = [
  'at-most-once',
  'budget-not-exceeded',
  'budget-sound',
  'control-lane',
  'convergence',
  'deadlines',
  'deadlines-kept',
  'durable-acknowledged',
  'fifo-per-pair',
  'journals-agree',
  'learned-once',
  'ledger-verifies',
  'market-settled-once',
  'money-conserved',
  'names-stand-for-all',
  'never-back',
  'no-double-settle',
  'no-double-spend',
  'no-orphans',
  'nothing-lost',
  'once-per-key',
  'progress',
  'record-says-truth',
  'replay-equals',
  'replay-same',
  'reputation-once',
  'reputation-recomputed',
  'spend-covers-bill',
  'store-sound',
  'supervision-intensity',
  'tenant-isolation',
  'timers-kept',
] as const

/** Those that look where somebody has lied, and where nothing was under way for a while. */
const OCCASIONAL_CHECKERS = ['deadline-edges', 'forged-capability', 'one-signature', 'spend-equals-bill'] as const

export const CHAOS_CHECKERS: readonly string[] = [...STEADY_CHECKERS, ...OCCASIONAL_CHECKERS]

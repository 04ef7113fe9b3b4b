import { addDuration } from '../../base/time.ts'
import { authorityIn, type LedgerDraft, read, write } from './ledger-draft.ts'
import type { AccountOpened, RecoveryCancelled, RecoveryCompleted, RecoveryRequested } from './ledger-event.ts'
import type { LedgerRefusalCode } from './ledger-refusals.ts'

/** @returns Why not; `undefined` when it was done, with its effect in the draft. */
export function openAccount(draft: LedgerDraft, event: AccountOpened): LedgerRefusalCode | undefined {
  const { iss, recoveryKey, recoveryDelay } = event
  const before = read(draft.owners, iss)
  if (before !== undefined) {
    if (before.recoveryKey !== recoveryKey || before.recoveryDelay !== recoveryDelay) return 'LEDGER_OWNER_CONFLICT'
  } else {
    if (draft.owners.size >= draft.state.limits.accountsMax) return 'LEDGER_ACCOUNTS_FULL'
    const after = { owner: iss, recoveryKey, recoveryDelay, recovery: undefined, authority: iss }
    write(draft, draft.owners, { key: iss, before, after })
  }
  draft.effects.push({ type: 'owner-recorded', owner: iss })
  return undefined
}

export function requestRecovery(draft: LedgerDraft, event: RecoveryRequested): LedgerRefusalCode | undefined {
  const { owner, successor, iss, at } = event
  const before = read(draft.owners, owner)
  if (before === undefined) return 'LEDGER_OWNER_UNKNOWN'
  if (before.recoveryKey !== iss) return 'LEDGER_SIGNER_WRONG'
  const { recovery } = before
  if (recovery !== undefined && recovery.successor !== successor) return 'LEDGER_RECOVERY_STATE'
  const completesAt = recovery?.completesAt ?? addDuration(at, before.recoveryDelay)
  if (recovery === undefined)
    write(draft, draft.owners, { key: owner, before, after: { ...before, recovery: { successor, completesAt } } })
  draft.effects.push({ type: 'recovery-started', owner, completesAt })
  return undefined
}

export function cancelRecovery(draft: LedgerDraft, event: RecoveryCancelled): LedgerRefusalCode | undefined {
  const { owner, iss, at } = event
  const before = read(draft.owners, owner)
  if (before === undefined) return 'LEDGER_OWNER_UNKNOWN'
  if (authorityIn(draft, owner) !== iss) return 'LEDGER_SIGNER_WRONG'
  // Effective iff the stamp is before the deadline, like everything else.
  if (before.recovery === undefined || at >= before.recovery.completesAt) return 'LEDGER_RECOVERY_STATE'
  write(draft, draft.owners, { key: owner, before, after: { ...before, recovery: undefined } })
  draft.effects.push({ type: 'recovery-stopped', owner })
  return undefined
}

export function completeRecovery(draft: LedgerDraft, event: RecoveryCompleted): LedgerRefusalCode | undefined {
  const { owner, at } = event
  const before = read(draft.owners, owner)
  if (before === undefined) return 'LEDGER_OWNER_UNKNOWN'
  if (before.recovery === undefined) return 'LEDGER_RECOVERY_STATE'
  const { successor, completesAt } = before.recovery
  if (at < completesAt) return 'LEDGER_RECOVERY_EARLY'
  write(draft, draft.owners, { key: owner, before, after: { ...before, recovery: undefined, authority: successor } })
  draft.effects.push({ type: 'recovery-done', owner, successor })
  return undefined
}

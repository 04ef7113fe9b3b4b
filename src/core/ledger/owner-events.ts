import { addDuration, type DurationMs } from '../../base/time.ts'
import type { Did } from '../evidence/names.ts'
import { authorityIn, type LedgerDraft, read, write } from './ledger-draft.ts'
import type {
  AccountOpened,
  HashStamped,
  KeyRotated,
  RecoveryCancelled,
  RecoveryCompleted,
  RecoveryRequested,
} from './ledger-event.ts'
import { formatAccountId, issuerOf } from './ledger-names.ts'
import type { LedgerRefusalCode } from './ledger-refusals.ts'
import { withPlace } from './key-places.ts'
import { halfOf, isBacked } from './rooms.ts'
import { type OwnerRow, RECOVERY_DELAY_MAX } from './ledger-state.ts'

/** @returns Why not; `undefined` when it was done, with its effect in the draft. */
export function openAccount(draft: LedgerDraft, event: AccountOpened): LedgerRefusalCode | undefined {
  const { iss } = event
  const code = nameRecovery(draft, iss, event)
  if (code !== undefined) return code
  draft.effects.push({ type: 'owner-recorded', owner: iss })
  return undefined
}

type Naming = {
  readonly iss: Did
  readonly recoveryKey: Did | undefined
  readonly recoveryDelay: DurationMs | undefined
}

/** Once for each owner, by whoever signs for it. */
export function nameRecovery(
  draft: LedgerDraft,
  owner: Did,
  { iss, recoveryKey, recoveryDelay }: Naming,
): LedgerRefusalCode | undefined {
  if (authorityIn(draft, owner) !== iss) return 'LEDGER_SIGNER_WRONG'
  if (recoveryKey === undefined || recoveryDelay === undefined) return 'LEDGER_RECOVERY_KEY'
  if (recoveryKey === owner || recoveryKey === iss) return 'LEDGER_RECOVERY_KEY'
  const { recoveryDelayMin } = draft.state.limits
  if (recoveryDelay < recoveryDelayMin || recoveryDelay > RECOVERY_DELAY_MAX) return 'LEDGER_RECOVERY_DELAY'
  const before = read(draft.owners, owner)
  if (before?.recoveryKey !== undefined) {
    const isSame = before.recoveryKey === recoveryKey && before.recoveryDelay === recoveryDelay
    return isSame ? undefined : 'LEDGER_OWNER_CONFLICT'
  }
  if (before === undefined && isFull(draft, owner)) return 'LEDGER_ACCOUNTS_FULL'
  write(draft, draft.owners, { key: owner, before, after: { ...rowOf(owner, before), recoveryKey, recoveryDelay } })
  return undefined
}

/** What was asked for by the recovery key is answered by it: a rotation stands, as long as the recovery is not completed. */
export function rotateKey(draft: LedgerDraft, { iss, key, isLost }: KeyRotated): LedgerRefusalCode | undefined {
  const before = read(draft.owners, iss)
  const former = isLost ? 'lost' : 'rotated'
  const isRotated = before?.authority === key && before.former === 'rotated'
  const isDone = before?.authority === key && before.former === former
  if (!isDone) {
    // A key that was rotated may still be given up as lost, in favour of the same key.
    if (!isRotated && authorityIn(draft, iss) !== iss) return 'LEDGER_SIGNER_WRONG'
    if (!isRotated && !isFree(draft, key, iss)) return 'LEDGER_KEY_REPLACED'
    if (before === undefined && isFull(draft, iss)) return 'LEDGER_ACCOUNTS_FULL'
    const recovery = isRotated ? before.recovery : undefined
    const after: OwnerRow = { ...rowOf(iss, before), recovery, authority: key, former }
    write(draft, draft.owners, { key: iss, before, after })
    draft.places = withPlace(draft.places, before, after)
  }
  draft.effects.push({ type: 'key-replaced', owner: iss, key })
  return undefined
}

export function requestRecovery(draft: LedgerDraft, event: RecoveryRequested): LedgerRefusalCode | undefined {
  const { owner, successor, iss, at } = event
  const before = read(draft.owners, owner)
  if (before?.recoveryKey === undefined || before.recoveryDelay === undefined) return 'LEDGER_OWNER_UNKNOWN'
  if (before.recoveryKey !== iss) return 'LEDGER_SIGNER_WRONG'
  if (!isFree(draft, successor, owner)) return 'LEDGER_KEY_REPLACED'
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
  const isAsker = before.recoveryKey === iss
  if (!isAsker && authorityIn(draft, owner) !== iss) return 'LEDGER_SIGNER_WRONG'
  if (before.recovery === undefined) return 'LEDGER_RECOVERY_STATE'
  // Effective iff the stamp is before the deadline, like everything else; whoever asked may take it back until it is done.
  if (!isAsker && at >= before.recovery.completesAt) return 'LEDGER_RECOVERY_STATE'
  write(draft, draft.owners, { key: owner, before, after: { ...before, recovery: undefined } })
  draft.effects.push({ type: 'recovery-stopped', owner })
  return undefined
}

/** The key that was lost may do nothing more, whoever has it. */
export function completeRecovery(draft: LedgerDraft, event: RecoveryCompleted): LedgerRefusalCode | undefined {
  const { owner, at } = event
  const before = read(draft.owners, owner)
  if (before === undefined) return 'LEDGER_OWNER_UNKNOWN'
  if (before.recovery === undefined) return 'LEDGER_RECOVERY_STATE'
  const { successor, completesAt } = before.recovery
  if (at < completesAt) return 'LEDGER_RECOVERY_EARLY'
  if (!isFree(draft, successor, owner)) return 'LEDGER_KEY_REPLACED'
  const after: OwnerRow = { ...before, recovery: undefined, authority: successor, former: 'lost' }
  write(draft, draft.owners, { key: owner, before, after })
  draft.places = withPlace(draft.places, before, after)
  draft.effects.push({ type: 'recovery-done', owner, successor })
  return undefined
}

/** Who has no account in the currency, and does not issue it, would fill the journal at no cost. */
export function stampHash(draft: LedgerDraft, { iss, hash, currency }: HashStamped): LedgerRefusalCode | undefined {
  if (read(draft.currencies, currency) === undefined) return 'LEDGER_CURRENCY_UNKNOWN'
  const account = read(draft.accounts, formatAccountId({ owner: iss, kind: 'available', currency }))
  if (account === undefined && authorityIn(draft, issuerOf(currency)) !== iss) return 'LEDGER_OWNER_UNKNOWN'
  draft.effects.push({ type: 'hash-noted', hash })
  return undefined
}

function rowOf(owner: Did, row: OwnerRow | undefined): OwnerRow {
  const nothing = { recoveryKey: undefined, recoveryDelay: undefined, recovery: undefined, former: undefined }
  return row ?? { owner, ...nothing, authority: owner }
}

/** Whether a key signs for itself, so that following it never leads back to `owner`. */
function isFree(draft: LedgerDraft, key: Did, owner: Did): boolean {
  return key !== owner && authorityIn(draft, key) === key
}

/** Half of the room is for those alone who have listed credits, or are in the place of who has; no event of an owner moves any. */
function isFull(draft: LedgerDraft, owner: Did): boolean {
  const { size } = draft.owners
  const { accountsMax } = draft.state.limits
  if (size < halfOf(accountsMax)) return false
  return size >= accountsMax || !isBacked(draft.state, owner)
}

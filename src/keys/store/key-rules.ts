import { CodedError } from '../../base/errors.ts'
import { DAY_MS, type DurationMs, durationFromMs, HOUR_MS } from '../../base/time.ts'
import type { KeyRecovery, SignedKeyStatement } from '../../wire/v1/key-statements.ts'

/** As for backups. */
const PASSPHRASE_CHARACTERS_MIN = 12
/** Time to object to a recovery: an owner who looks once an hour must be able to. */
const RECOVERY_DELAY_MIN: DurationMs = HOUR_MS
const RECOVERY_DELAY_MAX: DurationMs = durationFromMs(365 * DAY_MS)

/** Throws `KEY_PASSPHRASE_WEAK`; an empty one is `KEY_PASSPHRASE_UNUSABLE` where it is used. */
export function refuseWeak(passphrase: Uint8Array): void {
  const characters = new TextDecoder().decode(passphrase).length
  if (characters === 0 || characters >= PASSPHRASE_CHARACTERS_MIN) return
  throw new CodedError('KEY_PASSPHRASE_WEAK', {
    message: `The passphrase has ${characters} characters; ${PASSPHRASE_CHARACTERS_MIN} are the least`,
  })
}

/** Throws `KEY_RECOVERY_UNUSABLE`. */
export function refuseRecovery(recovery: KeyRecovery | undefined, chain: readonly SignedKeyStatement[]): void {
  if (recovery === undefined) return
  const { key, delayMs } = recovery
  const isOwn = chain.some(({ statement }) => statement.key === key)
  if (!isOwn && delayMs >= RECOVERY_DELAY_MIN && delayMs <= RECOVERY_DELAY_MAX) return
  throw new CodedError('KEY_RECOVERY_UNUSABLE', {
    message: isOwn
      ? `${key} is this key or one before it, which cannot recover itself`
      : `A delay of ${delayMs} ms is not within 1 hour and 365 days`,
    details: { key, delayMs },
  })
}

/**
 * Keys of messages that an actor has accepted, so that the second message with a key is recognised. Bounded: a key is
 * forgotten after `DEDUPE_KEYS_MAX` newer ones or after `DEDUPE_AGE_MS_MAX`, but never while its message still waits.
 */
export type DedupeWindow = Map<string, DedupeEntry>
export type DedupeEntry = {
  /** When the message was accepted, in ms since the epoch. */
  readonly at: number
  /** Its place in the inbox. */
  readonly sequence: number
}

export const DEDUPE_KEYS_MAX = 1_024
export const DEDUPE_AGE_MS_MAX: number = 24 * 60 * 60 * 1_000

/** Senders of which the highest sequence is remembered; the one that was silent longest is forgotten first. */
export const DEDUPE_SENDERS_MAX = 1_024

/** @param isWaiting  Whether the message with this place in the inbox was not consumed yet. */
export function rememberKey(
  window: DedupeWindow,
  { key, at, sequence }: DedupeEntry & { readonly key: string },
  isWaiting: (sequence: number) => boolean,
): void {
  window.set(key, { at, sequence })
  // Insertion order is the order of acceptance.
  for (const [oldest, entry] of window) {
    const isOutdated = window.size > DEDUPE_KEYS_MAX || at - entry.at > DEDUPE_AGE_MS_MAX
    if (!isOutdated || isWaiting(entry.sequence)) return
    window.delete(oldest)
  }
}

/** Messages of one sender arrive in the order of their sequences, so the highest one tells all. */
export function rememberSender(senders: Map<string, number>, sender: string, sequence: number): void {
  senders.delete(sender)
  senders.set(sender, sequence)
  if (senders.size <= DEDUPE_SENDERS_MAX) return
  for (const silent of senders.keys()) {
    senders.delete(silent)
    return
  }
}

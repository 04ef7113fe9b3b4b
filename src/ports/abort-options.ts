/**
 * AbortOptions: the last parameter of every call that waits. It is not a timeout: timeouts are signals too, made by `Clock.timeoutSignal`
 * and joined with `AbortSignal.any`.
 */
export type AbortOptions = {
  /** Ends the call early; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export type BackOffInit = {
  /** Wait before the first restart, finite, >= 0. */
  readonly firstMs: number
  /** Longest wait, finite, >= `firstMs`. */
  readonly maxMs: number
  /** A child that ran at least so long after its restart starts again with `firstMs`; finite, >= 0. */
  readonly quietMs: number
  /** Share of the wait that chance may take away, 0..1. Default 0. */
  readonly jitter?: number
}

/** What is remembered of a child's last restart; `undefined` before the first. */
export type BackOff = {
  /** The last wait, before jitter. */
  readonly baseMs: number
  /** When the child was to start again. */
  readonly restartAtMs: number
}

export type BackOffStep = {
  readonly state: BackOff
  /** Whole milliseconds to wait, 0..`maxMs` rounded up. */
  readonly delayMs: number
}

export type BackOffEnd = {
  /** When the child ended, in milliseconds of the clock that was used before. */
  readonly atMs: number
  /** A draw 0 <= draw < 1; read only when there is jitter. Default 0: the full wait. */
  readonly draw?: number
}

/** @throws RangeError when a value is out of range. */
export function checkBackOff(init: BackOffInit): BackOffInit {
  const { firstMs, maxMs, quietMs, jitter = 0 } = init
  if (!Number.isFinite(firstMs) || firstMs < 0) throw new RangeError(`firstMs ${firstMs} is not finite and >= 0`)
  if (!Number.isFinite(maxMs) || maxMs < firstMs) throw new RangeError(`maxMs ${maxMs} is not finite and >= firstMs`)
  if (!Number.isFinite(quietMs) || quietMs < 0) throw new RangeError(`quietMs ${quietMs} is not finite and >= 0`)
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`jitter ${jitter} is not within 0..1`)
  return init
}

/**
 * How long to wait before a child starts again: `firstMs`, then twice the last wait up to `maxMs`.
 *
 * The quiet period is measured from the restart and not from the failure, so a long wait is not taken for quiet. A clock
 * that jumped back reads as no time passed: the wait grows once more, and the next one is measured on the new time.
 *
 * @param init  Checked by `checkBackOff`.
 * @param state  Of this child's last restart.
 */
export function nextBackOff(init: BackOffInit, state: BackOff | undefined, end: BackOffEnd): BackOffStep {
  const isRepeated = state !== undefined && end.atMs - state.restartAtMs < init.quietMs
  const baseMs = isRepeated ? Math.min(init.maxMs, Math.max(init.firstMs, state.baseMs * 2)) : init.firstMs
  const delayMs = Math.ceil(baseMs - baseMs * (init.jitter ?? 0) * (end.draw ?? 0))
  return { state: { baseMs, restartAtMs: end.atMs + delayMs }, delayMs }
}

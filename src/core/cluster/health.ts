import type { ClusterTiming } from './cluster-timing.ts'

/**
 * How alive another node seems, from when it was heard: the suspicion "phi" of Hayashibara, Défago, Yared and Katayama, "The phi accrual failure
 * detector" (SRDS 2004), which is -log10 of the chance that a node that lives would be silent for so long. Intervals are taken as exponential, as
 * Lakshman and Malik do in "Cassandra" (2010), so phi grows evenly with silence. Their mean is bounded: neither can a burst make us impatient, nor
 * a slow spell make a dead node live for long.
 */
export type Health = {
  readonly heardAtMs: number
  /** Mean of the intervals between two signs of life, newer ones counting more. */
  readonly meanMs: number
}

/** Weight of the newest interval in the mean. */
const NEWEST_SHARE = 0.125
/** The mean is never more than so many times the interval that was agreed on. */
const MEAN_MAX = 2
const LN_10 = 2.302585092994046

export function createHealth(atMs: number, { heartbeatMs }: ClusterTiming): Health {
  return { heardAtMs: atMs, meanMs: heartbeatMs }
}

/** A sign of life came. */
export function heard(health: Health, atMs: number, { heartbeatMs }: ClusterTiming): Health {
  const intervalMs = Math.max(0, atMs - health.heardAtMs)
  const meanMs = health.meanMs + (intervalMs - health.meanMs) * NEWEST_SHARE
  return {
    heardAtMs: Math.max(health.heardAtMs, atMs),
    meanMs: Math.min(Math.max(meanMs, heartbeatMs), heartbeatMs * MEAN_MAX),
  }
}

/** 0 right after a sign of life, and one more for each factor of ten by which such a silence is less likely. */
export function phiOf({ heardAtMs, meanMs }: Health, nowMs: number): number {
  return Math.max(0, nowMs - heardAtMs) / (meanMs * LN_10)
}

/** 1: just heard; 0: as good as lost. */
export function healthScore(health: Health, nowMs: number, { downPhi }: ClusterTiming): number {
  return Math.max(0, 1 - phiOf(health, nowMs) / downPhi)
}

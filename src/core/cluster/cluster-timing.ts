/** How long the nodes of a cluster wait for each other, in milliseconds of each node's own clock. */
export type ClusterTiming = {
  /** Between two heartbeats of a node. */
  readonly heartbeatMs: number
  /** How long a node may act for another one after it sent the heartbeat that the other one answered. */
  readonly leaseMs: number
  /** How long a node waits, after it answered the last heartbeat of a lost one, until nothing that it placed there can act any more. */
  readonly clearMs: number
  /** Suspicion from which on a node gets nothing new. */
  readonly suspectPhi: number
  /** Suspicion from which on a node counts as lost. */
  readonly downPhi: number
}

/** Heartbeats that fit into a lease: that many may be lost one after the other, and nobody is ended for it. */
const BEATS_PER_LEASE = 8
/** The most that two clocks may differ in speed, as a share: quartz keeps 0.0001, a bad virtual machine less. */
export const CLOCK_DRIFT_MAX = 0.02
const SUSPECT_PHI = 1.5
const DOWN_PHI = 4
const HEARTBEAT_MS_DEFAULT = 1_000
const HEARTBEAT_MS_MIN = 10
const HEARTBEAT_MS_MAX = 60_000

/**
 * The times that follow from that between two heartbeats.
 *
 * A lease is counted by whoever holds it from when it asked, and by whoever gave it from when it answered, which is later (Gray and Cheriton,
 * "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989). So no clock need show the same time as another:
 * it is enough that none is faster than another by more than `CLOCK_DRIFT_MAX` either way.
 *
 * @throws RangeError for a time that is none from 10 ms to a minute.
 */
export function clusterTiming(heartbeatMs: number = HEARTBEAT_MS_DEFAULT): ClusterTiming {
  if (!(heartbeatMs >= HEARTBEAT_MS_MIN && heartbeatMs <= HEARTBEAT_MS_MAX))
    throw new RangeError(`heartbeatMs ${heartbeatMs} is not from ${HEARTBEAT_MS_MIN} to ${HEARTBEAT_MS_MAX}`)
  const leaseMs = heartbeatMs * BEATS_PER_LEASE
  const clearMs = Math.ceil((leaseMs * (1 + CLOCK_DRIFT_MAX)) / (1 - CLOCK_DRIFT_MAX)) + 1
  return { heartbeatMs, leaseMs, clearMs, suspectPhi: SUSPECT_PHI, downPhi: DOWN_PHI }
}

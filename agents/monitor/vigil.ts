/** What the monitor remembers of its probes, as a pure machine: when a failure becomes an alarm, and when that is over. */

/** What a probe saw. */
export type Sighting = { readonly isWell: boolean; readonly detail: string }

/** What a monitor remembers of one probe: its `history` holds the latest 32 sightings at most. */
export type ProbeReport = {
  readonly name: string
  /** `unknown` before the first sighting. */
  readonly state: 'unknown' | 'well' | 'unwell'
  /** True from `failuresToAlarm` failures in a row until `successesToClear` successes in a row. */
  readonly isAlarmed: boolean
  /** What the last sighting said; empty before it. */
  readonly detail: string
  /** Sightings in a row with the present state. */
  readonly inRow: number
  /** Latest sightings, oldest first, as whether they were well. */
  readonly history: readonly boolean[]
}

export type VigilLimits = {
  /** Failures in a row that raise an alarm, 1 or more. Default 3. */
  readonly failuresToAlarm?: number
  /** Successes in a row that end it, 1 or more. Default 2. */
  readonly successesToClear?: number
}

export type Vigil = {
  readonly limits: Required<VigilLimits>
  readonly rounds: number
  /** By name, in the order of the probes. */
  readonly probes: ReadonlyMap<string, ProbeReport>
}

/**
 * Emitted once when a probe becomes alarmed and once when it is no more. `detail` is what the sighting said that
 * decided it.
 */
export type Alarm = {
  readonly type: 'alarm-raised' | 'alarm-cleared'
  readonly probe: string
  readonly detail: string
}

export const FAILURES_TO_ALARM_DEFAULT = 3
export const SUCCESSES_TO_CLEAR_DEFAULT = 2
const HISTORY_MAX = 32

export function beginVigil(names: readonly string[], limits: VigilLimits): Vigil {
  const probes = names.map((name): [string, ProbeReport] => [
    name,
    { name, state: 'unknown', isAlarmed: false, detail: '', inRow: 0, history: [] },
  ])
  return {
    limits: {
      failuresToAlarm: limits.failuresToAlarm ?? FAILURES_TO_ALARM_DEFAULT,
      successesToClear: limits.successesToClear ?? SUCCESSES_TO_CLEAR_DEFAULT,
    },
    rounds: 0,
    probes: new Map(probes),
  }
}

/** One round is over: every sighting is taken, by the name of its probe. */
export function endRound(
  vigil: Vigil,
  sightings: ReadonlyMap<string, Sighting>,
): { readonly vigil: Vigil; readonly alarms: readonly Alarm[] } {
  const alarms: Alarm[] = []
  const probes = new Map(vigil.probes)
  for (const [name, sighting] of sightings) {
    const before = probes.get(name)
    if (before === undefined) continue
    const after = see(before, sighting, vigil.limits)
    probes.set(name, after)
    if (after.isAlarmed === before.isAlarmed) continue
    const type = after.isAlarmed ? 'alarm-raised' : 'alarm-cleared'
    alarms.push({ type, probe: name, detail: after.detail })
  }
  return { vigil: { ...vigil, rounds: vigil.rounds + 1, probes }, alarms }
}

function see(before: ProbeReport, { isWell, detail }: Sighting, limits: Required<VigilLimits>): ProbeReport {
  const state = isWell ? 'well' : 'unwell'
  const inRow = before.state === state ? before.inRow + 1 : 1
  return {
    name: before.name,
    state,
    isAlarmed: before.isAlarmed
      ? !(isWell && inRow >= limits.successesToClear)
      : !isWell && inRow >= limits.failuresToAlarm,
    detail,
    inRow,
    history: [...before.history.slice(-(HISTORY_MAX - 1)), isWell],
  }
}

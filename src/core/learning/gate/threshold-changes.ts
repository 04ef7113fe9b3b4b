import { GATE_DEFAULTS, type GateThresholds } from './gate-thresholds.ts'

/** Bounds that no report may be looser than; absent members are free. */
export type GateFloors = Partial<Pick<GateThresholds, FloorName>>

export const FLOOR_NAMES = [
  'qualityMargin',
  'precisionMax',
  'costTolerance',
  'regressionMax',
  'sliceRegressionMax',
  'calibrationErrorMax',
  'rowsMin',
] as const satisfies readonly (keyof GateThresholds)[]
export type FloorName = (typeof FLOOR_NAMES)[number]

/** A threshold that is not what the gate asks for by itself. */
export type ChangedThreshold = {
  readonly name: keyof GateThresholds
  /** `null`: nothing was asked for. */
  readonly value: number | null
  readonly usual: number | null
  /** Lets more through than the usual one does. */
  readonly isRelaxed: boolean
}

/** Of these more is stricter; of all others less is. */
const MORE_IS_STRICTER: ReadonlySet<keyof GateThresholds> = new Set(['qualityMargin', 'rowsMin'])

/** What a report was judged by where that differs from `usual`, in the order of the names. */
export function changedThresholds(
  thresholds: GateThresholds,
  usual: GateThresholds = GATE_DEFAULTS,
): readonly ChangedThreshold[] {
  const names = Object.keys(usual) as (keyof GateThresholds)[]
  return names
    .filter((name) => thresholds[name] !== usual[name])
    .map((name) => ({
      name,
      value: thresholds[name],
      usual: usual[name],
      isRelaxed: isLooser(name, thresholds, usual[name]),
    }))
}

/** Names of the thresholds that are looser than a floor allows. */
export function thresholdsBelow(thresholds: GateThresholds, floors: GateFloors): readonly FloorName[] {
  return FLOOR_NAMES.filter((name) => {
    const floor = floors[name]
    return floor !== undefined && isLooser(name, thresholds, floor)
  })
}

/** What a gate asks for where nobody says otherwise: its defaults, or a floor that is stricter. */
export function thresholdsAbove(floors: GateFloors): Partial<GateThresholds> {
  const stricter = thresholdsBelow(GATE_DEFAULTS, floors)
  return Object.fromEntries(stricter.map((name) => [name, floors[name]]))
}

function isLooser(name: keyof GateThresholds, thresholds: GateThresholds, than: number | null): boolean {
  // A target takes the place of the tolerance, and asks for more than any tolerance does.
  if (name === 'costTolerance' && thresholds.costTarget !== null) return false
  const value = thresholds[name]
  if (MORE_IS_STRICTER.has(name)) return (value ?? Number.NEGATIVE_INFINITY) < (than ?? Number.NEGATIVE_INFINITY)
  // No target is not looser than a target that nobody has to set.
  if (name === 'costTarget') return false
  return (value ?? Number.POSITIVE_INFINITY) > (than ?? Number.POSITIVE_INFINITY)
}

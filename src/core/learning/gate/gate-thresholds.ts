/** What a candidate must show before it may take over. Shares are 0 to 1. */
export type GateThresholds = {
  /** The lower bound of the quality difference must be above it. Below 0: the candidate need not be better, only not worse by more. */
  readonly qualityMargin: number
  /**
   * The interval of the quality difference may reach this far to either side, unless one of twice the width would still be above the margin.
   * With a margin of 1 point it keeps false promotions below 1 %.
   */
  readonly precisionMax: number
  /** The upper bound of the cost difference may be this share of the incumbent's mean cost; `null`: costs are not looked at. */
  readonly costTolerance: number | null
  /** Present: the upper bound of the cost difference must be this share below the incumbent's mean cost. */
  readonly costTarget: number | null
  /** Upper bound of the share of tasks on which the incumbent is right and the candidate wrong. */
  readonly regressionMax: number
  /** The same within a slice: a domain, or tasks of one risk. */
  readonly sliceRegressionMax: number
  /** Slices with fewer different tasks say too little and are not judged. */
  readonly sliceRowsMin: number
  /** Expected calibration error of the candidate's predictions. */
  readonly calibrationErrorMax: number
  readonly rowsMin: number
}

/**
 * Defaults. Precision: at a standard error e, a candidate that is no better passes with P(Z > 1.96 + margin / e); a half width of 2 points
 * (e = 0.0102) makes that 0.2 % at a margin of 1 point, whatever the policies are; with twice the width it is P(Z > 3.92) for any e.
 */
export const GATE_DEFAULTS: GateThresholds = {
  qualityMargin: 0.01,
  precisionMax: 0.02,
  costTolerance: 0.05,
  costTarget: null,
  regressionMax: 0.1,
  sliceRegressionMax: 0.2,
  sliceRowsMin: 200,
  calibrationErrorMax: 0.1,
  rowsMin: 1000,
}

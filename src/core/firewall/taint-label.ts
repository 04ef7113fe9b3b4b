/** Who may see a value, from everybody to the fewest. */
export const CONFIDENTIALITIES = ['public', 'internal', 'private'] as const
export type Confidentiality = (typeof CONFIDENTIALITIES)[number]

/** Whether a value may give orders. What came from outside may only be read. */
export const INTEGRITIES = ['trusted', 'untrusted'] as const
export type Integrity = (typeof INTEGRITIES)[number]

/**
 * What is known of a value: a point of a lattice, and where it came from. `joinLabels` is its least upper bound, so a label never says less than any of the
 * values that went into it (Denning 1976, "A lattice model of secure information flow").
 */
export type TaintLabel = {
  readonly confidentiality: Confidentiality
  readonly integrity: Integrity
  /** Locators of what went in, sorted; `MANY_ORIGINS` alone when they are too many to name. */
  readonly origins: readonly string[]
}

/** Origins that one label names at most. */
export const ORIGINS_MAX = 64
/** Stands for every origin there is: forgetting names may not make a label smaller. */
export const MANY_ORIGINS = '*'

/** Nothing went in. */
export const CLEAN_LABEL: TaintLabel = Object.freeze({
  confidentiality: 'public',
  integrity: 'trusted',
  origins: Object.freeze([]),
})

/** What is assumed of a value that nobody vouches for. */
export function unknownLabel(locator: string): TaintLabel {
  return { confidentiality: 'private', integrity: 'untrusted', origins: [locator] }
}

/** The least label that says as much as both. */
export function joinLabels(one: TaintLabel, other: TaintLabel): TaintLabel {
  if (one === other || other === CLEAN_LABEL) return one
  if (one === CLEAN_LABEL) return other
  return {
    confidentiality: isMoreSecret(one.confidentiality, other.confidentiality)
      ? one.confidentiality
      : other.confidentiality,
    integrity: one.integrity === 'untrusted' ? 'untrusted' : other.integrity,
    origins: joinOrigins(one.origins, other.origins),
  }
}

/** Whether `label` says no more than `bound`. */
export function isAtMost(label: TaintLabel, bound: TaintLabel): boolean {
  return (
    !isMoreSecret(label.confidentiality, bound.confidentiality) &&
    (label.integrity === 'trusted' || bound.integrity === 'untrusted') &&
    (bound.origins[0] === MANY_ORIGINS || label.origins.every((origin) => bound.origins.includes(origin)))
  )
}

export function isMoreSecret(one: Confidentiality, other: Confidentiality): boolean {
  return CONFIDENTIALITIES.indexOf(one) > CONFIDENTIALITIES.indexOf(other)
}

function joinOrigins(one: readonly string[], other: readonly string[]): readonly string[] {
  if (one[0] === MANY_ORIGINS || other[0] === MANY_ORIGINS) return [MANY_ORIGINS]
  const all = [...new Set([...one, ...other])].toSorted()
  return all.length > ORIGINS_MAX ? [MANY_ORIGINS] : all
}

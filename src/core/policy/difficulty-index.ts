import { PROMPT_FEATURES } from './prompt-features.ts'

type Term = { readonly place: number; readonly centre: number; readonly scale: number; readonly weight: number }

/**
 * How much a stronger model is likely to help, from what a prompt looks like: long texts, options that recombine the same
 * words, several statements to judge, a stem that continues instead of asking. Round figures set by judgement; nothing here is
 * fitted on data. Used by the priors, and as the starting point from which training departs.
 */
const TERMS: readonly Term[] = [
  term('chars', { centre: 5.6, scale: 0.6, weight: 1 }),
  term('optionOverlapNew', { centre: 0.2, scale: 0.25, weight: 1 }),
  term('optionOverlap', { centre: 0.4, scale: 0.25, weight: 0.5 }),
  term('enumerationWords', { centre: 0.3, scale: 0.5, weight: 0.5 }),
  term('stemIsQuestion', { centre: 0.6, scale: 0.5, weight: -0.5 }),
]

function term(name: string, shape: { readonly centre: number; readonly scale: number; readonly weight: number }): Term {
  return { place: PROMPT_FEATURES.indexOf(name), ...shape }
}

/** About -5 (short, plain) to 5 (long, compound); 0 is a usual exam question. */
export function difficultyIndex(dense: Float64Array): number {
  let sum = 0
  for (const { place, centre, scale, weight } of TERMS) sum += (weight * ((dense[place] ?? 0) - centre)) / scale
  return sum
}

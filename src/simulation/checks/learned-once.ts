/** An outcome that is known is not learned again: the weight of what was learned is the number of outcomes. */
export function learnedOnce(
  where: string,
  { weight, outcomes, again }: { readonly weight: number; readonly outcomes: number; readonly again: number },
): string | undefined {
  if (again > 0) return `${where} learned ${again} outcomes a second time`
  return weight === outcomes ? undefined : `${where} has learned a weight of ${weight} from ${outcomes} outcomes`
}

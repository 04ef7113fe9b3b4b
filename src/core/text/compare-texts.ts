/** Plain order of two texts by UTF-16 units, the same on every machine: -1, 0 or 1. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

import type { TemplateNode } from '../policy/feature-recipe.ts'

/** Rows with one raw feature vector and one outcome vector (0 to 1 per candidate) each. */
export type TemplateRows = {
  readonly features: readonly Float64Array[]
  readonly outcomes: readonly Float64Array[]
}

export type TemplateInit = {
  /** Longest chain of questions. */
  readonly depthMax: number
  /** Least rows of a template. */
  readonly rowsMin: number
  /** A question must explain at least this share of all variation of the outcomes. */
  readonly gainMin: number
}

export type TemplateTree = { readonly templates: readonly TemplateNode[]; readonly templateCount: number }

type Split = { readonly feature: number; readonly threshold: number; readonly gain: number }

/**
 * Tells families of prompts apart on which the candidates fare differently: a small regression tree with all candidates'
 * outcomes as its target (Breiman and others, 1984), kept shallow so that it finds forms of tasks and not single questions.
 */
export function growTemplates(rows: TemplateRows, init: TemplateInit): TemplateTree {
  const all = rows.features.map((_, index) => index)
  const total = spreadOf(rows, all)
  const nodes: { feature: number; threshold: number; below: number; above: number }[] = []
  let leaves = 0
  const grow = (members: readonly number[], depth: number): number => {
    const split = depth < init.depthMax ? bestSplit(rows, members, init.rowsMin) : undefined
    if (split === undefined || split.gain <= 0 || split.gain < init.gainMin * total) {
      leaves += 1
      return -leaves
    }
    const node = { feature: split.feature, threshold: split.threshold, below: 0, above: 0 }
    nodes.push(node)
    const isBelow = (row: number): boolean => (rows.features[row]?.[split.feature] ?? 0) <= split.threshold
    node.below = grow(members.filter(isBelow), depth + 1)
    node.above = grow(
      members.filter((row) => !isBelow(row)),
      depth + 1,
    )
    return nodes.indexOf(node)
  }
  grow(all, 0)
  return { templates: nodes, templateCount: leaves }
}

function sumOf({ outcomes }: TemplateRows, members: readonly number[]): Float64Array {
  const sum = new Float64Array(outcomes[0]?.length ?? 0)
  for (const row of members) addInto(sum, outcomes[row], 1)
  return sum
}

function addInto(sum: Float64Array, values: Float64Array | undefined, sign: number): void {
  for (let m = 0; m < sum.length; m += 1) sum[m] = (sum[m] ?? 0) + sign * (values?.[m] ?? 0)
}

function spreadOf(rows: TemplateRows, members: readonly number[]): number {
  const sum = sumOf(rows, members)
  let squares = 0
  for (const row of members) for (const value of rows.outcomes[row] ?? []) squares += value * value
  return squares - squareOf(sum, members.length)
}

function squareOf(sum: Float64Array, count: number): number {
  let squares = 0
  for (const value of sum) squares += value * value
  return count > 0 ? squares / count : 0
}

function bestSplit(rows: TemplateRows, members: readonly number[], rowsMin: number): Split | undefined {
  if (members.length < 2 * rowsMin) return undefined
  const total = sumOf(rows, members)
  const base = squareOf(total, members.length)
  let best: Split | undefined
  const featureCount = rows.features[0]?.length ?? 0
  for (let feature = 0; feature < featureCount; feature += 1) {
    const valueOf = (row: number): number => rows.features[row]?.[feature] ?? 0
    const order = members.toSorted((a, b) => valueOf(a) - valueOf(b) || a - b)
    const left = new Float64Array(total.length)
    const right = total.slice()
    for (let cut = 1; cut <= order.length - rowsMin; cut += 1) {
      const moved = rows.outcomes[order[cut - 1] ?? 0]
      addInto(left, moved, 1)
      addInto(right, moved, -1)
      const low = valueOf(order[cut - 1] ?? 0)
      const high = valueOf(order[cut] ?? 0)
      if (cut < rowsMin || high <= low) continue
      const gain = squareOf(left, cut) + squareOf(right, order.length - cut) - base
      if (best === undefined || gain > best.gain) best = { feature, threshold: (low + high) / 2, gain }
    }
  }
  return best
}

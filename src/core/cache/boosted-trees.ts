import { exp, log } from '../../base/deterministic-math.ts'

/**
 * A sum of small decision trees. Nodes of all trees lie in one array, each tree in depth-first order: the left child of node n is n + 1.
 */
export type BoostedTrees = {
  /** Log odds before any tree. */
  readonly base: number
  /** First node of each tree. */
  readonly roots: Int32Array
  /** Feature that a node asks about; -1 for a leaf. */
  readonly features: Int16Array
  /** A node goes left when the feature is at most this. For a leaf: what it adds to the log odds. */
  readonly values: Float64Array
  /** Right child; 0 for a leaf. */
  readonly rights: Int32Array
}

export type TreeTrainingInit = {
  readonly trees: number
  readonly depth: number
  readonly rate: number
  /** Least sum of curvature p(1 - p) on either side of a split. */
  readonly curvatureMin: number
  /** Shrinks leaves towards 0. */
  readonly shrinkage: number
  /** Per feature: +1 when the score may only rise with it, -1 when it may only fall, 0 when free. */
  readonly directions: Int8Array
}

/** Log odds of one row. */
export function scoreTrees(trees: BoostedTrees, row: Float64Array): number {
  const { features, values, rights, roots } = trees
  let sum = trees.base
  for (let tree = 0; tree < roots.length; tree += 1) {
    let node = roots[tree] ?? 0
    for (let feature = features[node] ?? -1; feature >= 0; feature = features[node] ?? -1) {
      node = (row[feature] ?? 0) <= (values[node] ?? 0) ? node + 1 : (rights[node] ?? 0)
    }
    sum += values[node] ?? 0
  }
  return sum
}

const BINS_MAX = 72

type Growth = {
  readonly rows: readonly Float64Array[]
  readonly init: TreeTrainingInit
  readonly edges: readonly Float64Array[]
  readonly bins: readonly Uint8Array[]
  readonly gradients: Float64Array
  readonly curvatures: Float64Array
  readonly sums: Float64Array
  readonly features: number[]
  readonly values: number[]
  readonly rights: number[]
}

/**
 * Gradient boosting on logistic loss with histograms (Friedman 2001; second-order gains). The same rows give the same trees on every
 * machine. `labels` are 0 or 1; both must occur.
 */
export function trainTrees(rows: readonly Float64Array[], labels: Uint8Array, init: TreeTrainingInit): BoostedTrees {
  const width = rows[0]?.length ?? 0
  const edges = Array.from({ length: width }, (_, feature) => binEdges(rows, feature))
  const bins = edges.map((limits, feature) => Uint8Array.from(rows, (row) => binOf(limits, row[feature] ?? 0)))
  let positives = 0
  for (const label of labels) positives += label
  const base = log(positives / (rows.length - positives))
  const growth: Growth = {
    rows,
    init,
    edges,
    bins,
    gradients: new Float64Array(rows.length),
    curvatures: new Float64Array(rows.length),
    sums: new Float64Array(width * (BINS_MAX + 1) * 2),
    features: [],
    values: [],
    rights: [],
  }
  const scores = new Float64Array(rows.length).fill(base)
  const roots: number[] = []
  for (let tree = 0; tree < init.trees; tree += 1) {
    for (let row = 0; row < rows.length; row += 1) {
      const chance = 1 / (1 + exp(-(scores[row] ?? 0)))
      growth.gradients[row] = chance - (labels[row] ?? 0)
      growth.curvatures[row] = chance * (1 - chance)
    }
    const root = growth.features.length
    roots.push(root)
    grow(growth, {
      members: Int32Array.from({ length: rows.length }, (_, row) => row),
      depth: init.depth,
      low: -Infinity,
      high: Infinity,
      scores,
    })
  }
  return {
    base,
    roots: Int32Array.from(roots),
    features: Int16Array.from(growth.features),
    values: Float64Array.from(growth.values),
    rights: Int32Array.from(growth.rights),
  }
}

type Branch = {
  readonly members: Int32Array
  readonly depth: number
  /** Bounds of the leaves below, so that a split higher up stays monotone. */
  readonly low: number
  readonly high: number
  readonly scores: Float64Array
}

type Split = { readonly feature: number; readonly bin: number; readonly left: number; readonly right: number }

function grow(growth: Growth, branch: Branch): void {
  const { members, depth, low, high, scores } = branch
  const node = growth.features.length
  growth.features.push(-1)
  growth.values.push(0)
  growth.rights.push(0)
  const split = depth > 0 ? bestSplit(growth, branch) : undefined
  if (split === undefined) {
    const value = growth.init.rate * leafValue(growth, branch)
    growth.values[node] = value
    for (const member of members) scores[member] = (scores[member] ?? 0) + value
    return
  }
  const bins = growth.bins[split.feature]
  const limit = growth.edges[split.feature]?.[split.bin]
  if (bins === undefined || limit === undefined) return
  growth.features[node] = split.feature
  growth.values[node] = limit
  const direction = growth.init.directions[split.feature] ?? 0
  const middle = (split.left + split.right) / 2
  const isLeft = (member: number): boolean => (bins[member] ?? 0) <= split.bin
  grow(growth, {
    members: members.filter(isLeft),
    depth: depth - 1,
    low: direction < 0 ? middle : low,
    high: direction > 0 ? middle : high,
    scores,
  })
  growth.rights[node] = growth.features.length
  grow(growth, {
    members: members.filter((member) => !isLeft(member)),
    depth: depth - 1,
    low: direction > 0 ? middle : low,
    high: direction < 0 ? middle : high,
    scores,
  })
}

function leafValue({ gradients, curvatures, init }: Growth, { members, low, high }: Branch): number {
  let gradient = 0
  let curvature = 0
  for (const member of members) {
    gradient += gradients[member] ?? 0
    curvature += curvatures[member] ?? 0
  }
  return Math.max(low, Math.min(high, -gradient / (curvature + init.shrinkage)))
}

function bestSplit(growth: Growth, branch: Branch): Split | undefined {
  const { edges, init } = growth
  const total = fillSums(growth, branch.members)
  const parent = (total.gradient * total.gradient) / (total.curvature + init.shrinkage)
  let best: Split | undefined
  let bestGain = init.shrinkage / 2
  for (let feature = 0; feature < edges.length; feature += 1) {
    const limits = edges[feature]?.length ?? 0
    const direction = init.directions[feature] ?? 0
    let leftGradient = 0
    let leftCurvature = 0
    for (let bin = 0; bin < limits; bin += 1) {
      const at = (feature * (BINS_MAX + 1) + bin) * 2
      leftGradient += growth.sums[at] ?? 0
      leftCurvature += growth.sums[at + 1] ?? 0
      const rightCurvature = total.curvature - leftCurvature
      if (leftCurvature < init.curvatureMin) continue
      if (rightCurvature < init.curvatureMin) break
      const rightGradient = total.gradient - leftGradient
      const gain =
        (leftGradient * leftGradient) / (leftCurvature + init.shrinkage) +
        (rightGradient * rightGradient) / (rightCurvature + init.shrinkage) -
        parent
      if (gain <= bestGain) continue
      const left = Math.max(branch.low, Math.min(branch.high, -leftGradient / (leftCurvature + init.shrinkage)))
      const right = Math.max(branch.low, Math.min(branch.high, -rightGradient / (rightCurvature + init.shrinkage)))
      if ((right - left) * direction < 0) continue
      bestGain = gain
      best = { feature, bin, left, right }
    }
  }
  return best
}

/** Gradient and curvature by feature and bin, and their totals. */
function fillSums(
  { bins, sums, gradients, curvatures }: Growth,
  members: Int32Array,
): { gradient: number; curvature: number } {
  sums.fill(0)
  let gradient = 0
  let curvature = 0
  for (const member of members) {
    gradient += gradients[member] ?? 0
    curvature += curvatures[member] ?? 0
  }
  for (let feature = 0; feature < bins.length; feature += 1) {
    const column = bins[feature]
    if (column === undefined) continue
    const from = feature * (BINS_MAX + 1)
    for (let at = 0; at < members.length; at += 1) {
      const member = members[at] ?? 0
      const cell = (from + (column[member] ?? 0)) * 2
      sums[cell] = (sums[cell] ?? 0) + (gradients[member] ?? 0)
      sums[cell + 1] = (sums[cell + 1] ?? 0) + (curvatures[member] ?? 0)
    }
  }
  return { gradient, curvature }
}

/** Quantiles at which a column is cut, denser at both ends, where the decisions of a cautious scorer lie. */
const QUANTILES: readonly number[] = [
  0.002,
  0.005,
  0.01,
  ...Array.from({ length: 59 }, (_, at) => (at + 1) / 60),
  0.99,
  0.995,
  0.998,
]
/** Limits are kept to six decimals, so that a saved model cuts where the trained one did. */
const LIMIT_SCALE = 1_000_000

function binEdges(rows: readonly Float64Array[], feature: number): Float64Array {
  const column = Float64Array.from(rows, (row) => row[feature] ?? 0).sort()
  const distinct = Float64Array.from(new Set(column))
  const limits = new Set<number>()
  if (distinct.length <= QUANTILES.length) {
    for (let at = 0; at + 1 < distinct.length; at += 1)
      limits.add(rounded(((distinct[at] ?? 0) + (distinct[at + 1] ?? 0)) / 2))
  } else {
    for (const quantile of QUANTILES) limits.add(rounded(column[Math.floor(quantile * column.length)] ?? 0))
  }
  return Float64Array.from(limits).sort()
}

function rounded(value: number): number {
  return Math.round(value * LIMIT_SCALE) / LIMIT_SCALE
}

/** Number of limits below `value`: the bin whose upper limit is the first at or above it. */
function binOf(limits: Float64Array, value: number): number {
  let low = 0
  let high = limits.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (value > (limits[middle] ?? 0)) low = middle + 1
    else high = middle
  }
  return low
}

// The raw module: kernels over memory that the host lays out. It imports its memory and nothing else, allocates nothing and
// keeps no state, so instances on several threads may share one memory as long as one of them writes at a time.

/** First byte that the host may use. */
export function heapBase(): usize {
  return __heap_base
}

export { dotFloat32At, topKFloat32, topKInt8 } from './flat-scan'
export { quantiseInt8, widenCodes } from './quantise'
export { hitScores, hitSlots, moveRow, prepareWork, searchRows, segmentBytes, workBytes, writeRow } from './vector-rows'
export { collectGrams, embedGrams, gramTableSize, hasherBytes, hasherGramWeightsAt, hasherTextAt, mergeGrams } from './text-hashing'
export { scoreBatch, softmax, updateLogistic, updateSoftmax } from './linear-model'
export { scoreRows, settleWeights, trainRows } from './train-linear'
export { expectRoutes } from './route-expectation'
export { exp } from './deterministic-math'

/**
 * The best `limit` (score, slot) pairs seen so far, best first. Of equal scores the one offered first stays ahead, so with
 * slots offered in rising order ties go to the lower slot. Insertion into a sorted array: meant for limits up to a few hundred.
 */
export type TopList = {
  readonly limit: number
  readonly scores: Float32Array
  readonly slots: Int32Array
  count: number
}

export function createTopList(limit: number): TopList {
  return { limit, scores: new Float32Array(limit), slots: new Int32Array(limit), count: 0 }
}

/** `score` must be a 32-bit float. */
export function offer(list: TopList, score: number, slot: number): void {
  const { scores, slots, limit } = list
  let at = list.count
  if (at === limit) {
    if (limit === 0 || !(score > (scores[at - 1] ?? 0))) return
    at -= 1
  } else {
    list.count = at + 1
  }
  while (at > 0 && score > (scores[at - 1] ?? 0)) {
    scores[at] = scores[at - 1] ?? 0
    slots[at] = slots[at - 1] ?? 0
    at -= 1
  }
  scores[at] = score
  slots[at] = slot
}

// The best (score, slot) pairs seen so far in two parallel arrays, best first; of equal scores the lower slot is first,
// whatever the order in which they were offered.

/** Offers one pair to a list that holds `count` of at most `limit`; returns the new count. */
export function offer(scores: usize, slots: usize, count: i32, limit: i32, score: f32, slot: i32): i32 {
  let at = count
  if (at == limit) {
    if (limit == 0 || !isAhead(score, slot, scores, slots, at - 1)) return count
    at -= 1
  } else {
    count += 1
  }
  while (at > 0 && isAhead(score, slot, scores, slots, at - 1)) {
    const before = (<usize>(at - 1)) << 2
    store<f32>(scores + before, load<f32>(scores + before), 4)
    store<i32>(slots + before, load<i32>(slots + before), 4)
    at -= 1
  }
  store<f32>(scores + ((<usize>at) << 2), score)
  store<i32>(slots + ((<usize>at) << 2), slot)
  return count
}

/** Whether a pair comes before the one at place `at`. */
/*@inline*/
function isAhead(score: f32, slot: i32, scores: usize, slots: usize, at: i32): bool {
  const other = load<f32>(scores + ((<usize>at) << 2))
  return score > other || (score == other && slot < load<i32>(slots + ((<usize>at) << 2)))
}

/** Rising order, in place. The lists are short. */
export function sortSlots(slots: usize, count: i32): void {
  for (let i = 1; i < count; i++) {
    const slot = load<i32>(slots + ((<usize>i) << 2))
    let at = i
    while (at > 0) {
      const other = load<i32>(slots + ((<usize>(at - 1)) << 2))
      if (other <= slot) break
      store<i32>(slots + ((<usize>at) << 2), other)
      at -= 1
    }
    store<i32>(slots + ((<usize>at) << 2), slot)
  }
}

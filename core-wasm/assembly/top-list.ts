// The best (score, slot) pairs seen so far, best first, in two parallel arrays. Of equal scores the first one offered stays ahead.

/** Offers one pair to a list that holds `count` of at most `limit`; returns the new count. */
export function offer(scores: usize, slots: usize, count: i32, limit: i32, score: f32, slot: i32): i32 {
  let at = count
  if (at == limit) {
    if (limit == 0 || !(score > load<f32>(scores + ((<usize>(at - 1)) << 2)))) return count
    at -= 1
  } else {
    count += 1
  }
  while (at > 0) {
    const before = (<usize>(at - 1)) << 2
    const other = load<f32>(scores + before)
    if (!(score > other)) break
    store<f32>(scores + before, other, 4)
    store<i32>(slots + before, load<i32>(slots + before), 4)
    at -= 1
  }
  store<f32>(scores + ((<usize>at) << 2), score)
  store<i32>(slots + ((<usize>at) << 2), slot)
  return count
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

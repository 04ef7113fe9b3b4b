export const ROTATION_ROUNDS: i32 = 2

/** Fills `ROTATION_ROUNDS * dims` signs, +1 or -1: bits of a 32-bit xorshift generator from a fixed start. */
export function rotationSigns(signs: usize, dims: i32): void {
  let state: u32 = 0x2545f491
  const end = signs + ((<usize>(ROTATION_ROUNDS * dims)) << 2)
  while (signs < end) {
    state ^= state << 13
    state ^= state >> 17
    state ^= state << 5
    store<f32>(signs, (state & 0x10000) == 0 ? 1 : -1)
    signs += 4
  }
}

/** Flip signs, Walsh-Hadamard transform of each block, deal the entries of several blocks out; twice. `dims` is a multiple of 128. */
export function rotate(vector: usize, signs: usize, spare: usize, dims: i32): void {
  const block = dims & -dims
  const bytes = (<usize>dims) << 2
  for (let turn = 0; turn < ROTATION_ROUNDS; turn++) {
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(vector + at, f32x4.mul(v128.load(vector + at), v128.load(signs + at)))
    }
    for (let from: usize = 0; from < bytes; from += (<usize>block) << 2) transformBlock(vector + from, block)
    if (block < dims) dealOut(vector, spare, dims, block)
    signs += bytes
  }
}

/** Steps of distance 1 and 2 stay within one vector; the rest are whole vectors. */
function transformBlock(vector: usize, size: i32): void {
  const bytes = (<usize>size) << 2
  const oddMinus = f32x4(1, -1, 1, -1)
  const highMinus = f32x4(1, 1, -1, -1)
  for (let at = vector; at < vector + bytes; at += 16) {
    let v = v128.load(at)
    v = f32x4.add(v128.shuffle<f32>(v, v, 0, 0, 2, 2), f32x4.mul(v128.shuffle<f32>(v, v, 1, 1, 3, 3), oddMinus))
    v = f32x4.add(v128.shuffle<f32>(v, v, 0, 1, 0, 1), f32x4.mul(v128.shuffle<f32>(v, v, 2, 3, 2, 3), highMinus))
    v128.store(at, v)
  }
  for (let half: usize = 16; half < bytes; half <<= 1) {
    for (let start = vector; start < vector + bytes; start += half << 1) {
      for (let at = start; at < start + half; at += 16) {
        const low = v128.load(at)
        const high = v128.load(at + half)
        v128.store(at, f32x4.add(low, high))
        v128.store(at + half, f32x4.sub(low, high))
      }
    }
  }
}

function dealOut(vector: usize, spare: usize, dims: i32, block: i32): void {
  const blocks = dims / block
  for (let b = 0; b < blocks; b++) {
    for (let i = 0; i < block; i++) {
      store<f32>(spare + ((<usize>(i * blocks + b)) << 2), load<f32>(vector + ((<usize>(b * block + i)) << 2)))
    }
  }
  memory.copy(vector, spare, (<usize>dims) << 2)
}

/** One bit per entry, set where it is above zero, lowest bit first. */
export function signBits(vector: usize, bits: usize, dims: i32): void {
  const zero = f32x4.splat(0)
  const end = bits + <usize>(dims >> 3)
  while (bits < end) {
    const low = i32x4.bitmask(f32x4.gt(v128.load(vector), zero))
    const high = i32x4.bitmask(f32x4.gt(v128.load(vector, 16), zero))
    store<u8>(bits, low | (high << 4))
    vector += 32
    bits += 1
  }
}

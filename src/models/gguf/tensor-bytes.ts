/** Bytes and elements of one block of each storage type, by the number that GGUF gives to the type (ggml.h, `ggml_type`). */
const BLOCKS: Readonly<Record<number, readonly [bytes: number, elements: number]>> = {
  0: [4, 1], // F32
  1: [2, 1], // F16
  2: [18, 32], // Q4_0
  3: [20, 32], // Q4_1
  6: [22, 32], // Q5_0
  7: [24, 32], // Q5_1
  8: [34, 32], // Q8_0
  10: [84, 256], // Q2_K
  11: [110, 256], // Q3_K
  12: [144, 256], // Q4_K
  13: [176, 256], // Q5_K
  14: [210, 256], // Q6_K
  30: [2, 1], // BF16
}

/** Bytes that a tensor takes in the file; 0 for a storage type that is not in the table, so that nothing is refused by mistake. */
export function tensorBytes(type: number, dimensions: readonly (number | bigint)[]): number {
  const block = BLOCKS[type]
  if (block === undefined) return 0
  const elements = dimensions.reduce<number>((product, dimension) => product * Number(dimension), 1)
  return (elements / block[1]) * block[0]
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/**
 * A number 0..2^32-1 that depends on nothing but the task's hash and the seed: equal tasks fall into the same fold wherever they stand,
 * so none is trained on in one place and judged in another.
 */
export function foldKeyOf(taskHash: string, seed: number): number {
  let hash = (FNV_OFFSET ^ Math.imul(seed, 0x9e3779b1)) | 0
  for (let index = 0; index < taskHash.length; index += 1)
    hash = Math.imul(hash ^ taskHash.charCodeAt(index), FNV_PRIME)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

import { readFileSync } from 'node:fs'
import { VECTOR_AREAS } from '../../../scripts/protocol-vectors.ts'
import type { Vector, VectorFile } from '../../../scripts/protocol-vectors/vector.ts'

const FOLDER = new URL('../../../protocol/vectors/v1/', import.meta.url)

/** Every vector of every area, as the files say. */
export function readVectors(): readonly Vector[] {
  return VECTOR_AREAS.flatMap(({ area }) => {
    const file = JSON.parse(readFileSync(new URL(`${area}.json`, FOLDER), 'utf8')) as VectorFile
    return file.vectors
  })
}

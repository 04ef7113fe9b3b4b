import { readdirSync, readFileSync } from 'node:fs'
import type { Vector, VectorFile } from '../../../scripts/protocol-vectors/vector.ts'

const FOLDER = new URL('../../../protocol/vectors/v1/', import.meta.url)

/** Every vector of every area, as the files say. */
export function readVectors(): readonly Vector[] {
  return readdirSync(FOLDER)
    .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as VectorFile)
    .flatMap(({ vectors }) => vectors)
}

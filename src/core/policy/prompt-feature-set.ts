import { sha256Hex } from '../../base/sha256.ts'
import { PROMPT_FEATURES } from './prompt-features.ts'

/** Hexadecimal digits of the hash that name a set; enough to tell sets apart, since nobody chooses them to collide. */
const DIGITS = 12

/**
 * Names a set of features and their order: the first 12 hexadecimal digits of the SHA-256 of their names, a line feed between two.
 * Vectors of two sets are never mixed.
 */
export function featureSetOf(names: readonly string[]): string {
  return sha256Hex(names.join('\n')).slice(0, DIGITS)
}

/** The set that this version of the program computes of a prompt. */
export function promptFeatureSet(): string {
  return featureSetOf(PROMPT_FEATURES)
}

import { readFileSync, statSync } from 'node:fs'

/** Who else than the owner may read, write or run a file. */
const OTHERS = 0o077

export type SecretFile = { readonly text: string } | { readonly fault: string; readonly cause?: unknown }

/** What a file holds that nobody but its owner may read, without the white space around it. Faults are said without what was read. */
export function readSecretFile(file: string, bytesMax: number): SecretFile {
  try {
    const { mode, size } = statSync(file)
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
      return { fault: `${file} can be read by others: chmod 600 it` }
    if (size > bytesMax) return { fault: `${file} is too large to be a secret` }
    return { text: readFileSync(file, 'utf8').trim() }
  } catch (cause: unknown) {
    return { fault: `${file} cannot be read`, cause }
  }
}

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readPolicyFile } from '../node/learning/read-evaluation-data.ts'
import type { CommandContext } from './command.ts'
import { usageError } from './flags.ts'

/** A policy as its file holds it; without a text it is the documented priors. */
export type NamedPolicy = { readonly text: string | undefined }

/**
 * The policy that a name stands for: `priors`, `incumbent` (the one in force), or a file. Throws `COMMAND_INVALID` for what is none of them, and
 * `POLICY_ARTEFACT_INVALID` for a file that cannot be read.
 */
export async function readPolicyText({ workingDir, loadConfig }: CommandContext, name: string): Promise<NamedPolicy> {
  if (name === 'priors') return { text: undefined }
  if (name === 'incumbent') {
    const { artefact } = loadConfig().policy
    return { text: artefact === undefined ? undefined : await readPolicyFile(artefact) }
  }
  const file = resolve(workingDir, name)
  if (existsSync(file)) return { text: await readPolicyFile(file) }
  throw usageError(`There is no policy ${JSON.stringify(name)}: no file of this name`, { name })
}

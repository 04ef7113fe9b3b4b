import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readPolicyFile } from '../node/learning/evaluation/read-evaluation-data.ts'
import type { CommandContext } from './command.ts'
import { registeredPolicyText } from './registered-policies.ts'

/** A policy as its file or the registry holds it. */
export type NamedPolicy = {
  /** `undefined`: the documented priors. */
  readonly text: string | undefined
  /** Whether the registry has it already. */
  readonly isRegistered: boolean
}

/**
 * The policy that a name stands for: a file, else `priors`, `incumbent` (what serves), `candidate` (what is tried) or a version of the registry.
 * Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`, and `POLICY_ARTEFACT_INVALID` for a file that cannot be read.
 */
export async function readNamedPolicy(context: CommandContext, name: string): Promise<NamedPolicy> {
  const file = resolve(context.workingDir, name)
  if (existsSync(file)) return { text: await readPolicyFile(file), isRegistered: false }
  if (name === 'priors') return { text: undefined, isRegistered: false }
  const { text } = await registeredPolicyText(context, name)
  return { text, isRegistered: true }
}

import type { JsonValue } from '../base/canonical-json.ts'
import type { CommandContext } from './command.ts'
import { useControl } from './running-control.ts'

/** Keeps an artefact in the registry of the data directory, beside a node that serves from it as well. Throws as `NodePolicies.register`. */
export async function registerPolicy(
  context: CommandContext,
  text: string,
): Promise<{ readonly version: string; readonly effect: 'registered' | 'exists' }> {
  const answer = await useControl(context, async ({ ask }) => await ask({ op: 'register', artefact: text }))
  return { version: textOf(answer, 'version'), effect: textOf(answer, 'effect') === 'exists' ? 'exists' : 'registered' }
}

/**
 * The artefact of a version, of `incumbent` (what serves now), `candidate` or `priors`; `text` is `undefined` for the priors. Throws `POLICY_UNKNOWN`,
 * `POLICY_DAMAGED`.
 */
export async function registeredPolicyText(
  context: CommandContext,
  name: string,
): Promise<{ readonly version: string; readonly text: string | undefined }> {
  const answer = await useControl(context, async ({ ask }) => await ask({ op: 'text', name }))
  const text = membersOf(answer)['text']
  return { version: textOf(answer, 'version'), text: typeof text === 'string' ? text : undefined }
}

/** Keeps a signed gate report with the policy that it is about. Throws `POLICY_UNKNOWN`, `POLICY_GATE_MISSING`. */
export async function keepGateReport(context: CommandContext, version: string, report: string): Promise<void> {
  await useControl(context, async ({ ask }) => await ask({ op: 'attach-gate', version, report }))
}

type Members = { readonly [name: string]: JsonValue | undefined }

/** The members of an answer; none where it is no object. */
export function membersOf(value: JsonValue | undefined): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
}

/** A member that is a text; empty where it is none. */
export function textOf(value: JsonValue | undefined, name: string): string {
  const member = membersOf(value)[name]
  return typeof member === 'string' ? member : ''
}

/** A member that is a list; empty where it is none. */
export function listOf(value: JsonValue | undefined, name: string): readonly JsonValue[] {
  const member = membersOf(value)[name]
  return Array.isArray(member) ? member : []
}

/** A member that is a number; `undefined` where it is none. */
export function numberOf(value: JsonValue | undefined, name: string): number | undefined {
  const member = membersOf(value)[name]
  return typeof member === 'number' ? member : undefined
}

/** Texts of a list; what is no text is left out. */
export function textsOf(value: JsonValue | undefined, name: string): readonly string[] {
  return listOf(value, name).filter((item) => typeof item === 'string')
}

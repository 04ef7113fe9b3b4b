import { canonicalJson } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import { sha256Hex, sha256HexOfBytes } from '../base/sha256.ts'
import { assert } from '../base/assert.ts'
import { type Hash, parseHash } from '../core/evidence/names.ts'
import type { CapabilityRefused } from '../core/capability/capability-refusals.ts'
import type { SandboxPolicy } from '../core/sandbox/sandbox-policy.ts'
import type { SandboxRequest, SandboxResult, SandboxRunOptions, SandboxRuntime } from '../ports/sandbox-runtime.ts'
import type { AskedCall, ShownRight } from './call-desk.ts'

/** The action of an order that lets a program run in a sandbox. */
export const SANDBOX_RUN = '/sandbox/run'

/** A program to run with no more than what its order allows; the policy comes of that. */
export type GrantedRun = Omit<SandboxRequest, 'policy'> & { readonly right: ShownRight }

/** Who says whether a call may be made, and as what: a `CallDesk`, here or in the node that serves. */
export type CallJudge = {
  admit(asked: AskedCall): Promise<{ readonly kind: 'granted'; readonly policy: SandboxPolicy } | CapabilityRefused>
}

/**
 * Runs what a chain of capability tokens grants, as it grants it: the policy of the run is made of the grant, and nobody hands one in.
 *
 * Throws `CAPABILITY_CALL_REFUSED`, with the rule as `details.code`, and what the runtime throws.
 */
export async function runGranted(
  { desk, runtime }: { readonly desk: CallJudge; readonly runtime: Pick<SandboxRuntime, 'run'> },
  { right, ...request }: GrantedRun,
  options: SandboxRunOptions = {},
): Promise<SandboxResult> {
  const code = hashOfProgram(request)
  const verdict = await desk.admit({ ...right, action: SANDBOX_RUN, code })
  if (verdict.kind === 'refused')
    throw new CodedError('CAPABILITY_CALL_REFUSED', {
      message: `The call was refused: ${verdict.code}`,
      details: { code: verdict.code, action: SANDBOX_RUN, program: code },
    })
  return await runtime.run({ ...request, policy: verdict.policy }, options)
}

/**
 * The name of a program: SHA-256 of a module's source, or of a component's bytes. A command is named by its arguments and by what lies in its directory, all of it
 * by content; a program of the machine itself by its path alone.
 */
export function hashOfProgram({ program, files = [] }: Pick<SandboxRequest, 'program' | 'files'>): Hash {
  const own = ownHashOf(program)
  if (program.kind !== 'command' && files.length === 0) return own
  const beside = files
    .map(({ path, bytes, isExecutable = false }) => [path, sha256HexOfBytes(bytes), isExecutable] as const)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
  return hashOf(sha256Hex(canonicalJson(['kernell/program/v1', own, beside])))
}

function ownHashOf(program: SandboxRequest['program']): Hash {
  switch (program.kind) {
    case 'script':
      return hashOf(sha256Hex(program.source))
    case 'component':
      return hashOf(sha256HexOfBytes(program.bytes))
    case 'command':
      return hashOf(sha256Hex(canonicalJson(['kernell/command/v1', ...program.argv])))
  }
}

function hashOf(text: string): Hash {
  const hash = parseHash(text)
  assert(hash !== undefined, 'a digest in hexadecimal digits is a hash')
  return hash
}

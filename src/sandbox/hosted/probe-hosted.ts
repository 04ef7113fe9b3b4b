import { CodedError } from '../../base/errors.ts'
import type { RuntimeState } from '../../core/sandbox/choose-runtime.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxProgram, SandboxRunOptions, SandboxRuntime } from '../../ports/sandbox-runtime.ts'

const REMEDY = 'Run it with Node 22.18 or newer as it is published, and reinstall this package if that does not help.'
const SUM = 42

/** What a program for a probe is called with: it returns their sum. */
export const PROBE_ARGS: readonly number[] = [40, 2]

/** Runs a program that adds `PROBE_ARGS`, to see whether a runtime works here. */
export async function probeHosted(
  runtime: SandboxRuntime,
  { program, version }: { readonly program: SandboxProgram; readonly version: string },
  options: SandboxRunOptions,
): Promise<RuntimeState> {
  try {
    const { reason, value } = await runtime.run({ program, policy: { ...PROBE_POLICY, isolation: 't1' } }, options)
    if (reason === 'exited' && value === SUM) return { works: true, version }
    options.signal?.throwIfAborted()
    return { works: false, reason: `A program that adds two numbers ended with \`${reason}\`.`, remedy: REMEDY }
  } catch (error: unknown) {
    if (!CodedError.is(error, 'SANDBOX_BROKEN')) throw error
    return { works: false, reason: error.message, remedy: REMEDY }
  }
}

const PROBE_POLICY = {
  limits: SANDBOX_LIMIT_DEFAULTS,
  network: { hosts: [] },
  environment: [],
  paths: { read: [], write: [] },
  allowEmulation: false,
}

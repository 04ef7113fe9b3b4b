import type { SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import type { SandboxProgram, SandboxResult } from '../../ports/sandbox-runtime.ts'
import { parseSandboxPolicy } from '../../wire/sandbox-policy-document.ts'
import type { SandboxConfig } from '../config/node-config.ts'
import { openSandboxes } from './open-sandboxes.ts'

export type RunInSandboxInit = {
  /** As its file holds it. */
  readonly policy: string
  readonly program: SandboxProgram
  readonly stdin: string | undefined
  readonly runtime: SandboxRuntimeName | undefined
  readonly settings: SandboxConfig
  /** Whose variables the policy may name. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Runs one program on runtimes that are opened for it alone. Throws what `Sandboxes.run` throws, and `SANDBOX_POLICY_INVALID`. */
export async function runInSandbox(init: RunInSandboxInit): Promise<SandboxResult> {
  const { program, runtime, environment, signal } = init
  const policy = parseSandboxPolicy(init.policy)
  const sandboxes = openSandboxes({ settings: init.settings, environment })
  try {
    const stdin = init.stdin === undefined ? {} : { stdin: new TextEncoder().encode(init.stdin) }
    return await sandboxes.run({ program, policy, ...stdin }, { runtime, signal })
  } finally {
    await sandboxes.close()
  }
}

import { CodedError } from '../../base/errors.ts'
import type { SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import type { SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'

/** A guest in WebAssembly has no network and no files of the machine: what grants them asks for another runtime. Throws `SANDBOX_POLICY_INVALID`. */
export function refuseGrants(runtime: SandboxRuntimeName, { network, paths }: SandboxPolicy): void {
  const refused = [
    ...(network.hosts.length > 0 ? ['network.hosts'] : []),
    ...(paths.read.length > 0 ? ['paths.read'] : []),
    ...(paths.write.length > 0 ? ['paths.write'] : []),
  ]
  if (refused.length > 0)
    throw new CodedError('SANDBOX_POLICY_INVALID', {
      message: `${runtime} can give no program ${refused.join(', ')}: leave that empty, or require t3`,
      details: { runtime, members: refused },
    })
}

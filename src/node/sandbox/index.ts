/**
 * Programs that nobody trusts, for Node: one way to run them, the weakest runtime that works here and is strong enough, and each runtime by itself. The contract is `SandboxRuntime` of
 * `kernell-os/ports`; `kernell sandbox prepare` makes what containers and machines start from.
 *
 * ```ts
 * import { openSandboxes, parseSandboxPolicy } from 'kernell-os/sandbox'
 *
 * const sandboxes = openSandboxes()
 * const policy = parseSandboxPolicy('{ "isolation": "t2", "limits": { "wallMs": 5000 } }')
 * const source = 'export const double = (number) => number * 2'
 * const { value, runtime } = await sandboxes.run({ program: { kind: 'script', source, call: 'double', args: [21] }, policy })
 * console.log(value, runtime) // 42 'quickjs'
 * await sandboxes.close()
 * ```
 */
export {
  openSandboxes,
  type Sandboxes,
  type SandboxesInit,
  type SandboxesRunOptions,
  type SandboxStatesOptions,
} from './open-sandboxes.ts'
export {
  prepareSandboxes,
  PREPARED_PARTS,
  type PartOutcome,
  type PreparedPart,
  type PrepareSandboxesInit,
} from './prepare-sandboxes.ts'
export { defaultSandbox, SANDBOX_IMAGE } from '../config/resolve-sandbox.ts'
export type { SandboxConfig } from '../config/node-config.ts'
export { createEgressBroker } from '../../guard/egress-broker.ts'
export { createComponentSandbox, type ComponentSandboxInit } from '../../sandbox/component/create-component-sandbox.ts'
export { createDockerSandbox, type DockerSandboxInit } from '../../sandbox/docker/create-docker-sandbox.ts'
export type { KernelSource } from '../../sandbox/prepare/guest-kernel.ts'
export { createMicrovmSandbox, type MicrovmSandboxInit } from '../../sandbox/microvm/create-microvm-sandbox.ts'
export type { GuestImage } from '../../sandbox/microvm/machine-settings.ts'
export { createQuickjsSandbox, type QuickjsSandboxInit } from '../../sandbox/quickjs/create-quickjs-sandbox.ts'
export {
  createSubprocessSandbox,
  type SubprocessSandboxInit,
} from '../../sandbox/subprocess/create-subprocess-sandbox.ts'
export { parseSandboxPolicy } from '../../wire/sandbox-policy-document.ts'
export { SANDBOX_LIMIT_DEFAULTS, type SandboxLimits, type SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
export type { RuntimeState, RuntimeStates } from '../../core/sandbox/choose-runtime.ts'
export type { IsolationTier, SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
export type {
  EgressGate,
  EgressRequest,
  SandboxEgress,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
  SandboxRuntime,
} from '../../ports/sandbox-runtime.ts'

import type { SandboxRuntimeName } from '../../core/sandbox/isolation.ts'
import type { SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxRequest, SandboxResult, SandboxRunOptions } from '../../ports/sandbox-runtime.ts'
import type { ShownRight } from '../../rights/call-desk.ts'
import { hashOfProgram, SANDBOX_RUN } from '../../rights/granted-sandbox.ts'
import type { SandboxConfig } from '../config/node-config.ts'
import type { NodeRights } from '../rights/open-rights.ts'
import { demandIn, refusedChain } from '../rights/run-order.ts'
import { runInSandbox } from './run-in-sandbox.ts'

/** A program that this node is asked to run: by the order of somebody else, or by its own for exactly what a policy says. */
export type AskedProgram = Omit<SandboxRequest, 'policy'> & {
  readonly runtime?: SandboxRuntimeName
} & ({ readonly policy: SandboxPolicy } | { readonly right: ShownRight })

export type RunProgram = (asked: AskedProgram, options?: SandboxRunOptions) => Promise<SandboxResult>

export type RunProgramParts = {
  readonly rights: Pick<NodeRights, 'stop' | 'openGrants' | 'openCallDesk'>
  readonly settings: SandboxConfig
}

/** Runs programs by capability alone: each is judged and in the audit journal before it begins, and ends when everything is stopped. */
export function programRunner({ rights, settings }: RunProgramParts): RunProgram {
  return async ({ runtime, ...asked }, options = {}) =>
    await rights.stop.run(options.signal, async (signal) => {
      const desk = await rights.openCallDesk()
      const right = 'right' in asked ? asked.right : await ownOrder(rights, asked)
      const { program, stdin, files, filesOut } = asked
      const request = {
        program,
        ...(stdin !== undefined && { stdin }),
        ...(files !== undefined && { files }),
        ...(filesOut !== undefined && { filesOut }),
      }
      const result = await runInSandbox({ desk, settings, runtime }, { ...request, right }, { ...options, signal })
      signal.throwIfAborted()
      return result
    })
}

async function ownOrder(
  rights: Pick<NodeRights, 'openGrants'>,
  asked: Omit<SandboxRequest, 'policy'> & { readonly policy: SandboxPolicy },
): Promise<ShownRight> {
  const grants = await rights.openGrants()
  const order = grants.orderOwn({ action: SANDBOX_RUN, demand: demandIn(asked.policy, hashOfProgram(asked)) })
  if ('kind' in order) throw refusedChain(order.code)
  return order
}

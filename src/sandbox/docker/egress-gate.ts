import { chmod, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import type { EgressGate, SandboxEgress } from '../../ports/sandbox-runtime.ts'

const OTHERS = 0o077
const FOR_ALL = 0o666

/**
 * Opens the broker's gate for a container, whose program is another user. Its socket is let to all, which on this machine changes nothing while nobody else may walk to it.
 *
 * Throws `SANDBOX_POLICY_INVALID` for a host that is none, and `SANDBOX_BROKEN` where others may walk to the socket.
 */
export async function openGateFor(
  egress: SandboxEgress,
  init: { readonly hosts: readonly string[]; readonly bytesMax: number },
): Promise<EgressGate> {
  const gate = await egress.open(init)
  try {
    const { mode } = await stat(dirname(gate.socketPath))
    if ((mode & OTHERS) !== 0)
      throw new CodedError('SANDBOX_BROKEN', { message: 'the socket of the broker lies where others may walk to it' })
    await chmod(gate.socketPath, FOR_ALL)
    return gate
  } catch (error) {
    await gate.close()
    throw error
  }
}

import type { TenantId } from '../../base/identifiers.ts'
import type { Claim } from '../../ports/claims.ts'
import type { GatewayContext } from '../exchange.ts'
import { lookAgain } from '../tasks/look-again.ts'
import { pause } from '../tasks/pause.ts'

export type ResponseName = { readonly tenant: TenantId; readonly id: string }

/** How often a gateway looks whether a response that it works on is still wanted, milliseconds. */
const WANTED_LOOK_MS = 1_000
/** How often one that wants a response ended looks whether it has. */
const ENDED_LOOK_MS = 200

/** That a gateway of a fleet works on a response in the background, for the others to know. Outside of a fleet nobody has to. Throws `STORE_*`. */
export async function claimResponse({ node }: GatewayContext, name: ResponseName): Promise<Claim | undefined> {
  return await node.claims?.take(claimOf(name))
}

/** Whether another gateway works on it. Throws `STORE_*`. */
export async function isWorkedOnElsewhere({ node }: GatewayContext, name: ResponseName): Promise<boolean> {
  return (await node.claims?.isTaken(claimOf(name))) ?? false
}

/** Ends what this gateway works on when others want it no more. Returns what ends the looking. */
export function heedOthers({ node, responses }: GatewayContext, name: ResponseName): () => Promise<void> {
  const { claims } = node
  if (claims === undefined) return async () => await Promise.resolve()
  return lookAgain(async () => {
    if (await claims.isTaken(wishOf(name))) await responses.cancel(name.tenant, name.id)
  }, WANTED_LOOK_MS)
}

/** Has another gateway end a response, and waits until it has. Resolves to whether one worked on it. Throws `STORE_*` and the signal's reason. */
export async function cancelElsewhere(
  { node }: GatewayContext,
  name: ResponseName,
  signal: AbortSignal,
): Promise<boolean> {
  const { claims } = node
  if (claims === undefined || !(await claims.isTaken(claimOf(name)))) return false
  // Nothing of the response is written by others: its end may be there already.
  const wish = await claims.take(wishOf(name))
  try {
    while (await claims.isTaken(claimOf(name))) {
      await pause(ENDED_LOOK_MS, signal)
      signal.throwIfAborted()
    }
    return true
  } finally {
    await wish?.release()
  }
}

function claimOf({ tenant, id }: ResponseName): string {
  return `response/${tenant}/${id}`
}

/** That somebody wants it ended. */
function wishOf(name: ResponseName): string {
  return `unwanted/${claimOf(name)}`
}

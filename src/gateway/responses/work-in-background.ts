import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { Claim } from '../../ports/claims.ts'
import type { GatewayContext } from '../exchange.ts'
import { lookAgain } from '../tasks/look-again.ts'
import { pause } from '../tasks/pause.ts'
import { findResponse, keepResponse } from './kept-responses.ts'

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
export function heedOthers(context: GatewayContext, { tenant, id }: ResponseName): () => void {
  if (context.node.claims === undefined) return () => undefined
  return lookAgain(async () => {
    const kept = await findResponse(context.node.documents, { tenant, id }).catch((error: unknown) => {
      if (CodedError.is(error, 'DOCUMENT_UNKNOWN')) return undefined
      throw error
    })
    if (kept === undefined || kept.isUnwanted === true) await context.responses.cancel(tenant, id)
  }, WANTED_LOOK_MS)
}

/** Has another gateway end a response, and waits until it has. Resolves to whether one worked on it. Throws `DOCUMENT_UNKNOWN`, `STORE_*` and the signal's reason. */
export async function cancelElsewhere(
  context: GatewayContext,
  { tenant, id }: ResponseName,
  signal: AbortSignal,
): Promise<boolean> {
  const { documents } = context.node
  for (let wasThere = false; ; wasThere = true) {
    if (!(await isWorkedOnElsewhere(context, { tenant, id }))) return wasThere
    const kept = await findResponse(documents, { tenant, id })
    // Whoever works on it may write over the wish, and then hears it the next time.
    if (kept.isUnwanted !== true) await keepResponse(documents, tenant, { ...kept, isUnwanted: true })
    await pause(ENDED_LOOK_MS, signal)
    signal.throwIfAborted()
  }
}

function claimOf({ tenant, id }: ResponseName): string {
  return `response/${tenant}/${id}`
}

import { type UpstreamServer, startUpstreamServer } from '../../fixtures/upstream-server.ts'
import { type RealGateway, startRealGateway, tiersAt } from '../real-node.ts'
import { ADMIN_TOKEN } from './admin-client.ts'

export type ManagedGateway = RealGateway & { readonly upstream: UpstreamServer }

/** A node with a cheap model, which anybody with the admin token of the tests manages. */
export async function startManaged(document: object = {}): Promise<ManagedGateway> {
  const upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'Nothing is new.' } })
  const gateway = await startRealGateway(
    { ...tiersAt({ cheap: upstream.baseUrl }), ...document },
    { adminToken: ADMIN_TOKEN },
  )
  return {
    ...gateway,
    upstream,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

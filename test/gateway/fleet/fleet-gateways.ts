import type { AgentSkill } from '../../../src/node/a2a/agent-skill.ts'
import { startUpstreamServer, type UpstreamServer } from '../../fixtures/upstream-server.ts'
import { CuttingProxy } from '../../storage/postgres/cutting-proxy.ts'
import { PostgresCluster } from '../../storage/postgres/postgres-cluster.ts'
import { ADMIN_TOKEN } from '../admin/admin-client.ts'
import { type RealGateway, startRealGateway, tiersAt } from '../real-node.ts'

/** What of `storage` a test sets otherwise. */
export type FleetStorage = {
  readonly staleMs?: number
  readonly leaseMs?: number
  readonly statementTimeoutMs?: number
}

export type FleetGateway = RealGateway & {
  /** Between this gateway and the server, for it alone. */
  readonly proxy: CuttingProxy
}

/** A PostgreSQL, a model, and as many gateways as a test starts, each with its own way to the server. */
export class FleetOfGateways {
  readonly cluster: PostgresCluster
  readonly upstream: UpstreamServer
  #schemas = 0
  readonly #open: (() => Promise<void>)[] = []

  private constructor(cluster: PostgresCluster, upstream: UpstreamServer) {
    this.cluster = cluster
    this.upstream = upstream
  }

  static async start(): Promise<FleetOfGateways> {
    const upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'Nothing is new.' } })
    return new FleetOfGateways(await PostgresCluster.start(), upstream)
  }

  get schema(): string {
    return `fleet${this.#schemas}`
  }

  /** A schema that nobody has used. */
  begin(): void {
    this.#schemas += 1
  }

  async gateway(
    storage: FleetStorage = {},
    document: object = {},
    agentSkills: readonly AgentSkill[] = [],
  ): Promise<FleetGateway> {
    const proxy = await CuttingProxy.start(this.cluster.port)
    const gateway = await startRealGateway(
      {
        ...tiersAt({ cheap: this.upstream.baseUrl }),
        storage: { kind: 'postgresql', urlEnv: 'FLEET_URL', schema: this.schema, poolMax: 4, ...storage },
        ...document,
      },
      {
        adminToken: ADMIN_TOKEN,
        agentSkills,
        environment: { FLEET_URL: `postgresql://postgres@127.0.0.1:${proxy.port}/postgres` },
      },
    )
    this.#open.push(async () => {
      await gateway[Symbol.asyncDispose]()
      await proxy.close()
    })
    return { ...gateway, proxy }
  }

  /** Ends all gateways. */
  async end(): Promise<void> {
    for (const close of this.#open.splice(0).toReversed()) await close()
  }

  async remove(): Promise<void> {
    await this.end()
    await this.upstream[Symbol.asyncDispose]()
    await this.cluster.remove()
  }
}

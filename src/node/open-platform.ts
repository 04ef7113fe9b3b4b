import type { ActorSystem } from '../actors/system/actor-system.ts'
import type { Timestamp } from '../base/time.ts'
import type { ResolveHost } from '../guard/pin-host.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Random } from '../ports/random.ts'
import type { Timers } from '../ports/timers.ts'
import type { ToolServers } from '../ports/tool-servers.ts'
import { createToolServers } from '../mcp/create-tool-servers.ts'
import { openDataDirectory, type DataDirectory } from '../storage/data-directory.ts'
import { createNodeFileSystem } from '../storage/node-file-system.ts'
import { loadWasmKernel } from '../wasm/node-load.ts'
import type { WasmKernel } from '../wasm/wasm-kernel.ts'
import type { Environment } from './config/environment-document.ts'
import type { NodeConfig } from './config/node-config.ts'
import { ledgerOf, openShared } from './fleet/open-shared.ts'
import type { SharedStore } from './fleet/open-shared-store.ts'
import { ConvictedMembers, PROOFS_STORE } from './market/gossip/convicted-members.ts'
import { createMarketOnDemand, type MarketOnDemand } from './market/market-on-demand.ts'
import { openDirectoryRights } from './rights/directory-rights.ts'
import type { NodeRights } from './rights/open-rights.ts'
import { createNodeMemory, type NodeMemory } from './node-memory.ts'
import { createNodePlans, type NodePlans } from './node-plans.ts'
import { openActors, type NodeActors } from './open-actors.ts'
import { LatePeerMarket } from './peers/late-peer-market.ts'
import { joinPeers } from './peers/open-peers.ts'
import { readPackageVersion } from './package-version.ts'
import { createSystemClock } from './system-clock.ts'
import { createSystemRandom } from './system-random.ts'
import { createSystemTimers } from './system-timers.ts'
import { openWaysOut, type WaysOut } from './ways-out.ts'

/** What `createNode` is given: a configuration that was read, and the environment that holds the keys it names. */
export type CreateNodeInit = {
  readonly config: NodeConfig
  /** Where provider keys are looked up, by the names in the configuration. */
  readonly environment: Environment
  readonly signal?: AbortSignal
  /** Told of failures behind a request's back (a batch that could not be stored). Default: the process's warnings. */
  readonly onBackgroundError?: (error: unknown) => void
  /** How long `close` lets tasks that are under way come to their end before it ends them, milliseconds. Default 2,000. */
  readonly drainMs?: number
  /** Who is asked for the addresses of names. Default: of names in the configuration this machine's own resolver, of all others the domain name system. */
  readonly resolveHost?: ResolveHost
}

export type Lifetime = { readonly closers: (() => Promise<void>)[]; readonly close: () => Promise<void> }

export type Opening = CreateNodeInit & Pick<Lifetime, 'closers'> & { readonly onError: (error: unknown) => void }

export type Platform = Pick<NodeActors, 'plans' | 'closePlans'> &
  WaysOut & {
    readonly clock: Clock
    readonly random: Random
    readonly timers: Timers
    readonly startedAt: Timestamp
    readonly kernel: WasmKernel
    readonly directory: DataDirectory
    readonly actors: ActorSystem
    readonly memory: NodeMemory
    readonly agentPlans: NodePlans
    readonly rights: NodeRights
    readonly market: MarketOnDemand
    /** Absent where everything is in the data directory. */
    readonly shared: SharedStore | undefined
    readonly toolServers: ToolServers
    /** Members of notary sets that are proven to have lied. */
    readonly convicted: ConvictedMembers
    /** Where the router buys answers; empty until the node takes part in the market. */
    readonly peerMarket: LatePeerMarket
  }

/** What everything else stands on: time, chance, arithmetic, the data directory, actors, memory, and the way to the network. */
export async function openPlatform({
  config,
  environment,
  signal,
  closers,
  onError,
  drainMs,
  resolveHost,
}: Opening): Promise<Platform> {
  const [clock, random, timers] = [createSystemClock(), createSystemRandom(), createSystemTimers()]
  const startedAt = clock.now()
  const fileSystem = createNodeFileSystem()
  const directory = await openDataDirectory({ fileSystem, random }, { path: config.dataDir })
  closers.push(() => directory.close())
  const opened = { config, environment, clock, timers, random, onError, closers }
  const shared = await openShared({ ...opened, secret: directory.secret })
  const rights = await openDirectoryRights({ directory, fileSystem, clock, random, quotas: config.quotas ?? [] })
  signal?.throwIfAborted()
  const kernel = await loadWasmKernel()
  const openMemoryLog = async (): Promise<EventLog> => await directory.openEventLog('memory')
  const memory = createNodeMemory({ clock, random, timers, kernel, onError, openLog: openMemoryLog })
  // After the actors, which may remember something to their end.
  closers.push(() => memory.close())
  const openLog = async (): Promise<EventLog> => await directory.openEventLog('actors')
  const { system: actors, plans, closePlans, close } = openActors({ clock, random, onError, openLog, drainMs })
  const agentPlans = createNodePlans({ actors, openLog: async () => await directory.openEventLog('plans') })
  // After the actors as well: what those have done to their end is recorded.
  closers.push(() => agentPlans.close())
  closers.push(close)
  await actors.ready
  const waysOut = openWaysOut({ config, clock, resolveHost, closers })
  const { outbound } = waysOut
  const toolServers = openToolServers({ config, environment, closers }, outbound)
  const convicted = new ConvictedMembers(onError)
  await convicted.load(directory.store.sublevel(PROOFS_STORE))
  const peerMarket = new LatePeerMarket()
  const market = openMarket(config, {
    shared,
    directory,
    clock,
    random,
    timers,
    onError,
    convicted,
    outbound,
    peerMarket,
  })
  // Before the actors, which may do its work.
  closers.push(() => market.close())
  return {
    clock,
    random,
    timers,
    startedAt,
    kernel,
    directory,
    actors,
    memory,
    agentPlans,
    rights,
    market,
    shared,
    toolServers,
    convicted,
    peerMarket,
    plans,
    closePlans,
    ...waysOut,
  }
}

function openToolServers(
  { config, environment, closers }: Pick<Opening, 'config' | 'environment' | 'closers'>,
  outbound: Platform['outbound'],
): ToolServers {
  const components = { outbound, environment, version: readPackageVersion() }
  const toolServers = createToolServers(components, config.toolServers ?? [])
  closers.push(() => toolServers.close())
  return toolServers
}

type MarketParts = Pick<
  Platform,
  'directory' | 'clock' | 'random' | 'timers' | 'convicted' | 'outbound' | 'peerMarket' | 'shared'
> &
  Pick<Opening, 'onError'>

/** The market as the configuration has it; where answers are bought, the router's place for that is filled when there is a buyer. */
function openMarket({ market, network, peers }: NodeConfig, parts: MarketParts): MarketOnDemand {
  const { outbound, peerMarket, shared, ...components } = parts
  const { webhook: url, artifactBytesMax, quotas: workQuotas } = market
  const { onError } = components
  return createMarketOnDemand({
    ...components,
    ...(shared !== undefined && { ledger: ledgerOf(shared) }),
    network,
    gossip: market,
    artifactBytesMax,
    workQuotas,
    ...(url !== undefined && { webhook: { url, outbound } }),
    ...(peers !== undefined && {
      onBuyer: (buyer) => joinPeers({ ...buyer, peers, market: peerMarket, onError }),
    }),
  })
}

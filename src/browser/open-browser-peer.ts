import { RemoteNotary } from '../market/notary/notary-client-remote.ts'
import { verifyStatementWith } from '../market/parties/contracts/contract-replay.ts'
import type { PartyLimits } from '../market/parties/journal/party-knowledge.ts'
import type { MarketWorker } from '../market/parties/role/market-worker.ts'
import { startParty } from '../market/parties/role/start-party.ts'
import { KeptConnections } from '../network/kept-connections.ts'
import { createPageTransport } from '../network/libp2p/create-page-transport.ts'
import { IndexedDatabase } from '../storage/indexed/indexed-database.ts'
import { openStoreEventLog } from '../storage/store-event-log.ts'
import { parsePeerAddress } from '../wire/v1/peer-address.ts'
import { BrowserPeer } from './browser-peer.ts'
import { openPageDoor } from './page-door.ts'
import { createPageVerify, identityOf, openPageSigners, type PageSigners } from './page-keys.ts'
import { NOTARY_TIMEOUT_MS, PAGE_LIMITS, PAGE_QUESTIONS } from './page-limits.ts'
import { lockStore } from './page-lock.ts'
import {
  createPageClock,
  createPageRandom,
  createPageTimers,
  type PagePlatform,
  pagePlatform,
} from './page-platform.ts'
import { addressesOf, choosePageSet } from './page-set.ts'
import { findPageWorker } from './page-trade.ts'

/** What `openBrowserPeer` takes: the notary set and the nodes that the page trades with, and what it sells. Without `workers` it only buys. */
export type BrowserPeerInit = {
  /** Text of the notary set's document, as `kernell notary-set create` wrote it. */
  readonly notarySet: string
  /**
   * Nodes to stay connected with, `ADDRESS/p2p/ID`, with a WebSocket at the address: `wss`, or plain `ws` on this machine. They are asked for offers, and they alone can ask
   * this page for what it sells. A member of the notary set may be among them, where the set names an address that a page cannot call.
   */
  readonly peers: readonly string[]
  /** Name of the network; default `kernell`. */
  readonly network?: string
  /** Name of the store in the browser, for several peers of one site; default `kernell`. */
  readonly store?: string
  /** Does the work of skills that this page sells, by the skill. The same task may be given again after the tab was closed. */
  readonly workers?: Readonly<Record<string, MarketWorker>>
  /** Keys of the page's own; absent: keys that the browser makes and keeps, and that nobody can read out. */
  readonly signers?: PageSigners
  /** Where it keeps less or more than `PAGE_LIMITS` says. */
  readonly limits?: Partial<PartyLimits>
  /** Told of failures that nobody waits for. */
  readonly onFailure?: (cause: unknown) => void
}

type Closer = () => void | Promise<void>
type Opening = { readonly init: BrowserPeerInit; readonly platform: PagePlatform; readonly closers: Closer[] }

/**
 * Opens the peer of this page: a party of the market with keys and a journal in the browser. What had not ended when the tab was closed goes on.
 *
 * Rejects with `STORE_LOCKED` where another tab has the store, `KEY_PLATFORM_LACKS`, `NOTARY_SET_OTHER`, `COMMAND_INVALID` for what is no document of a set,
 * `NETWORK_ADDRESS_INVALID`, and what the store says; nothing stays open then.
 */
export async function openBrowserPeer(init: BrowserPeerInit): Promise<BrowserPeer> {
  const closers: Closer[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    return await open({ init, platform: pagePlatform(), closers }, close)
  } catch (error: unknown) {
    await close()
    throw error
  }
}

async function open({ init, platform, closers }: Opening, close: () => Promise<void>): Promise<BrowserPeer> {
  const { store: name = 'kernell', network = 'kernell', onFailure = ignore } = init
  closers.push(await lockStore(platform.locks, name))
  const database = await IndexedDatabase.open(platform, `kernell/${name}`)
  const { store } = database
  closers.push(() => store.close())
  const isPersistent = await askPersistence(platform, onFailure)
  const signers = init.signers ?? (await openPageSigners(platform.subtle, database))
  const verify = createPageVerify()
  const lineage = await choosePageSet(store.sublevel('market'), { document: init.notarySet, verify })
  const named = init.peers.map(parsePeerAddress)
  const environment = { clock: createPageClock(), timers: createPageTimers(), random: createPageRandom() }
  const { timers, random } = environment
  const transport = createPageTransport(
    { ...environment, identity: identityOf(signers.node), addresses: store.sublevel('addresses'), onFailure },
    { questionsPerPeer: PAGE_QUESTIONS },
  )
  for (const { did, address } of named) transport.addPeer(did, address)
  const notary = new RemoteNotary(
    { transport, verify: verifyStatementWith(verify) },
    { ...lineage, addresses: addressesOf(lineage, named), timeoutMs: NOTARY_TIMEOUT_MS },
  )
  closers.push(() => transport.stop())
  await transport.start()
  const door = openPageDoor(transport)
  closers.push(() => door.stop())
  const role = await startParty(
    {
      ...environment,
      door,
      notary,
      verify,
      signer: signers.escrow,
      files: store.sublevel('market-files'),
      openEventLog: async (journal) => await openStoreEventLog(store.sublevel(`journal-${journal}`)),
    },
    {
      network,
      onFailure,
      former: [],
      recovery: undefined,
      limits: { ...PAGE_LIMITS, ...init.limits },
      findWorker: async (agent) => await Promise.resolve(findPageWorker(init.workers ?? {}, agent)),
    },
  )
  closers.push(() => role.stop())
  const kept = new KeptConnections({ transport, timers, random, onFailure })
  closers.push(() => kept.stop())
  closers.push(platform.onOnline(() => kept.callNow()))
  for (const { did } of named) kept.keep(did)
  return new BrowserPeer({ role, notary, transport, kept, workers: init.workers ?? {}, isPersistent, close })
}

/** Asks for it where it was not promised yet, and waits for nobody. @returns What is known of it. */
async function askPersistence(platform: PagePlatform, onFailure: (cause: unknown) => void): Promise<() => boolean> {
  let isPersistent = await platform.isPersisted()
  if (!isPersistent) platform.persist().then((isPromised) => (isPersistent = isPromised), onFailure)
  return () => isPersistent
}

function ignore(): void {}

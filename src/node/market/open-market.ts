import { CodedError } from '../../base/errors.ts'
import { type Did, parseDid } from '../../core/evidence/names.ts'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { RemoteNotary } from '../../market/notary/notary-client-remote.ts'
import { serveNotary } from '../../market/notary/serve-notary.ts'
import { verifyStatementWith } from '../../market/parties/contracts/contract-replay.ts'
import { MarketDoor } from '../../market/parties/market-door.ts'
import { PeerBans } from '../../network/peer-bans.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { Transport } from '../../ports/transport.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { refuseOlderFormat } from '../keys/manage-keys.ts'
import { openKeys } from '../keys/open-keys.ts'
import { identityOfSigner } from '../network/transport-identity.ts'
import { chooseSet } from './choose-set.ts'
import { highWaterFolderOf } from './high-water-place.ts'
import { keepSet } from './market-files.ts'
import type { MarketInit, NodeMarket } from './market-init.ts'
import type { MarketComponents, OpenedSet } from './market-components.ts'
import { type MarketKeys, openMarketKeys } from './market-keys.ts'
import { NodeMarketDesks } from './node-market.ts'
import { type NotaryRole, startNotary } from './notary-role.ts'
import { type PartyRole, type PartyRoleInit, startParty } from './party-role.ts'
import { readRestoredMark } from './restored-mark.ts'
import { parsePeerAddress } from '../../wire/v1/peer-address.ts'
import { isSocket, listenOf } from './listen-addresses.ts'
import { type OpenedWays, openWays } from './open-ways.ts'
import { CallRole } from './gossip/call-role.ts'
import { CardRole } from './gossip/card-role.ts'
import { NotaryWatchRole } from './gossip/notary-watch-role.ts'
import { MARKET_TOPICS, NOTARY_TOPICS } from '../../wire/v1/gossip-topics.ts'

export const NETWORK_DEFAULT = 'kernell'
/** Longest wait for one member of a notary set; a follower's wait is within it. */
const NOTARY_TIMEOUT_MS = 35_000

/**
 * Opens a node's part in the market: keys, transports, its notary, its wallet, buyer and seller. What was opened is closed again when a later part fails.
 *
 * Throws `STORE_FORMAT_OLDER`, `MARKET_ROLE_MISSING`, `NOTARY_SET_OTHER`, `NOTARY_ADDRESS_UNREACHABLE`, `NOTARY_DIRECTORY_COPIED`, `KEY_PASSPHRASE_WRONG`, `KEY_MISSING`, `NETWORK_ADDRESS_INVALID`, `NETWORK_KEY_INVALID`, `NETWORK_LISTEN_FAILED`,
 * `NOTARY_MAY_NOT_SIGN`, and the errors of keys and journals.
 */
export async function openMarket(components: MarketComponents, init: MarketInit): Promise<NodeMarket> {
  const closers: (() => Promise<void> | void)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    return await compose({ components, init, closers, stop })
  } catch (error: unknown) {
    await stop().catch(() => undefined)
    throw error
  }
}

type Opening = {
  readonly components: MarketComponents
  readonly init: MarketInit
  readonly closers: (() => Promise<void> | void)[]
  readonly stop: () => Promise<void>
}

async function compose(opening: Opening): Promise<NodeMarket> {
  const { components, init, closers, stop } = opening
  const { directory } = components
  refuseOlderFormat(directory.path, directory.format)
  const lineage = await chooseSet(directory, { ...init, isShared: components.ledger !== undefined })
  const isNotary = init.isNotary === true
  // Read before the notary takes the mark away that has caught up with the others.
  const restored = await readRestoredMark(createNodeFileSystem(), directory.path)
  const keys = await openMarketKeys(openKeys(directory.path), { passphrase: init.passphrase, isNotary })
  const bans = await openBans(components, keys)
  const watch = new NotaryWatchRole(components)
  const notaryRole = await openNotary(opening, { keys, lineage, bans, watch })
  const peers = [...(init.bootstrap ?? []), ...components.network.bootstrap].map(parsePeerAddress)
  const known = [...peers.map(({ address }) => address), ...memberAddresses(lineage)]
  const ways = await openTransport(opening, { keys, taken: notaryRole?.addresses ?? [], known, bans })
  const { transport } = ways
  // Before the notary that it tells of.
  closers.push(async () => await watch.stop())
  const door = new MarketDoor(transport, (peer, fault) => ways.libp2p?.report(peer, fault))
  closers.push(() => door.stop())
  for (const { did, address } of peers) transport.addPeer(did, address)
  const calls = openCalls(opening, ways)
  const cards = await openCards(opening, { keys, ways, named: peers.map(({ did }) => did) })
  const open = async (chosen: SetLineage): Promise<OpenedSet> => {
    await keepSet(createNodeFileSystem(), directory.path, chosen)
    const networks = [ways.libp2p?.gossip, notaryRole?.ways.libp2p?.gossip]
    await watch.start(chosen, { networks, transport: notaryRole?.ways.transport ?? transport })
    if (notaryRole !== undefined) watch.announce(notaryRole.role.service)
    const notary = notaryRole?.role.service ?? connect(transport, chosen, watch)
    const party = keys.escrow && (await openParty(opening, { keys, notary, door, restored }))
    if (party !== undefined) {
      cards?.sell(party)
      calls?.serve(party)
    }
    return { notary, party, books: notaryRole?.role.service }
  }
  const desks = new NodeMarketDesks({
    components,
    init,
    keys,
    transport,
    addresses: [...transport.addresses, ...(notaryRole?.addresses ?? [])],
    bootstrap: peers,
    cards,
    bans,
    ways: notaryRole === undefined ? [ways] : [ways, notaryRole.ways],
    open,
    stop,
  })
  closers.push(() => desks.close())
  if (lineage !== undefined) await desks.useSet(lineage)
  return desks
}

/** Those whom the operator names, `COMMAND_INVALID` for a text that is no DID; of a notary that is alone its own escrow key as well. Members of a set of several have to name the same. */
function listedIssuers(
  texts: readonly string[],
  { keys, lineage }: { readonly keys: MarketKeys; readonly lineage: SetLineage },
): readonly Did[] {
  const named = texts.map((text) => {
    const issuer = parseDid(text)
    if (issuer === undefined)
      throw new CodedError('COMMAND_INVALID', {
        message: `${text} is no did:key of an issuer`,
        details: { issuer: text },
      })
    return issuer
  })
  const own = lineage.set.members.length === 1 ? keys.escrow?.description.did : undefined
  return [...new Set(own === undefined ? named : [...named, own])]
}

/** Whom this node keeps away, in all of its roles. */
async function openBans({ clock, directory }: MarketComponents, { node, notary }: MarketKeys): Promise<PeerBans> {
  const own = [node, notary].flatMap((key) => (key === undefined ? [] : [key.description.did]))
  const bans = new PeerBans({ clock, store: directory.store.sublevel('banned-peers') }, own)
  await bans.load()
  return bans
}

type OpenedNotary = {
  readonly role: NotaryRole
  readonly ways: OpenedWays
  readonly addresses: readonly string[]
}

type NotaryParts = Pick<OwnTransport, 'keys' | 'bans'> & {
  readonly lineage: SetLineage | undefined
  readonly watch: NotaryWatchRole
}

/** It listens before anything is kept: an address that cannot be had leaves nothing behind. */
async function openNotary(
  { components, init, closers }: Opening,
  { keys, lineage, bans, watch }: NotaryParts,
): Promise<OpenedNotary | undefined> {
  const { notary: key } = keys
  if (key === undefined || lineage === undefined) return undefined
  const { directory, onError } = components
  const { did } = key.description
  const address = lineage.set.members.find((member) => member.key === did)?.address
  const ways = await openWays(components, {
    role: 'notary',
    identity: identityOfSigner(key.signer),
    listen: address === undefined ? [] : [address],
    known: memberAddresses(lineage),
    bans,
    ...(components.gossip.isGossiping && { topics: NOTARY_TOPICS }),
  })
  const { transport } = ways
  closers.push(async () => await transport.stop())
  await transport.start()
  const role = await startNotary({
    ...components,
    directory,
    key,
    lineage,
    transport,
    highWater: init.highWater ?? highWaterFolderOf(did),
    network: init.network ?? NETWORK_DEFAULT,
    isTrial: init.isTrial === true,
    issuers: listedIssuers(init.issuers ?? [], { keys, lineage }),
    onFailure: onError,
    onDoubleVote: (proof) => watch.report(proof),
  })
  closers.push(async () => await role.stop())
  serveNotary(transport, role.service)
  return { role, ways, addresses: transport.addresses }
}

type OwnTransport = {
  readonly keys: MarketKeys
  /** Addresses at which the notary of this node listens. */
  readonly taken: readonly string[]
  readonly known: readonly string[]
  readonly bans: PeerBans
}

function memberAddresses(lineage: SetLineage | undefined): readonly string[] {
  return lineage?.set.members.map(({ address }) => address) ?? []
}

async function openTransport(
  { components, init, closers }: Opening,
  { keys, taken, known, bans }: OwnTransport,
): Promise<OpenedWays> {
  const { network } = components
  const listen = listenOf({ components, init }).filter((address) => !taken.includes(address))
  const ways = await openWays(components, {
    role: 'node',
    identity: identityOfSigner(keys.node.signer),
    listen,
    announce: init.announce ?? network.announce,
    known,
    bans,
    ...(components.gossip.isGossiping && { topics: MARKET_TOPICS }),
  })
  closers.push(async () => await ways.transport.stop())
  await ways.transport.start()
  return ways
}

type CardParts = { readonly keys: MarketKeys; readonly ways: OpenedWays; readonly named: readonly Did[] }

/** What other nodes say of themselves is heard over libp2p alone: who else would say it on this machine is connected anyway. */
async function openCards(
  { components, init, closers }: Opening,
  { keys, ways: { libp2p, transport }, named }: CardParts,
): Promise<CardRole | undefined> {
  const gossip = libp2p?.gossip
  if (libp2p === undefined || gossip === undefined) return undefined
  const network = init.network ?? NETWORK_DEFAULT
  const addresses = (): readonly string[] => transport.addresses
  const cards = new CardRole({ components, gossip, neighbours: libp2p, network, key: keys.node, named, addresses })
  closers.push(async () => await cards.stop())
  await cards.start()
  return cards
}

/** Calls for proposals go over libp2p alone, as cards do. */
function openCalls(
  { components, init, closers }: Opening,
  { libp2p, local, transport }: OpenedWays,
): CallRole | undefined {
  const gossip = libp2p?.gossip
  if (libp2p === undefined || gossip === undefined) return undefined
  const network = init.network ?? NETWORK_DEFAULT
  const calls = new CallRole({
    components,
    gossip,
    neighbours: libp2p,
    local,
    network,
    addresses: () => transport.addresses,
    // Whoever hears a call has to be able to answer.
    isReached: listenOf({ components, init }).some((address) => !isSocket(address)),
  })
  closers.push(() => calls.stop())
  calls.start()
  return calls
}

function connect(transport: Transport, { set, before }: SetLineage, watch: NotaryWatchRole): NotaryClient {
  const verify = verifyStatementWith(verifySignatureWith(createNodeVerifier()))
  return new RemoteNotary(
    { transport, verify, onCertificate: (certificate) => watch.see(certificate) },
    { set, before, timeoutMs: NOTARY_TIMEOUT_MS },
  )
}

async function openParty(
  { components, init, closers }: Opening,
  { keys, ...shared }: Pick<PartyRoleInit, 'notary' | 'door' | 'restored'> & { readonly keys: MarketKeys },
): Promise<PartyRole | undefined> {
  if (keys.escrow === undefined) return undefined
  const { onError } = components
  const role = await startParty({
    ...components,
    key: keys.escrow,
    ...(keys.notary !== undefined && { notaryKey: keys.notary }),
    ...shared,
    network: init.network ?? NETWORK_DEFAULT,
    onFailure: onError,
    ...(init.findWorker !== undefined && { findWorker: init.findWorker }),
  })
  closers.push(async () => await role.stop())
  return role
}

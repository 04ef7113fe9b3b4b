import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { createGateway } from '../../gateway/create-gateway.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import { PAID_AGENT } from '../../node/a2a/payment/paid-agent.ts'
import { createHidingWorker } from '../../node/market/hiding-worker.ts'
import type { MarketInit, MarketWorker, NodeMarket } from '../../node/market/market-init.ts'
import { peerIdOf } from '../../wire/v1/peer-id.ts'
import { readNotarySet } from '../../node/market/read-notary-set.ts'
import { announceRunningNode, announcementFile, withdrawRunningNode } from '../../node/running-node.ts'
import type { Command, CommandContext } from '../command.ts'
import { SERVING_FLAGS } from '../config-flags.ts'
import { packagedSkills } from '../packaged-skills.ts'
import type { Logger } from '../../ports/logger.ts'
import { useServedNode } from '../use-served-node.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, listFlag, textFlag } from '../flags.ts'
import { PASSPHRASE_FLAG, readKeyPassphrase } from '../key-flags.ts'
import { findAgentWorker } from '../agent-worker.ts'

/** Serves as a node of the market, until the first Ctrl-C. */
export const nodeCommand: Command = {
  name: 'node',
  summary: 'take part in the market: hold keys, buy, sell, or keep the ledger as a notary',
  synopsis:
    '[--listen M]... [--announce M]... [--bootstrap M]... [--notary [--trial] [--issuer DID]...] [--notary-set SET.json]',
  flags: {
    listen: {
      value: 'M',
      isList: true,
      describe:
        'address to listen on: /unix/PATH for this machine, /ip4/ADDRESS/tcp/PORT or /ip4/ADDRESS/tcp/PORT/ws for others (default: those of `network.listen`, else market.sock in the data directory, which is not opened when others are named)',
    },
    announce: {
      value: 'M',
      isList: true,
      describe: 'an address that others are told instead: what a router or a proxy in front of this node shows',
    },
    bootstrap: {
      value: 'M',
      isList: true,
      describe:
        'a node to know from the start: ADDRESS/p2p/ID, as `addresses` of its ready line shows it; ID is its `did` or its `peerId`, and whoever answers there has to prove that key',
    },
    'notary-set': { value: 'SET.json', describe: 'who keeps ledger and contracts; remembered in the data directory' },
    notary: { describe: 'be a member of that set, with the key of role notary' },
    trial: { describe: 'as a notary: take contracts of the parameter set `trial` too, whose spans protect nobody' },
    issuer: {
      value: 'DID',
      isList: true,
      describe:
        'as a notary: list whose credits have room of their own in the books, at every start; a notary alone lists the escrow key of its data directory too',
    },
    'high-water': {
      value: 'DIR',
      describe:
        'where the notary keeps what it signed last, outside of the data directory (default: by its key in ~/.local/state/kernell)',
    },
    network: { value: 'NAME', describe: 'name of the network that messages are of (default kernell)' },
    ...PASSPHRASE_FLAG,
    ...SERVING_FLAGS,
  },
  details: [
    'The keys of the data directory are opened once, with the passphrase: node for connections (made where there is none), escrow for contracts and credits, notary with --notary. Commands such as `kernell market buy` ask this node; its gateway answers as `kernell serve` does.',
    'With --json the first line is {"event":"ready","pid","did","peerId","listen","http","tokenFile",...}, then {"event":"bootstrap-silent","address","code","message"} for each node of --bootstrap that does not answer, one line for each step of a contract, {"event":"progress",...} while an input or a result is on its way or a seller says how far it is (packaged agents name their steps; chat, word-count and echo say nothing on the way), and {"event":"stopped"} at the end. `did` is the node, `account` the escrow key. `peerId` is what libp2p calls the key of the node. Sockets are of this machine; TCP and WebSockets are libp2p, under TLS or noise, and are opened where an address to listen at, of --bootstrap or of the notary set is one of those, or neighbours or a table are to be asked. Nobody beyond this machine is listened to unless --listen or `network.listen` says so.',
    '`network` in the configuration names the same for every start, and what has no flag: neighbours on the local network (`mdns`), connections of others that are passed on (`relay`), a table in which nodes find each other by their DID (`table`), and the key of a private network (`keyFile`). A node that others cannot reach listens at RELAY/p2p/ID/p2p-circuit, where RELAY is an address of a node with `relay`.',
    'Anybody can make credits of his own, so everything that is not paid in credits of an issuer of --issuer shares half of the room of the books, and cannot fill the other half. Members of a set of several name the same issuers; an issuer is listed when a quorum does. Credits of one listed issuer share its room: it answers for whom it gives them to.',
    'A notary alone survives crashes and not lies: contracts are labelled C2/f=0. Never run a copy of its data directory: it is refused where the place of --high-water is the same, or unknown. In a container, put that place on a volume of its own.',
  ],
  examples: [
    'kernell node --data-dir notary --notary --notary-set set.json --port 0 --json',
    'kernell node --data-dir seller --notary-set set.json --port 0',
    'kernell node --data-dir seller --notary-set set.json --listen /ip4/0.0.0.0/tcp/4001 --port 0',
    'kernell node --data-dir buyer --notary-set set.json --bootstrap /unix/srv/seller/market.sock/p2p/did:key:z6Mk... --port 0',
  ],
  whenStopped: 'Start it again: contracts go on where they were.',
  async run(context) {
    const init = await marketInitOf(context)
    await useServedNode(context, async (node, logger) => await serve({ node, logger }, init, context))
    if (context.isJson) context.terminal.printJson({ event: 'stopped' })
    return EXIT_CODES.done
  },
}

async function marketInitOf(context: CommandContext): Promise<MarketInit> {
  const { flags, workingDir } = context
  const setFile = textFlag(flags, 'notary-set')
  const highWater = textFlag(flags, 'high-water')
  const network = textFlag(flags, 'network')
  const listen = listFlag(flags, 'listen')
  const announce = listFlag(flags, 'announce')
  return {
    passphrase: readKeyPassphrase(context),
    bootstrap: listFlag(flags, 'bootstrap'),
    isNotary: isFlagSet(flags, 'notary'),
    isTrial: isFlagSet(flags, 'trial'),
    issuers: listFlag(flags, 'issuer'),
    ...(listen.length > 0 && { listen }),
    ...(announce.length > 0 && { announce }),
    ...(setFile !== undefined && (await readNotarySet(resolve(workingDir, setFile)))),
    ...(highWater !== undefined && { highWater: resolve(workingDir, highWater) }),
    ...(network !== undefined && { network }),
  }
}

type Served = { readonly node: KernellNode; readonly logger: Logger }

async function serve({ node, logger }: Served, init: MarketInit, context: CommandContext): Promise<void> {
  const { terminal, isJson, signal } = context
  const findWorker: MarketInit['findWorker'] = async (name) =>
    name === PAID_AGENT ? await paidWorkerOf(node) : await findAgentWorker(name, node)
  const market = await node.openMarket({ ...init, findWorker })
  const controlToken = randomBytes(32).toString('base64url')
  const agentSkills = await packagedSkills(node)
  const gateway = createGateway({ node, logger, controlToken, agentSkills })
  const { isEnabled, nodes, payment } = node.config.a2a
  // A price of a skill that there is not is said now, and not to the first who asks.
  if (isEnabled && payment !== undefined) await node.openA2a({ skills: agentSkills })
  if (isEnabled && nodes.length > 0) (await node.openA2a({ skills: agentSkills })).serveOver(market.transport)
  const { dataDir } = node.config
  try {
    const http = await gateway.listen()
    announceRunningNode(dataDir, http, controlToken)
    announce(
      { http, market, tokenFile: announcementFile(dataDir), dashboard: gateway.dashboardLink() ?? null },
      context,
    )
    await untilStopped(async () => {
      await Promise.all([warnOfSilent(market, context), tellSteps(market, context), tellProgress(market, context)])
    }, signal)
    if (!isJson) terminal.note('Stopping; what is under way is in the journals. Ctrl-C again ends at once.')
  } finally {
    withdrawRunningNode(dataDir)
    await gateway.close()
  }
}

async function paidWorkerOf(node: KernellNode): Promise<MarketWorker | undefined> {
  if (!node.config.a2a.isEnabled) return undefined
  const { paidWorker } = await node.openA2a({ skills: await packagedSkills(node) })
  const isHiding = node.config.privacy?.hidesSecrets === true
  return paidWorker === undefined || !isHiding ? paidWorker : createHidingWorker(paidWorker)
}

async function tellSteps(market: NodeMarket, { terminal, isJson, signal }: CommandContext): Promise<void> {
  for await (const step of market.transitions({ signal })) {
    if (isJson) terminal.printJson(step)
    else terminal.note(`${new Date(step.at).toISOString()} ${step.contract.slice(0, 12)} ${step.from} -> ${step.to}`)
  }
}

/** For programs: a person sees it where it was bought. */
async function tellProgress(market: NodeMarket, { terminal, isJson, signal }: CommandContext): Promise<void> {
  if (!isJson) return
  for await (const step of market.progress({ signal })) terminal.printJson(step)
}

/** A node that knows nobody works, and nothing is bought or sold with it: that is said before somebody wonders. */
async function warnOfSilent(market: NodeMarket, { terminal, isJson, signal }: CommandContext): Promise<void> {
  for (const { address, code, message } of await market.findSilent({ signal })) {
    if (isJson) terminal.printJson({ event: 'bootstrap-silent', address, code, message })
    else
      terminal.note(
        `${address} of --bootstrap does not answer: ${message} (${code}). It is asked again when something is bought.`,
      )
  }
}

/** Follows steps until the operator stops the node. */
async function untilStopped(follow: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  try {
    await Promise.all([follow(), stopped])
  } catch (error: unknown) {
    if (!signal.aborted && !CodedError.is(error, 'MARKET_NOT_OPEN')) throw error
  }
}

const REACHED_BY_NOBODY =
  'reached   by nobody: the path of the data directory is too long for a socket. Name an address with --listen, such as /unix/PATH or /ip4/127.0.0.1/tcp/PORT'

type Ready = {
  readonly http: string
  readonly market: NodeMarket
  readonly tokenFile: string
  readonly dashboard: string | null
}

function announce({ http, market, tokenFile, dashboard }: Ready, { terminal, isJson }: CommandContext): void {
  const { did, account, addresses, set } = market
  const peers = addresses.map((address) => `${address}/p2p/${did}`)
  if (isJson) {
    const shown = { account: account ?? null, addresses: peers, notarySet: set?.id ?? null }
    terminal.printJson({
      event: 'ready',
      pid: process.pid,
      did,
      peerId: peerIdOf(did) ?? null,
      listen: addresses,
      http,
      tokenFile,
      dashboard,
      ...shown,
    })
    return
  }
  terminal.print(
    [
      `kernell node at ${http}`,
      ...(dashboard === null ? [] : [`dashboard ${dashboard} (works once)`]),
      `node      ${did}`,
      `account   ${account ?? 'none: `kernell key create --role escrow`'}`,
      ...(peers.length > 0 ? peers.map((peer) => `reached   ${peer}`) : [REACHED_BY_NOBODY]),
      `notaries  ${set?.id ?? 'none yet: name them with --notary-set'}`,
    ].join('\n'),
  )
}

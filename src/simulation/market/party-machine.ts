import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { RemoteNotary } from '../../market/notary/notary-client-remote.ts'
import { pause } from '../../market/parties/contracts/contract-follower.ts'
import { MarketDoor } from '../../market/parties/market-door.ts'
import { type PartyRole, type PartyRoleInit, startParty } from '../../market/parties/role/start-party.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import { openSegmentedEventLog } from '../../storage/segmented-event-log.ts'
import { openJournalledStore } from '../disk/journalled-store.ts'
import type { Machine, MachineWork } from '../machine/machine.ts'
import type { Stage } from '../scenario/stage.ts'
import type { WorldProcess } from '../world/world-process.ts'
import { DeafTransport, type Hears } from './deaf-transport.ts'
import type { MarketIdentity, MarketNetwork } from './market-network.ts'

/** Longest wait for one notary. */
const NOTARY_TIMEOUT_MS = 35_000
/** Before somebody who could not be reached is asked again. */
const AGAIN_MS = 1_000

/** What a party of the market is beside its key: whatever the product lets its operator say. */
export type PartyHooks = Pick<PartyRoleInit, 'runner' | 'bidOn' | 'changeBuying' | 'changeSelling' | 'acceptsAlone'> & {
  /** Questions of others that it takes notice of; absent: all. */
  readonly hears?: Hears | undefined
}

export type PartyMachineInit = {
  readonly identity: MarketIdentity
  readonly set: NotarySet
  readonly network: string
  /** Made anew for each process. */
  readonly hooks?: ((owner: WorldProcess) => PartyHooks) | undefined
  /** What it does by itself, from each start on: offers, purchases, rulings. All that it has begun before is in its journal. Done again where somebody could not be reached. */
  readonly begin?: ((running: RunningParty) => Promise<void>) | undefined
  /** Bytes at which the journal of its files is replaced by what it comes to. */
  readonly compactAtBytes?: number | undefined
  /** What stands between it and its notaries; absent: nothing. */
  readonly wrapNotary?: WrapNotary | undefined
  readonly onFailure: (cause: unknown) => void
}

/** A way to the notaries, of a party and a process of it, in the place of another one. */
export type WrapNotary = (name: string, owner: WorldProcess, client: NotaryClient) => NotaryClient

/** A party whose process runs. */
export type RunningParty = PartyRole & { readonly owner: WorldProcess; readonly machine: Machine }

/** Buyer, seller, arbiter or bank with a machine of its own: wallet, reputation and files lie on its disk. */
export class PartyMachine {
  readonly machine: Machine
  readonly name: string
  readonly did: Did
  /** While its process runs and has started. */
  running: RunningParty | undefined
  private readonly network: MarketNetwork
  private readonly init: PartyMachineInit

  constructor(stage: Stage, network: MarketNetwork, init: PartyMachineInit) {
    this.network = network
    this.init = init
    this.did = init.identity.did
    this.name = init.identity.name
    this.machine = stage.createMachine({ name: this.name, boot: async (owner) => await this.boot(owner) })
  }

  private async boot(owner: WorldProcess): Promise<MachineWork> {
    const { identity, set, network, hooks, begin, onFailure, compactAtBytes, wrapNotary } = this.init
    const { verify, verifyStatement } = this.network
    owner.onKill(() => (this.running = undefined))
    const { clock, timers, random } = owner
    const fileSystem = this.machine.disk.fileSystem(owner)
    const openEventLog: Parameters<typeof startParty>[0]['openEventLog'] = async (name) =>
      await openSegmentedEventLog({ fileSystem, random }, { directory: `data/journals/${name}` })
    const files = await openJournalledStore(await openEventLog('market-files'), { compactAtBytes })
    const transport = await this.network.connect(owner, identity)
    const remote = new RemoteNotary(
      { transport, verify: verifyStatement },
      { set, before: [], timeoutMs: NOTARY_TIMEOUT_MS },
    )
    const notary = wrapNotary?.(this.name, owner, remote) ?? remote
    const { hears, ...chosen } = hooks?.(owner) ?? {}
    const role = await startParty(
      {
        openEventLog,
        files,
        signer: identity.signer,
        verify,
        clock,
        timers,
        random,
        notary,
        door: new MarketDoor(hears === undefined ? transport : new DeafTransport(transport, hears)),
      },
      { network, onFailure, former: [], recovery: undefined, ...chosen },
    )
    const running = { ...role, owner, machine: this.machine }
    this.running = running
    role.party.begin(async () => await persevere(running, begin))
    return {
      stop: async () => {
        this.running = undefined
        await role.stop()
        await transport.stop()
        await files.close()
      },
    }
  }
}

/** Whoever cannot be reached now may be later. */
async function persevere(running: RunningParty, begin: PartyMachineInit['begin']): Promise<void> {
  const { party } = running
  while (begin !== undefined && !party.isStopped) {
    try {
      await begin(running)
      return
    } catch (error: unknown) {
      if (!CodedError.is(error) || !error.isRetryable) throw error
    }
    await pause(party.components.timers, AGAIN_MS, party.signal)
  }
}

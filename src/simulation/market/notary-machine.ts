import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { NotaryService } from '../../market/notary/notary-service.ts'
import type { NotaryServiceInit } from '../../market/notary/notary-service-init.ts'
import { serveNotary } from '../../market/notary/serve-notary.ts'
import { startNotary } from '../../market/notary/start-notary.ts'
import { openSegmentedEventLog } from '../../storage/segmented-event-log.ts'
import type { Machine, MachineWork } from '../machine/machine.ts'
import type { Stage } from '../scenario/stage.ts'
import type { WorldProcess } from '../world/world-process.ts'
import type { MarketIdentity, MarketNetwork } from './market-network.ts'

/** Folders on the disk of a notary: its journals, closed segments of its books, and what it signed last, which is on no copy of the rest. */
export const NOTARY_JOURNALS = 'data/journals'
export const NOTARY_FOLDER = 'data/segments'
const HIGH_WATER = 'state/high-water'

export type NotaryMachineInit = Pick<NotaryServiceInit, 'timing' | 'checkpoints' | 'segments'> & {
  readonly identity: MarketIdentity
  readonly set: NotarySet
  readonly me: number
  readonly network: string
  readonly issuers: readonly Did[]
  /** It signs nothing any more: its disk failed, or a copy of it runs elsewhere. */
  readonly onFailure: (cause: unknown) => void
}

/** A notary with a machine of its own: books, decisions and high water lie on its disk, and a process that comes back goes on with them. */
export class NotaryMachine {
  readonly machine: Machine
  readonly did: Did
  /** The notary that runs now. */
  service: NotaryService | undefined
  private readonly network: MarketNetwork
  private readonly init: NotaryMachineInit

  constructor(stage: Stage, network: MarketNetwork, init: NotaryMachineInit) {
    this.network = network
    this.init = init
    this.did = init.identity.did
    this.machine = stage.createMachine({
      name: init.identity.name,
      boot: async (owner) => await this.boot(owner, stage),
    })
  }

  private async boot(owner: WorldProcess, stage: Stage): Promise<MachineWork> {
    const { identity, set, issuers, onFailure, ...init } = this.init
    owner.onKill(() => (this.service = undefined))
    const fileSystem = this.machine.disk.fileSystem(owner)
    const { clock, timers, random } = owner
    const transport = await this.network.connect(owner, identity)
    for (const { key, address } of set.members) if (key !== identity.did) transport.addPeer(key, address)
    const role = await startNotary(
      {
        fileSystem,
        openEventLog: async (name) =>
          await openSegmentedEventLog({ fileSystem, random }, { directory: `${NOTARY_JOURNALS}/${name}` }),
        signer: identity.signer,
        verifier: stage.keys,
        verify: this.network.verifyStatement,
        transport,
        clock,
        timers,
        random,
        onFailure,
      },
      {
        ...init,
        lineage: { set, before: [] },
        highWater: HIGH_WATER,
        folder: NOTARY_FOLDER,
        isTrial: true,
        issuers,
        restored: undefined,
      },
    )
    serveNotary(transport, role.service)
    this.service = role.service
    return {
      stop: async () => {
        this.service = undefined
        await role.stop()
        await transport.stop()
      },
    }
  }
}

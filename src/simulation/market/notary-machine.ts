import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { NotaryService } from '../../market/notary/notary-service.ts'
import type { NotaryServiceInit } from '../../market/notary/notary-service-init.ts'
import { serveNotary } from '../../market/notary/serve-notary.ts'
import { type NotaryRole, startNotary } from '../../market/notary/start-notary.ts'
import type { Transport } from '../../ports/transport.ts'
import { openSegmentedEventLog } from '../../storage/segmented-event-log.ts'
import type { DiskCopy } from '../disk/simulated-disk.ts'
import type { Machine, MachineWork } from '../machine/machine.ts'
import type { Stage } from '../scenario/stage.ts'
import type { WorldProcess } from '../world/world-process.ts'
import type { MarketIdentity, MarketNetwork } from './market-network.ts'

/** Folders on the disk of a notary: its journals, closed segments of its books, and what it signed last, which is on no copy of the rest. */
const DATA = 'data'
const STATE = 'state'
export const NOTARY_JOURNALS: string = `${DATA}/journals`
export const NOTARY_FOLDER: string = `${DATA}/segments`

/** What one build of the notary decides by itself; another build goes on over the same disk. */
export type NotaryBuild = Pick<NotaryServiceInit, 'timing' | 'checkpoints' | 'segments'>

/** What a world does to a notary beside giving it a machine. */
export type NotaryHooks = Pick<NotaryServiceInit, 'onDoubleVote'> & {
  /** What stands between its process and the network; absent: nothing. */
  readonly wrapTransport?: ((transport: Transport, owner: WorldProcess) => Transport) | undefined
}

export type NotaryMachineInit = NotaryHooks & {
  readonly identity: MarketIdentity
  readonly set: NotarySet
  readonly me: number
  readonly network: string
  readonly issuers: readonly Did[]
  /** It signs nothing any more: its disk failed, or a copy of it runs elsewhere. */
  readonly onFailure: (cause: unknown) => void
}

/** Where a notary keeps what it knows. */
type NotaryPlace = { readonly data: string; readonly state: string }

/** A notary with a machine of its own: books, decisions and high water lie on its disk, and a process that comes back goes on with them. */
export class NotaryMachine {
  readonly machine: Machine
  readonly did: Did
  /** The notary that runs now. */
  service: NotaryService | undefined
  /** What it runs with from its next start on. */
  build: NotaryBuild
  private readonly stage: Stage
  private readonly network: MarketNetwork
  private readonly init: NotaryMachineInit
  /** Whether what lies on its disk is an older copy, as its operator has said; until it has caught up. */
  private isRestored = false

  constructor(stage: Stage, network: MarketNetwork, { build, ...init }: NotaryMachineInit & { build: NotaryBuild }) {
    this.stage = stage
    this.network = network
    this.init = init
    this.build = build
    this.did = init.identity.did
    this.machine = stage.createMachine({
      name: init.identity.name,
      boot: async (owner) => await this.boot(owner),
    })
  }

  /** What a backup holds of it now: all but what it signed last. */
  copy(): DiskCopy {
    return this.machine.disk.copyOf(DATA)
  }

  /** Puts a backup in the place of what it has. `isToldSo`: its operator says so when it starts; `isBlank`: it has forgotten what it signed last as well. The machine is down. */
  restore(copy: DiskCopy, { isToldSo, isBlank }: { readonly isToldSo: boolean; readonly isBlank: boolean }): void {
    const { disk } = this.machine
    disk.putBack(copy)
    if (isBlank) disk.putBack({ folder: STATE, files: new Map() })
    this.isRestored = isToldSo
  }

  /** A second notary of the same key in the process of the first, with a place of its own on the disk: no honest operator has one. */
  async startBeside(owner: WorldProcess, transport: Transport): Promise<NotaryService> {
    const place = { data: 'beside', state: 'beside-state' }
    const { service } = await this.open(owner, { place, transport, onFailure: () => {}, isRestored: false })
    return service
  }

  private async boot(owner: WorldProcess): Promise<MachineWork> {
    const { identity, set, onFailure, wrapTransport } = this.init
    owner.onKill(() => (this.service = undefined))
    const connected = await this.network.connect(owner, identity)
    for (const { key, address } of set.members) if (key !== identity.did) connected.addPeer(key, address)
    const transport = wrapTransport?.(connected, owner) ?? connected
    const place = { data: DATA, state: STATE }
    const role = await this.open(owner, { place, transport, onFailure, isRestored: this.isRestored })
    serveNotary(transport, role.service)
    this.service = role.service
    return {
      stop: async () => {
        this.service = undefined
        await role.stop()
        await connected.stop()
      },
    }
  }

  private async open(owner: WorldProcess, opening: NotaryOpening): Promise<NotaryRole> {
    const { place, transport, onFailure, isRestored } = opening
    const { identity, set, me, network, issuers, onDoubleVote } = this.init
    const fileSystem = this.machine.disk.fileSystem(owner)
    const { clock, timers, random } = owner
    return await startNotary(
      {
        fileSystem,
        openEventLog: async (name) =>
          await openSegmentedEventLog({ fileSystem, random }, { directory: `${place.data}/journals/${name}` }),
        signer: identity.signer,
        verifier: this.stage.keys,
        verify: this.network.verifyStatement,
        transport,
        clock,
        timers,
        random,
        onFailure,
      },
      {
        ...this.build,
        me,
        network,
        issuers,
        onDoubleVote,
        lineage: { set, before: [] },
        highWater: `${place.state}/high-water`,
        folder: `${place.data}/segments`,
        isTrial: true,
        restored: isRestored ? { epoch: set.epoch } : undefined,
        onCaughtUp: async () => {
          this.isRestored = false
          await Promise.resolve()
        },
      },
    )
  }
}

type NotaryOpening = {
  readonly place: NotaryPlace
  readonly transport: Transport
  readonly onFailure: (cause: unknown) => void
  readonly isRestored: boolean
}

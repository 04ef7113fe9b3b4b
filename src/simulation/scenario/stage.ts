import type { RandomStream } from '../../base/random-stream.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import type { Signatures } from '../../keys/pool/inline-signatures.ts'
import type { CheckBook } from '../checks/check-book.ts'
import type { FaultKind } from '../faults/fault-plan.ts'
import { Machine, type MachineInit } from '../machine/machine.ts'
import type { SimulatedNetwork } from '../network/simulated-network.ts'
import { streamOf } from '../world/seeded-random.ts'
import type { World } from '../world/world.ts'

/** Parts of the product whose work is counted, so that a run can show that it was they who worked. */
export type HandledPart = 'router' | 'market' | 'learning' | 'actors'

/** What signs in a world: a keyed hash that is quick and cannot be forged inside it, or Ed25519 as outside. */
export type SignatureKind = 'seeded' | 'ed25519'

export type StageInit = {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly checks: CheckBook
  readonly signatures: SignatureKind
  /** What makes and judges them. */
  readonly keys: Signatures
  /** Recorded outcomes, where the caller has some. */
  readonly data: readonly RoutingRow[] | undefined
}

/** What a scenario builds on. */
export class Stage {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly checks: CheckBook
  readonly signatures: SignatureKind
  /** Signers by their seeds, and verdicts, of the kind of this run. */
  readonly keys: Signatures
  readonly data: readonly RoutingRow[] | undefined
  readonly machines: Machine[] = []
  /** Calls that each part of the product handled. */
  readonly handled: Record<HandledPart, number> = { router: 0, market: 0, learning: 0, actors: 0 }
  /** Agents that took part; scenarios say it. */
  agents = 0
  /** Faults that really befell somebody, by kind. */
  readonly faults: Partial<Record<FaultKind, number>> = {}

  constructor({ world, network, checks, signatures, keys, data }: StageInit) {
    this.world = world
    this.network = network
    this.checks = checks
    this.signatures = signatures
    this.keys = keys
    this.data = data
  }

  /** Draws that nobody else's change. */
  random(name: string): RandomStream {
    return streamOf(this.world.seed, `scenario/${name}`)
  }

  createMachine(init: MachineInit): Machine {
    const onPowerCut = (lost: string | undefined): void =>
      this.checks.check('names-stand-for-all', lost && `${init.name}: ${lost}`)
    const machine = new Machine(this.world, { onPowerCut, ...init })
    this.machines.push(machine)
    return machine
  }

  countFault(kind: FaultKind): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1
  }
}

import type { Did } from '../../core/evidence/names.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { verifyStatementWith } from '../../market/parties/contracts/contract-replay.ts'
import type { VerifyStatement } from '../../core/notary/statement.ts'
import type { BatchSigner, VerifySignature } from '../../ports/signer.ts'
import { signerOfKey } from '../../wire/v1/checkpoint.ts'
import { keySeedOf } from '../keys/seeded-signatures.ts'
import type { SimulatedTransport } from '../network/simulated-transport.ts'
import type { Stage } from '../scenario/stage.ts'
import type { WorldProcess } from '../world/world-process.ts'

/** Who somebody of the market is. */
export type MarketIdentity = { readonly name: string; readonly did: Did; readonly signer: BatchSigner }

/** Keys and addresses of everybody in the market of a world; each knows where the others are. */
export class MarketNetwork {
  readonly verify: VerifySignature
  readonly verifyStatement: VerifyStatement
  private readonly stage: Stage
  private readonly identities = new Map<string, MarketIdentity>()
  private readonly addresses = new Map<Did, string>()
  private readonly transports = new Map<Did, SimulatedTransport>()

  constructor(stage: Stage) {
    this.stage = stage
    this.verify = verifySignatureWith(stage.keys)
    this.verifyStatement = verifyStatementWith(this.verify)
  }

  /** The key of a name, which is the same in every run of a seed. */
  identity(name: string): MarketIdentity {
    const known = this.identities.get(name)
    if (known !== undefined) return known
    const signer = this.stage.keys.createSigner(keySeedOf(this.stage.world.seed, name))
    const identity = { name, signer, did: signerOfKey(signer.publicKeyHex) }
    this.identities.set(name, identity)
    return identity
  }

  /** Starts the transport of a process. Those that run learn where it is. */
  async connect(owner: WorldProcess, { name, did }: MarketIdentity): Promise<SimulatedTransport> {
    const { network, handled } = this.stage
    const transport = network.createTransport(owner, { did, name, onServed: () => (handled.market += 1) })
    await transport.start()
    const address = addressOf(name)
    for (const [peer, place] of this.addresses) if (peer !== did) transport.addPeer(peer, place)
    if (!this.addresses.has(did)) {
      this.addresses.set(did, address)
      for (const other of this.transports.values()) other.addPeer(did, address)
    }
    this.transports.set(did, transport)
    return transport
  }
}

/** Where somebody of a name is reached. */
export function addressOf(name: string): string {
  return `/sim/${name}`
}

import { exp } from '../../../base/deterministic-math.ts'
import { CodedError } from '../../../base/errors.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { Machine, MachineWork } from '../../machine/machine.ts'
import type { SimulatedTransport } from '../../network/simulated-transport.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import type { AccountCommand, Remittance } from './account-agent.ts'
import { AccountHost, type JournalSize } from './account-host.ts'
import { corruptionIn, isBrokenStore } from '../../disk/broken-store.ts'
import type { ChaosModels } from './chaos-models.ts'
import { CrewHost } from './crew-host.ts'
import type { Observers } from './observers.ts'
import { TaskDesk } from './task-desk.ts'

/** A command, a credit or a question for an account of the asked machine. */
export const ACCOUNT_PROTOCOL = '/kernell/chaos/accounts/1.0.0'
const ASK_TIMEOUT_MS = 4_000
/** A machine whose disk has refused, or whose worker process is gone, is started again behind this. */
const RESTART_MS = 200
const WORKER_RESTART_MS = 50

export type AccountQuestion =
  | { readonly type: 'command'; readonly account: string; readonly command: AccountCommand }
  | { readonly type: 'credit'; readonly account: string; readonly key: string; readonly amount: number }
  | { readonly type: 'read'; readonly account: string }

export type ChaosNodeInit = {
  readonly stage: Stage
  readonly observers: Observers
  readonly name: string
  readonly accounts: number
  readonly models: ChaosModels
  readonly others: () => readonly ChaosNode[]
}

/** A machine with durable accounts in its main process, and a crew in a worker process that the main one starts anew when it dies. */
export class ChaosNode {
  readonly name: string
  readonly did: Did
  readonly machine: Machine
  readonly desk: TaskDesk
  /** How wrong its clock runs by itself. */
  readonly driftPpm: number
  accounts: AccountHost | undefined
  crew: CrewHost | undefined
  private readonly init: ChaosNodeInit
  private readonly journal: JournalSize
  private worker: WorldProcess | undefined
  private workers = 0
  private isResting = false

  constructor(init: ChaosNodeInit) {
    this.init = init
    this.name = init.name
    this.did = `did:key:sim-${init.name}` as Did
    this.driftPpm = driftOf(init.stage.random(`clock ${init.name}`))
    this.machine = init.stage.createMachine({
      name: init.name,
      skew: { offsetMs: 0, driftPpm: this.driftPpm },
      boot: async (owner) => await this.boot(owner),
      onBootFailure: (error) => {
        init.stage.checks.check('store-sound', corruptionIn(init.name, error))
        if (!isBrokenStore(error)) init.stage.world.fail(error)
      },
    })
    const { stage, models } = init
    this.journal = journalSizeOf(stage.random(`journal ${init.name}`))
    const { machine } = this
    const { compactAtBytes } = this.journal
    this.desk = new TaskDesk({
      stage,
      models,
      machine,
      compactAtBytes,
      onBrokenStore: (owner) => this.storeBroke(owner),
    })
  }

  get isUp(): boolean {
    return this.machine.isUp
  }

  /** @returns Whether there was one. */
  killWorker(): boolean {
    const { worker } = this
    if (worker?.isAlive !== true) return false
    worker.kill()
    return true
  }

  /** No new work begins; what was begun comes to its end. */
  rest(): void {
    this.isResting = true
    this.crew?.rest()
    this.desk.rest()
  }

  look(): void {
    this.crew?.look()
    this.desk.look()
  }

  /** Its clock is about to be set to another time. */
  clockIsSet(): void {
    const { running } = this.machine
    // The clock of a machine that is down is read by nobody; its reminders come when it is up.
    if (running !== undefined) this.init.observers.deadlines.clockSet(this.name, running.clock.now())
  }

  restart(): void {
    this.machine.kill()
    this.machine.restartIn(RESTART_MS)
  }

  private storeBroke(owner: WorldProcess): void {
    if (this.machine.running === owner) this.restart()
  }

  private async boot(owner: WorldProcess): Promise<MachineWork> {
    const { stage, observers, accounts, name } = this.init
    const transport = stage.network.createTransport(owner, { did: this.did, name })
    await transport.start()
    for (const other of this.init.others()) if (other !== this) transport.addPeer(other.did, `/sim/${other.name}`)
    const host = new AccountHost({
      stage,
      machine: this.machine,
      owner,
      accounts,
      journal: this.journal,
      observers,
      remit: async (remittance) => await this.remit(transport, remittance),
      onBrokenStore: () => this.storeBroke(owner),
    })
    owner.onKill(() => {
      this.accounts = undefined
      this.worker?.kill()
    })
    transport.handle(ACCOUNT_PROTOCOL, async ({ body }) => await answer(host, body))
    await host.start()
    this.accounts = host
    stage.checks.check('store-sound', undefined)
    await this.desk.start(owner)
    this.startWorker(owner)
    return {
      stop: async () => {
        await host.system.stop({ drainMs: 1_000 })
        await transport.stop()
      },
    }
  }

  private startWorker(main: WorldProcess): void {
    const { stage } = this.init
    this.workers += 1
    const owner = stage.world.createProcess(`${this.name}/worker#${this.workers}`, main.skew)
    this.worker = owner
    const random = stage.random(`crew ${this.name} ${this.workers}`)
    const crew = new CrewHost({ stage, owner, random })
    this.crew = crew
    owner.onKill(() => {
      if (this.crew === crew) this.crew = undefined
      if (main.isAlive) main.schedule(WORKER_RESTART_MS, { kind: 'start worker', run: () => this.startWorker(main) })
    })
    crew.start()
    if (this.isResting) crew.rest()
  }

  private async remit(transport: SimulatedTransport, { node, to, key, amount }: Remittance): Promise<void> {
    const there = this.init.others().find(({ name }) => name === node)
    if (there === undefined) throw new CodedError('NETWORK_PEER_UNKNOWN', { message: `There is no ${node}` })
    await askAccounts(transport, there.did, { type: 'credit', account: to, key, amount })
  }
}

/** From a journal that begins a file with every other turn to one that seldom does: what years of use bring about in the journal of a machine happens here within seconds. */
function journalSizeOf(random: RandomStream): JournalSize {
  const sizeOf = (most: number): number => Math.floor(most * exp(-4 * random.nextUnit()))
  return { segmentBytesMax: sizeOf(32_768), compactAtBytes: sizeOf(65_536) }
}

/** No clock is right: most by some millionths, those of machines that share a processor by up to a thousand, either way. */
function driftOf(random: RandomStream): number {
  const size = Math.floor(1_000 * exp(-4 * random.nextUnit()))
  return random.nextUnit() < 0.5 ? -size : size
}

/** Asks the accounts of a machine. @throws The errors of the transport, and `REQUEST_INVALID` with what the other side said. */
export async function askAccounts(
  transport: SimulatedTransport,
  to: Did,
  question: AccountQuestion,
): Promise<{ readonly handled?: number }> {
  const body = new TextEncoder().encode(JSON.stringify(question))
  const answered = await transport.request(to, { protocol: ACCOUNT_PROTOCOL, body, timeoutMs: ASK_TIMEOUT_MS })
  return JSON.parse(new TextDecoder().decode(answered)) as { readonly handled?: number }
}

async function answer(host: AccountHost, body: Uint8Array): Promise<Uint8Array> {
  const question = JSON.parse(new TextDecoder().decode(body)) as AccountQuestion
  let said: object = {}
  if (question.type === 'read') said = await host.read(question.account)
  else if (question.type === 'credit')
    await host.deliver(question.account, { type: 'credit', key: question.key, amount: question.amount })
  else await host.deliver(question.account, question.command)
  return new TextEncoder().encode(JSON.stringify(said))
}

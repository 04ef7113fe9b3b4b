import { exp } from '../../../base/deterministic-math.ts'
import { CodedError } from '../../../base/errors.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { SimulatedTransport } from '../../network/simulated-transport.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import type { AccountCommand } from './account-agent.ts'
import { askAccounts, type ChaosNode } from './chaos-node.ts'
import type { Observers, OpenCommand } from './observers.ts'

export type ClientInit = {
  readonly stage: Stage
  readonly observers: Observers
  readonly name: string
  readonly nodes: readonly ChaosNode[]
  readonly accounts: number
}

const EVERY_MS = 120
const AGAIN_MS = 300
/** Queues that deliver at least once give some of it once more, shortly behind the acknowledgement that they missed or long after it. */
const TWICE_SHARE = 0.25
/** From so many milliseconds to e^6 times as many, each span as often as one twice as long. */
const TWICE_MS = { least: 15, folds: 6 }
/** Commands that need something which is away for a moment. */
const HARD_SHARE = 0.1
/** Of the reminders, those that are set for longer, and how long. */
const LONG_SHARE = 0.25
const LONG_MS = 4_000

/** Somebody who asks accounts for transfers and reminders, and asks again, with the same key, until it is told that they are stored. It never dies. */
export class Client {
  private readonly init: ClientInit
  private readonly owner: WorldProcess
  private readonly random: RandomStream
  private readonly transport: SimulatedTransport
  private count = 0
  private isResting = false

  constructor(init: ClientInit) {
    this.init = init
    const { stage, name } = init
    this.owner = stage.world.createProcess(name)
    this.random = stage.random(name)
    this.transport = stage.network.createTransport(this.owner, { did: `did:key:sim-${name}` as Did, name })
  }

  get did(): Did {
    return this.transport.did
  }

  async start(): Promise<void> {
    await this.transport.start()
    for (const { did, name } of this.init.nodes) this.transport.addPeer(did, `/sim/${name}`)
    this.loop()
  }

  rest(): void {
    this.isResting = true
  }

  /** One more command. @returns Its key. */
  command(): string {
    const { nodes, accounts, name, observers } = this.init
    const [at, from, target, to, what, amount, hard] = [0, 0, 0, 0, 0, 0, 0].map(() => this.random.nextUnit()) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const pick = (draw: number): ChaosNode => nodes[Math.floor(draw * nodes.length)] as ChaosNode
    const key = `${name}-${(this.count += 1)}`
    const isTransfer = what < 0.7
    const command: AccountCommand = {
      type: isTransfer ? 'transfer' : 'wait',
      key,
      to: `account-${Math.floor(to * accounts)}`,
      node: pick(target).name,
      amount: 1 + Math.floor(isTransfer || amount >= LONG_SHARE ? amount * 400 : (amount / LONG_SHARE) * LONG_MS),
      ...(hard < HARD_SHARE && { isHard: true }),
    }
    const open = { node: pick(at).name, account: `account-${Math.floor(from * accounts)}`, command }
    observers.open.set(key, open)
    this.repeat(key)
    return key
  }

  private loop(): void {
    if (this.isResting) return
    this.command()
    if (this.random.nextUnit() < 0.2) this.read()
    this.owner.timers.schedule(EVERY_MS * (0.5 + this.random.nextUnit()), () => this.loop())
  }

  private repeat(key: string): void {
    const { nodes, observers } = this.init
    const open = observers.open.get(key)
    const node = nodes.find(({ name }) => name === open?.node)
    if (open === undefined || node === undefined) return
    const { account, command } = open
    askAccounts(this.transport, node.did, { type: 'command', account, command }).then(
      () => {
        this.onceMore(open)
        if (!observers.open.delete(key)) return
        observers.done += 1
        observers.acknowledged.said(`${node.name}/${account}`, `${command.type} ${key}`)
      },
      (error: unknown) => this.again(error, () => this.repeat(key)),
    )
  }

  /** Some of what is stored is sent again. Whoever asks so waits for no answer. */
  private onceMore({ node, account, command }: OpenCommand): void {
    const [share, spread] = [this.random.nextUnit(), this.random.nextUnit()]
    if (share >= TWICE_SHARE) return
    const to = this.init.nodes.find(({ name }) => name === node)
    this.owner.timers.schedule(TWICE_MS.least * exp(TWICE_MS.folds * spread), () => {
      if (to === undefined || this.isResting) return
      askAccounts(this.transport, to.did, { type: 'command', account, command }).catch((error: unknown) =>
        this.again(error, () => undefined),
      )
    })
  }

  private read(): void {
    const { nodes, accounts, observers } = this.init
    const node = nodes[this.random.nextBelow(nodes.length)]
    const account = `account-${this.random.nextBelow(accounts)}`
    if (node === undefined) return
    askAccounts(this.transport, node.did, { type: 'read', account }).then(
      // An answer may have been under way for long: it says the least that must be there from now on.
      ({ handled = 0 }) => observers.shown.least(`${node.name}/${account}`, handled),
      (error: unknown) => this.again(error, () => undefined),
    )
  }

  /** What the world does to it is no failure of the client. */
  private again(error: unknown, repeat: () => void): void {
    if (!CodedError.is(error)) this.owner.fail(error)
    else this.owner.timers.schedule(AGAIN_MS, repeat)
  }
}

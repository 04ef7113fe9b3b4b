import { durationFromMs } from '../../../base/time.ts'
import { exp } from '../../../base/deterministic-math.ts'
import { amountFromNanos } from '../../../base/money.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import { DEFAULT_TIMERS } from '../../../core/escrow/escrow-rules.ts'
import type { EscrowTimers } from '../../../core/escrow/escrow-terms.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import type { Transport } from '../../../ports/transport.ts'
import { verifyStatementWith } from '../../../market/parties/contracts/contract-replay.ts'
import { SET_TIMING } from '../../../market/notary/set/set-order-components.ts'
import { Town } from '../../market/agents/town.ts'
import { CREDIT_NANOS, Economy } from '../../market/economy/economy.ts'
import { CommitLoss } from '../../market/commit-loss.ts'
import { LyingNotary } from '../../market/hostile/lying-notary.ts'
import { LyingTransport } from '../../market/hostile/lying-transport.ts'
import type { MarketIdentity } from '../../market/market-network.ts'
import type { NotaryBuild, NotaryHooks, NotaryMachine } from '../../market/notary-machine.ts'
import { restartBroken } from '../../market/restart-broken.ts'
import { SimulatedMarket } from '../../market/simulated-market.ts'
import { WatchedTransport } from '../../market/watched-transport.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import { FleetMembers } from './members.ts'
import type { FleetOptions } from './options.ts'
import { Witnesses } from './witnesses.ts'

/** Spans of contracts that end while the world waits for it. */
const TIMERS: EscrowTimers = {
  ...DEFAULT_TIMERS,
  offerMs: durationFromMs(8_000),
  holdMs: durationFromMs(8_000),
  startMs: durationFromMs(8_000),
  beatMs: durationFromMs(8_000),
  deliverMs: durationFromMs(12_000),
  graceMs: durationFromMs(0),
  acceptMs: durationFromMs(8_000),
  evidenceMs: durationFromMs(3_000),
  ruleMs: durationFromMs(15_000),
  refundMs: durationFromMs(0),
}

const NOTARIES = 4
/** Of all seeds, those in which one of the notaries lies. */
const LIAR_SHARE = 0.6
/** Of those that lie, the ones that lead the first view: some lies are worth nothing to whoever does not lead. */
const FIRST_LEADER_SHARE = 0.5
/** A second voice is heard so long behind the start of the first one. */
const SECOND_AFTER_MS = 200

/** Four notaries that agree, the parties that trade before them, and the one among the notaries that lies, if any does. */
export class FleetWorld {
  readonly stage: Stage
  readonly options: FleetOptions
  readonly witnesses: Witnesses
  readonly town: Town
  readonly members: FleetMembers
  readonly commits: CommitLoss
  /** The notary that lies, and its place in the set. */
  readonly liar: { readonly me: number; readonly mind: LyingNotary; readonly machine: NotaryMachine } | undefined

  private constructor(stage: Stage, options: FleetOptions, { market, witnesses, commits, mind, me }: Opened) {
    this.stage = stage
    this.commits = commits
    this.options = options
    this.witnesses = witnesses
    const machine = market.notaries[me]
    this.liar = mind && machine && { me, mind, machine }
    const economy = new Economy({ seed: stage.world.seed, skills: 2, openShare: 0.25 })
    const rules = {
      custody: 'C3',
      buying: {
        timers: TIMERS,
        bondPerMillion: 200_000,
        disputeBondPerMillion: 100_000,
        penaltyPerMillion: 100_000,
        feePerMillion: 10_000,
        newcomerNanosMax: amountFromNanos(1_000n * CREDIT_NANOS),
      },
      rulers: 1,
      arbiterError: 0,
      inspectionPerMillion: 0,
      reservePerMillion: 1_000_000,
      reputationPpmMin: 0,
      offersEveryMs: 0,
    } as const
    this.town = new Town({ market, economy, rules, parameters: {} })
    this.members = new FleetMembers(stage, this.town, options)
  }

  static async open(stage: Stage, options: FleetOptions): Promise<FleetWorld> {
    const draws = stage.random('liar')
    const [share, lead, other] = [draws.nextUnit(), draws.nextUnit(), draws.nextBelow(NOTARIES - 1)]
    const me = lead < FIRST_LEADER_SHARE ? 0 : 1 + other
    const lies = options.liars === undefined ? share < LIAR_SHARE : options.liars > 0
    const opening = new FleetOpening(stage, lies ? me : undefined)
    const market = await opening.open()
    const world = new FleetWorld(stage, options, { market, ...opening.opened, me })
    await world.members.open()
    stage.agents = market.notaries.length + market.parties.size + options.joiners + 1
    return world
  }

  /** All notaries but the one that lies. */
  get honest(): readonly NotaryMachine[] {
    return this.town.market.notaries.filter((notary) => notary !== this.liar?.machine)
  }

  /** Whether one of the notaries lies now. */
  get isLiedTo(): boolean {
    return this.liar?.mind.isHonest === false
  }

  /** What goes on, in words; `undefined`: nothing. */
  unsettled(): string | undefined {
    const down = this.stage.machines.find(
      (machine) => !machine.isUp && !this.members.gone.has(machine) && machine !== this.liar?.machine.machine,
    )
    return down === undefined ? this.members.unsettled : `${down.name} is down`
  }
}

type Opened = {
  readonly market: SimulatedMarket
  readonly witnesses: Witnesses
  readonly commits: CommitLoss
  readonly mind: LyingNotary | undefined
  readonly me: number
}

/** Opens the market with its witnesses, and gives the liar its ways. */
class FleetOpening {
  private readonly witnesses: Witnesses
  private readonly commits = new CommitLoss()
  private mind: LyingNotary | undefined
  private readonly stage: Stage
  private readonly liar: number | undefined
  private market: SimulatedMarket | undefined

  constructor(stage: Stage, liar: number | undefined) {
    this.stage = stage
    this.liar = liar
    this.witnesses = new Witnesses(stage)
  }

  get opened(): Pick<Opened, 'witnesses' | 'commits' | 'mind'> {
    const { witnesses, commits, mind } = this
    return { witnesses, commits, mind }
  }

  async open(): Promise<SimulatedMarket> {
    const { stage, witnesses } = this
    this.market = await SimulatedMarket.open(stage, {
      notaries: NOTARIES,
      ...drawnBuild(stage.random('build')),
      hooksOf: (identity, member) => this.hooksOf(identity, member),
      wrapNotary: (_name, _owner, client) => witnesses.wrap(client),
      onFailure: (name, cause) => this.failed(name, cause),
    })
    return this.market
  }

  private hooksOf(
    identity: MarketIdentity,
    { set, me }: { readonly set: NotarySet; readonly me: number },
  ): NotaryHooks {
    const { stage, witnesses, liar, commits } = this
    // Overheard before it is lost.
    const watch = (transport: Transport): Transport =>
      new WatchedTransport(commits.wrap(transport), (frame) => witnesses.sent(me, frame))
    if (me === 0) witnesses.join(set, { verify: verifyStatementWith(verifySignatureWith(stage.keys)), liar })
    if (me !== liar)
      return {
        wrapTransport: watch,
        onDoubleVote: (proof) => witnesses.proven(proof),
      }
    const mind = new LyingNotary({
      identity,
      set,
      me,
      random: stage.random('lies'),
      onLie: (kind) => stage.countFault(kind),
    })
    this.mind = mind
    return {
      wrapTransport: (transport, owner) => {
        const lying = new LyingTransport(watch(transport), { liar: mind, set })
        this.listenForSecond(owner, lying)
        return lying
      },
    }
  }

  /** While it says two things at once, a second service speaks under its key. */
  private listenForSecond(owner: WorldProcess, { second }: LyingTransport): void {
    const look = (): void => {
      if (this.mind?.does('notary-splits') !== true) {
        owner.timers.schedule(SECOND_AFTER_MS, look)
        return
      }
      const machine = this.market?.notaries[this.liar ?? 0]
      this.stage.countFault('notary-splits')
      // What becomes of it is nobody's business.
      machine?.startBeside(owner, second).catch(() => {})
    }
    owner.timers.schedule(SECOND_AFTER_MS, look)
  }

  private failed(name: string, cause: unknown): void {
    if (name !== `notary-${this.liar}`) {
      restartBroken(this.stage, name, cause)
      return
    }
    const machine = this.market?.notaries[this.liar ?? 0]?.machine
    machine?.kill()
    machine?.restartIn(1_000)
  }
}

/** What months of trade bring about in books and files happens here within seconds: segments are closed, and journals replaced by what they come to. */
export function drawnBuild(random: RandomStream): NotaryBuild {
  const [segments, checkpoints, resend] = [random.nextUnit(), random.nextUnit(), random.nextUnit()]
  return {
    timing: { ...SET_TIMING, resendMs: durationFromMs(Math.floor(500 + 1_000 * resend)) },
    segments: { entries: Math.floor(64 * exp(-3 * segments)), atStop: 1, rowsPerEntry: 1_000 },
    checkpoints: { entries: 1 + Math.floor(64 * checkpoints), quietMs: 2_000, askedMs: 500 },
  }
}

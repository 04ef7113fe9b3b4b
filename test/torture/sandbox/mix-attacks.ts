import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import type { SandboxRuntimeName } from '../../../src/core/sandbox/isolation.ts'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import type { SandboxSubject } from '../../../src/testing/index.ts'
import { type Attack, attacksOf, requestOf } from './attacks.ts'

/** One attack and what became of it; times in milliseconds. */
export type Contained = {
  readonly attack: string
  readonly reason: string
  /** Beyond its limit of time or processors; absent where another limit ended it. */
  readonly beyondMs: number | undefined
  /** From its end until the caller had the result and nothing of it was left; absent where it had to wait for its turn, which is in the same time. */
  readonly cleanMs: number | undefined
  readonly wallMs: number
}

export type MixOutcome = {
  readonly failures: readonly string[]
  readonly contained: readonly Contained[]
  /** Longest that this process itself was held up, milliseconds. */
  readonly stallMs: number
}

export type MixInit = {
  readonly name: SandboxRuntimeName
  readonly runtime: SandboxRuntime
  readonly programs: SandboxSubject['programs']
  readonly seed: number
  readonly plant: string
  readonly concurrencyMax: number
}

const RUNS = 8
const WITHIN_MS = 1_000
const NANOS_PER_MS = 1e6

/** Attacks of all kinds at once, more of them than may run; some are given up at a moment that the seed says. */
export async function mixAttacks(init: MixInit): Promise<MixOutcome> {
  const random = createRandomStream(init.seed)
  const attacks = attacksOf(init.programs)
  const chosen = Array.from({ length: RUNS }, () => ({
    attack: attacks[random.nextBelow(attacks.length)],
    givenUpAfterMs: random.nextUnit() < 0.2 ? random.nextUnit() * 1_500 : undefined,
  }))
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const settled = await Promise.all(
    chosen.map(async ({ attack, givenUpAfterMs }, index) =>
      attack === undefined
        ? { failures: ['no attack'] }
        : await attackOnce(init, { attack, givenUpAfterMs, hasToWait: index >= init.concurrencyMax }),
    ),
  )
  delay.disable()
  return {
    failures: settled.flatMap(({ failures }) => failures),
    contained: settled.flatMap((each) => ('contained' in each && each.contained !== undefined ? [each.contained] : [])),
    stallMs: delay.max / NANOS_PER_MS,
  }
}

type Outcome = { readonly failures: readonly string[]; readonly contained?: Contained | undefined }

type Try = { readonly attack: Attack; readonly givenUpAfterMs: number | undefined; readonly hasToWait: boolean }

async function attackOnce(init: MixInit, { attack, givenUpAfterMs, hasToWait }: Try): Promise<Outcome> {
  const { name, runtime, programs, plant } = init
  const request = requestOf(name, programs, attack)
  const ending = new AbortController()
  const timer = givenUpAfterMs === undefined ? undefined : setTimeout(() => ending.abort(GIVEN_UP), givenUpAfterMs)
  try {
    const calledAtMs = performance.now()
    const { reason, usage, leftBehind } = await runtime.run(request, { signal: ending.signal })
    const callMs = performance.now() - calledAtMs
    const { wallMs, cpuMs } = request.policy.limits
    const beyond = { time: usage.wallMs - wallMs, cpu: (usage.cpuMs ?? cpuMs) - cpuMs }
    const beyondMs = reason === 'time' || reason === 'cpu' ? beyond[reason] : undefined
    const limit = plant === 'strict' ? -1 : WITHIN_MS
    const isMeant = attack.ends.includes(reason) || (reason === 'cancelled' && ending.signal.aborted)
    return {
      failures: [
        ...(isMeant ? [] : [`${name}: ${attack.name} ended by ${reason}`]),
        ...(beyondMs !== undefined && beyondMs > limit ? [`${name}: ${attack.name} ended ${beyondMs} ms late`] : []),
        ...leftBehind.map((each) => `${name}: ${attack.name} left ${each}`),
      ],
      contained: {
        attack: attack.name,
        reason,
        beyondMs,
        cleanMs: hasToWait ? undefined : Math.max(0, callMs - usage.startMs - usage.wallMs),
        wallMs: usage.wallMs,
      },
    }
  } catch (error) {
    // One that was given up before its turn throws the reason.
    return { failures: error === GIVEN_UP ? [] : [`${name}: ${attack.name} threw ${String(error)}`] }
  } finally {
    clearTimeout(timer)
  }
}

const GIVEN_UP = new Error('given up')

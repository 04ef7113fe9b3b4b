import { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'
import type { DiskFault, PowerCut } from '../../src/testing/faulty-file-system.ts'

export type ExploreResult = {
  readonly faultPoints: number
  readonly runs: number
  readonly failures: readonly string[]
  /** Text of what each run left behind, for a hash. */
  readonly trace: readonly string[]
}

export type FaultExploration = {
  readonly seed: number
  /** 3: every third operation alone. Default 1. */
  readonly every?: number | undefined
  /** The workload; the same for the same seed. Its mutating disk operations are counted on a disk without faults. */
  readonly work: (disk: FaultyFileSystem) => Promise<unknown>
  /** The workload over a disk with one fault, and what it left after the power cut: a number, and what is wrong with it. */
  readonly judge: (disk: FaultyFileSystem, cut: PowerCut) => Promise<{ failures: readonly string[]; left: number }>
}

const KINDS: readonly DiskFault['kind'][] = ['fail', 'tear', 'crash']
const CUTS: readonly PowerCut[] = ['lose', 'mix', 'keep']

/** Judges one seeded workload once per mutating disk operation, kind of fault and kind of power cut. */
export async function exploreEveryDiskFault({
  seed,
  every = 1,
  work,
  judge,
}: FaultExploration): Promise<ExploreResult> {
  const probe = new FaultyFileSystem({ seed })
  await work(probe)
  const faultPoints = probe.operationCount
  const failures: string[] = []
  const trace: string[] = []
  let runs = 0
  for (let operation = 0; operation < faultPoints; operation += every) {
    for (const kind of KINDS) {
      for (const cut of CUTS) {
        runs += 1
        const name = `seed ${seed} operation ${operation} ${kind} then ${cut}`
        const disk = new FaultyFileSystem({ seed: seed * 1000 + operation, faults: [{ operation, kind }] })
        const outcome = await judge(disk, cut)
        trace.push(`${name}: ${outcome.left}`)
        failures.push(...outcome.failures.map((what) => `${name}: ${what}`))
      }
    }
  }
  return { faultPoints, runs, failures, trace }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../../src/base/errors.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { readGateReport } from '../../src/core/learning/gate/gate-report.ts'
import { evaluatePolicyOnFiles, type EvaluatedPolicy } from '../../src/node/learning/evaluation/evaluate-policy.ts'
import { createNodeSigner, createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'
import { DOOR_DISAGREEMENT, doorFile, doorPolicy, doorTrainingFile, type DoorFileInit } from './door-world.ts'

export type DoorSimulationInit = Pick<DoorFileInit, 'data' | 'rows'> & {
  /** `same`: one artefact in both places, a true A/A. Else the candidate is better by so much. */
  readonly gain: number | 'same'
  readonly runs: number
  readonly seed: number
}

export type DoorSimulation = Omit<DoorSimulationInit, 'seed'> & {
  readonly promoted: number
  readonly refusedBy: Readonly<Record<string, number>>
  /** Runs whose rows were given three times over, and once beside a training file that holds them. */
  readonly checkedRuns: number
  /** What should not have happened, one sentence each. */
  readonly faults: readonly string[]
}

/** The runs of which repeats and overlap are tried too: one in so many. */
const CHECK_EVERY = 10

/**
 * Lets the gate judge through the door that `kernell policy evaluate --gate` uses: artefacts and rows are read from files, overlap is looked
 * for, every row is decided by both policies, and the report is signed and read again.
 */
export async function simulateDoor(init: DoorSimulationInit): Promise<DoorSimulation> {
  const { seed, ...setting } = init
  const folder = mkdtempSync(join(tmpdir(), 'kernell-gate-'))
  try {
    const door = openDoor(folder)
    const refusedBy: Record<string, number> = {}
    const faults: string[] = []
    let promoted = 0
    let checkedRuns = 0
    for (let run = 0; run < init.runs; run += 1) {
      const random = createRandomStream(seed * 1_000_003 + run)
      const gain = init.gain === 'same' ? 0 : init.gain
      writeFileSync(door.test, doorFile({ data: init.data, gain, rows: init.rows, run, random }))
      const judge = async (files: readonly string[], trainedOn = [door.training]): Promise<EvaluatedPolicy> =>
        await door.evaluate({ isSame: init.gain === 'same', files, trainedOn })
      const judged = await judge([door.test])
      if (judged.decision?.hasPassed === true) promoted += 1
      for (const { name, hasPassed } of judged.decision?.checks ?? [])
        if (!hasPassed) refusedBy[name] = (refusedBy[name] ?? 0) + 1
      faults.push(...choiceFaults(judged, init.gain === 'same').map((fault) => `run ${run}: ${fault}`))
      faults.push(...door.reportFaults(judged).map((fault) => `run ${run}: ${fault}`))
      if (run % CHECK_EVERY !== 0) continue
      checkedRuns += 1
      faults.push(...(await misuseFaults(door, judged, judge)).map((fault) => `run ${run}: ${fault}`))
    }
    return { ...setting, promoted, refusedBy, checkedRuns, faults }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Question = { readonly isSame: boolean; readonly files: readonly string[]; readonly trainedOn: readonly string[] }

type Door = {
  readonly test: string
  readonly training: string
  evaluate(question: Question): Promise<EvaluatedPolicy>
  reportFaults(judged: EvaluatedPolicy): readonly string[]
}

function openDoor(folder: string): Door {
  const signer = createNodeSigner(new Uint8Array(32).fill(3))
  const [candidate, incumbent] = [doorPolicy('candidate'), doorPolicy('incumbent')]
  const training = join(folder, 'training.jsonl')
  writeFileSync(training, doorTrainingFile())
  return {
    test: join(folder, 'test.jsonl'),
    training,
    async evaluate({ isSame, files, trainedOn }) {
      return await evaluatePolicyOnFiles({
        candidate: isSame ? incumbent : candidate,
        incumbent,
        files,
        trainedOn,
        quality: 0.7,
        qualityShare: 1,
        findEntry: () => undefined,
        seed: 1,
        gate: { thresholds: { qualityMargin: 0.01, costTolerance: 0.5 }, signer, at: '2026-02-01T00:00:00.000Z' },
        withCurve: false,
      })
    },
    reportFaults({ candidate: version, decision, gateReport = '' }) {
      const reading = readGateReport(gateReport, {
        verify: verifySignatureWith(createNodeVerifier()),
        publicKeyHex: signer.publicKeyHex,
      })
      if (reading === undefined) return ['the signed report cannot be read']
      const isRight = reading.candidate === version && reading.hasPassed === decision?.hasPassed
      return isRight ? [] : ['the signed report says something else']
    },
  }
}

/** The trained policies choose as the world means them to: else a figure would be about something else. */
function choiceFaults({ evaluation: { replay, log } }: EvaluatedPolicy, isSame: boolean): readonly string[] {
  const found = replay.kind === 'evaluated' ? replay : log
  const disagreement = found.kind === 'evaluated' ? found.disagreement : Number.NaN
  const isRight = isSame ? disagreement === 0 : Math.abs(disagreement - DOOR_DISAGREEMENT) < 0.04
  return isRight ? [] : [`the policies differ on a share of ${disagreement}`]
}

type Judge = (files: readonly string[], trainedOn?: string[]) => Promise<EvaluatedPolicy>

/** The same rows three times tell no more, and rows that were trained on are refused. */
async function misuseFaults(door: Door, judged: EvaluatedPolicy, judge: Judge): Promise<readonly string[]> {
  const faults: string[] = []
  const repeated = await judge([door.test, door.test, door.test])
  const widthOf = ({ evaluation: { evidence } }: EvaluatedPolicy): number | undefined => {
    if (evidence.kind === 'refused' || evidence.quality === undefined) return undefined
    return evidence.quality.difference.high - evidence.quality.difference.low
  }
  const [once, often] = [widthOf(judged), widthOf(repeated)]
  if (repeated.decision?.hasPassed !== judged.decision?.hasPassed) faults.push('repeats changed the decision')
  if (once !== undefined && !(Math.abs((often ?? 0) - once) < 1e-9)) faults.push('repeats changed the interval')
  const told = await judge([door.test], [door.training, door.test]).then(
    () => 'nothing',
    (error: unknown) => (CodedError.is(error, 'POLICY_TRAINED_ON_TEST') ? 'refused' : String(error)),
  )
  if (told !== 'refused') faults.push(`rows that were trained on: ${told}`)
  return faults
}

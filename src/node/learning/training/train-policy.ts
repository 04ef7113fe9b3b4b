import { setImmediate } from 'node:timers/promises'
import { canonicalJson } from '../../../base/canonical-json.ts'
import { formatPolicyArtefact, policyVersionOf, type PolicyFamily } from '../../../core/policy/policy-artefact.ts'
import type { TrainingFile } from '../../../core/policy/training-record.ts'
import { promptFeatureSet } from '../../../core/policy/prompt-feature-set.ts'
import { parseDatasetRow } from '../../../learning/dataset/dataset-row.ts'
import { TrainedTaskCollector } from '../../../learning/training/trained-task-collector.ts'
import { trainArtefact } from '../../../learning/training/train-artefact.ts'
import type { TrainingReport } from '../../../learning/training/training-report.ts'
import { TrainingSetBuilder, type TrainingSet } from '../../../learning/training/training-set.ts'
import { loadWasmKernel } from '../../../wasm/node-load.ts'
import { nativeSha256Hex } from '../../open-answer-cache.ts'
import { readPackageVersion } from '../../package-version.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import { readRowFiles } from '../read-row-files.ts'
import { openCheckpoints } from './training-checkpoints.ts'

export type PolicyTrainingInit = {
  /** Absolute paths of datasets or evaluation files, JSON Lines or `.gz`. */
  readonly files: readonly string[]
  readonly family: 'auto' | PolicyFamily
  /** Two models between which a router is wanted. */
  readonly pair?: { readonly strong: string; readonly weak: string }
  /** 0 to 2^32 - 1. */
  readonly seed: number
  /** Version of the policy that this one follows. */
  readonly parent?: string
  /** Where results of steps are kept while the run lasts. */
  readonly checkpointFolder: string
  /** Take up a run on the same rows and settings that was stopped. */
  readonly isResumed: boolean
  /** Hash buckets of the gradient methods are 2^bits, 12 to 20. Default 18. */
  readonly bucketBits?: number
}

export type PolicyTraining = {
  /** The artefact as a file holds it. */
  readonly text: string
  readonly version: string
  readonly dataCardHash: string
  readonly report: TrainingReport
  /** Steps whose results an earlier run had left. */
  readonly resumedSteps: number
  /** The files with the SHA-256 of their text, unpacked. */
  readonly sources: readonly { readonly path: string; readonly hash: string }[]
  /** To be called when the policy is kept; until then a resumed run gives it again at once. */
  forget(): Promise<void>
}

const BUCKET_BITS_DEFAULT = 18

/**
 * Trains a policy on files. The same files in the same order with the same settings give the same bytes, whether the run was stopped and resumed or not.
 * Rows are encoded as they are read; memory is about 1 KB a row and 10 bytes a row and model.
 *
 * Throws `TRAINING_DATA_INVALID` naming file and line, `TRAINING_DATA_TOO_LARGE`, `STORE_WRITE_FAILED`, and the signal's reason: then `isResumed` goes
 * on where it was.
 */
export async function trainPolicyOnFiles(
  init: PolicyTrainingInit,
  options: DataWorkOptions = {},
): Promise<PolicyTraining> {
  const { family, pair, seed, parent } = init
  const kernel = await loadWasmKernel()
  const bucketBits = init.bucketBits ?? BUCKET_BITS_DEFAULT
  const builder = new TrainingSetBuilder({ kernel, bucketBits, seed })
  const collector = new TrainedTaskCollector(nativeSha256Hex)
  const read = await readFiles(init.files, { builder, collector }, options)
  const hashes = read.map(({ sha256 }) => sha256)
  const set = builder.finish()
  const codeVersion = readPackageVersion()
  const dataCardHash = nativeSha256Hex(canonicalJson(cardOf(set, hashes)))
  const fingerprint = nativeSha256Hex(
    canonicalJson({ data: dataCardHash, hashes, codeVersion, family, pair: pair ?? null, seed, bucketBits }),
  )
  const trained = collector.pack(dataCardHash)
  const checkpoints = await openCheckpoints({
    folder: init.checkpointFolder,
    fingerprint,
    isResumed: init.isResumed,
  })
  const { artefact, report } = await trainArtefact(
    { kernel, checkpoints, pause: async () => await setImmediate() },
    {
      set,
      family,
      ...(pair !== undefined && { pair }),
      seed,
      lineage: {
        dataCardHash,
        codeVersion,
        ...(parent !== undefined && { parent }),
        training: { files: read, ...(trained !== undefined && { tasks: trained }) },
      },
    },
    {
      ...(options.signal !== undefined && { signal: options.signal }),
      onProgress: ({ done, total }) => options.onProgress?.({ stage: 'training', done, total }),
    },
  )
  return {
    text: formatPolicyArtefact(artefact),
    version: policyVersionOf(artefact),
    dataCardHash,
    report,
    resumedSteps: checkpoints.foundCount,
    sources: init.files.map((path, index) => ({ path, hash: hashes[index] ?? '' })),
    forget: async () => await checkpoints.remove(),
  }
}

/** Adds all rows to the builder and their tasks to the collector. */
async function readFiles(
  files: readonly string[],
  { builder, collector }: { readonly builder: TrainingSetBuilder; readonly collector: TrainedTaskCollector },
  options: DataWorkOptions,
): Promise<readonly TrainingFile[]> {
  const reading = { sha256Hex: nativeSha256Hex, featureSet: promptFeatureSet() }
  const read = await readRowFiles(files, options, (line, place) => {
    const task = parseDatasetRow(line, place, reading)
    if (task === undefined) return false
    builder.add(task)
    collector.add(task)
    return true
  })
  return read.map(({ sha256, rows }) => ({ sha256, rows }))
}

/** What the rows were: the lineage holds its hash. Files count in any order. */
function cardOf(
  { rowCount, candidates, leftOut, unreadableRows }: TrainingSet,
  hashes: readonly string[],
): Readonly<Record<string, unknown>> {
  return {
    files: hashes.toSorted(),
    rows: rowCount,
    unreadable_rows: unreadableRows,
    models: Object.fromEntries(candidates.map(({ name, settled }) => [name, settled.count])),
    left_out: leftOut,
  }
}

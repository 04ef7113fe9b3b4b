import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, copyFile, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import { CodedError } from '../../../../base/errors.ts'
import { policyPrompt } from '../../../../core/policy/policy-question.ts'
import { readPackageVersion } from '../../../package-version.ts'
import type { DataWorkOptions } from '../../data-progress.ts'
import { draftPath, sweepDrafts } from '../draft-file.ts'
import type { LoraPlanDocument } from './plan-document.ts'
import { convertScript, planReadme, REQUIREMENTS } from './plan-texts.ts'
import { TRAIN_SCRIPT } from './train-script.ts'

export type LoraPlan = {
  readonly folder: string
  readonly data_path: string
  readonly data_sha256: string
  readonly document: LoraPlanDocument
}

export type LoraPlanInit = {
  /** Absolute path of the folder to make. */
  readonly folder: string
  /** File that `buildSft` wrote. */
  readonly examples: string
  readonly rows: number
  readonly seed: number
  /** Another plan in its place goes; anything else there stays, and is an error. */
  readonly mayReplace: boolean
}

const DATA_FILE = 'examples.jsonl'

/**
 * Writes a folder that trains a LoRA adapter on a machine with a GPU, whole or not at all. The examples are copied into it, so that it can be moved.
 *
 * Throws `STORE_WRITE_FAILED`, also where something else than a plan is in the way, and the signal's reason.
 */
export async function writeLoraPlan(init: LoraPlanInit, { signal }: DataWorkOptions = {}): Promise<LoraPlan> {
  const { folder, examples } = init
  let draft: string | undefined
  try {
    await requireRoom(init)
    await mkdir(dirname(folder), { recursive: true })
    sweepDrafts(folder)
    draft = await mkdtemp(`${draftPath(folder)}-`)
    const data = join(draft, DATA_FILE)
    if (examples.endsWith('.gz')) await unpack(examples, data)
    else await copyFile(examples, data)
    await chmod(data, 0o600)
    const document = documentOf(init, await hashFile(data))
    const texts = {
      'plan.json': `${JSON.stringify(document, undefined, 2)}\n`,
      'train.py': TRAIN_SCRIPT,
      'requirements.txt': REQUIREMENTS,
      'convert.sh': convertScript(document),
      'README.md': planReadme(document),
    }
    for (const [name, text] of Object.entries(texts)) await writeFile(join(draft, name), text, { mode: 0o600 })
    signal?.throwIfAborted()
    if (init.mayReplace) await rm(folder, { recursive: true, force: true })
    await rename(draft, folder)
    return { folder, data_path: join(folder, DATA_FILE), data_sha256: document.data.sha256, document }
  } catch (cause: unknown) {
    signal?.throwIfAborted()
    if (CodedError.is(cause)) throw cause
    throw new CodedError('STORE_WRITE_FAILED', {
      message: `The plan ${folder} cannot be written`,
      cause,
      details: { folder },
    })
  } finally {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true })
  }
}

/** A folder is replaced only when it is a plan: nobody means to delete anything else by `--force`. */
async function requireRoom({ folder, mayReplace }: LoraPlanInit): Promise<void> {
  if (!(await isThere(folder))) return
  if (mayReplace && (await isThere(join(folder, 'plan.json')))) return
  throw new CodedError('STORE_WRITE_FAILED', {
    message: `${folder} is there already${mayReplace ? ', and is no plan' : ''}`,
    details: { folder, remedy: 'Name another folder.' },
  })
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

function documentOf({ rows, seed }: LoraPlanInit, sha256: string): LoraPlanDocument {
  return {
    format: 'kernell-lora-plan',
    version: 1,
    code_version: readPackageVersion(),
    base_model: 'Qwen/Qwen2.5-0.5B-Instruct',
    steps: 300,
    learning_rate: 2e-4,
    rank: 16,
    alpha: 32,
    dropout: 0.05,
    target_modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    batch_size: 1,
    batches_per_step: 16,
    logits_of: 'answer',
    has_checkpoints: true,
    warmup_steps: 10,
    tokens_max: 2048,
    held_out_share: 0.05,
    seed,
    data: { file: DATA_FILE, sha256, rows },
    system: policyPrompt('').system,
    llama_cpp: { repository: 'ggml-org/llama.cpp', tag: LLAMA_CPP_TAG },
  }
}

/** What `node-llama-cpp` of `devDependencies` is built from; a test holds the two together. */
export const LLAMA_CPP_TAG = 'v0.5.0'

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}

async function unpack(from: string, to: string): Promise<void> {
  await pipeline(createReadStream(from), createGunzip(), createWriteStream(to, { mode: 0o600 }))
}

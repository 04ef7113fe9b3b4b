import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parsePolicyArtefact } from '../../../../src/core/policy/policy-artefact.ts'
import { openTrainedTasks } from '../../../../src/core/policy/trained-tasks.ts'
import { readLoggedTasks } from '../../../../src/learning/dataset/dataset-row.ts'
import { trainPolicyOnFiles, type PolicyTrainingInit } from '../../../../src/node/learning/training/train-policy.ts'
import { openCheckpoints } from '../../../../src/node/learning/training/training-checkpoints.ts'
import { nativeSha256Hex } from '../../../../src/node/open-answer-cache.ts'
import { syntheticRows } from '../../../core/learning/synthetic-rows.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-train-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function evaluationLines(count: number, seed: number): string {
  return syntheticRows(count, seed)
    .map(({ prompt, outcomes }, row) => {
      const models = Object.fromEntries(
        [...outcomes].map(([name, { score, costUsd }]) => [name, { score, cost_usd: costUsd }]),
      )
      return `${JSON.stringify({ id: row, prompt: `${prompt} (${row})`, models })}\n`
    })
    .join('')
}

function initOf(files: readonly string[], change: Partial<PolicyTrainingInit> = {}): PolicyTrainingInit {
  return {
    files,
    family: 'auto',
    seed: 1,
    checkpointFolder: join(folder, 'training'),
    isResumed: false,
    bucketBits: 13,
    ...change,
  }
}

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text)
  return file
}

describe('training on files', () => {
  it('gives the same bytes for the same rows, packed or not, and keeps nothing of the run', async () => {
    const lines = evaluationLines(90, 1)
    const plain = await trainPolicyOnFiles(initOf([write('rows.jsonl', lines)]))
    const packed = await trainPolicyOnFiles(initOf([write('rows.jsonl.gz', lines)]))
    expect(packed.text).toBe(plain.text)
    expect(packed.version).toBe(plain.version)
    for (const { forget } of [plain, packed]) await forget()
    expect(readdirSync(join(folder, 'training'))).toEqual([])
    const { lineage } = parsePolicyArtefact(plain.text)
    expect(lineage).toMatchObject({ dataCardHash: plain.dataCardHash, metrics: { rows: 90 } })
    expect(lineage.parent).toBeUndefined()
  })

  it('holds which files and which tasks it saw, and no hash of a task', async () => {
    const [one, two] = [evaluationLines(60, 1), evaluationLines(40, 2)]
    const { text, dataCardHash } = await trainPolicyOnFiles(
      initOf([write('one.jsonl', one), write('two.jsonl.gz', two)]),
    )
    const { training } = parsePolicyArtefact(text).lineage
    expect(training?.files).toEqual([
      { sha256: nativeSha256Hex(one), rows: 60 },
      { sha256: nativeSha256Hex(two), rows: 40 },
    ])
    if (training?.tasks === undefined) throw new Error('no tasks')
    const set = openTrainedTasks(training.tasks, { salt: dataCardHash, sha256Hex: nativeSha256Hex })
    const hashes = (lines: string): readonly string[] =>
      readLoggedTasks({ name: 'rows', text: lines }).map(({ taskHash }) => taskHash)
    expect(hashes(one + two).filter((hash) => set?.has(hash) !== true)).toEqual([])
    const others = hashes(evaluationLines(200, 3).replaceAll('What about', 'Say something about'))
    expect(others.filter((hash) => set?.has(hash) && !hashes(one + two).includes(hash))).toEqual([])
    expect(training.tasks.count).toBe(new Set(hashes(one + two)).size)
    for (const hash of hashes(one + two)) expect(text).not.toContain(hash.slice(0, 13))
  })

  it('names its parent, and tells other rows and other seeds apart', async () => {
    const file = write('rows.jsonl', evaluationLines(60, 1))
    const first = await trainPolicyOnFiles(initOf([file]))
    const child = await trainPolicyOnFiles(initOf([file], { parent: first.version }))
    expect(parsePolicyArtefact(child.text).lineage.parent).toBe(first.version)
    const other = await trainPolicyOnFiles(initOf([write('other.jsonl', evaluationLines(60, 2))]))
    expect(new Set([first.version, child.version, other.version]).size).toBe(3)
    expect(other.dataCardHash).not.toBe(first.dataCardHash)
  })

  it('goes on where it was stopped, to the same bytes', async () => {
    const file = write('rows.jsonl', evaluationLines(90, 1))
    const whole = await trainPolicyOnFiles(initOf([file]))
    const stopper = new AbortController()
    const stopped = trainPolicyOnFiles(initOf([file]), {
      signal: stopper.signal,
      onProgress: ({ stage, done }) => {
        if (stage === 'training' && done === 30) stopper.abort(new Error('enough'))
      },
    })
    await expect(stopped).rejects.toThrow('enough')
    const resumed = await trainPolicyOnFiles(initOf([file], { isResumed: true }))
    expect(resumed.resumedSteps).toBeGreaterThanOrEqual(29)
    expect(resumed.text).toBe(whole.text)
  })

  it('does not take over steps of other rows, or when it is not asked to', async () => {
    const file = write('rows.jsonl', evaluationLines(60, 1))
    const stopper = new AbortController()
    const stopped = trainPolicyOnFiles(initOf([file]), {
      signal: stopper.signal,
      onProgress: ({ stage, done }) => {
        if (stage === 'training' && done === 5) stopper.abort(new Error('enough'))
      },
    })
    await expect(stopped).rejects.toThrow('enough')
    const other = write('other.jsonl', evaluationLines(60, 2))
    expect((await trainPolicyOnFiles(initOf([other], { isResumed: true }))).resumedSteps).toBe(0)
    expect((await trainPolicyOnFiles(initOf([file]))).resumedSteps).toBe(0)
  })

  it.each([
    ['a broken line', '{"prompt":', 'rows.jsonl:61'],
    ['a score that is none', '{"prompt":"a","models":{"m":{"score":7}}}', 'rows.jsonl:61'],
  ])('names %s', async (_, line, place) => {
    const file = write('rows.jsonl', `${evaluationLines(60, 1)}${line}\n`)
    await expect(trainPolicyOnFiles(initOf([file]))).rejects.toMatchObject({
      code: 'TRAINING_DATA_INVALID',
      message: expect.stringContaining(place) as string,
    })
  })
})

describe('checkpoints of a run', () => {
  const fingerprint = 'ab'.repeat(32)
  const open = async (isResumed: boolean): ReturnType<typeof openCheckpoints> =>
    await openCheckpoints({ folder: join(folder, 'training'), fingerprint, isResumed })

  it('do not give a result that was damaged', async () => {
    const kept = await open(false)
    await kept.write('step', Uint8Array.of(1, 2, 3))
    expect(await kept.read('step')).toEqual(Uint8Array.of(1, 2, 3))
    const file = join(folder, 'training', fingerprint, 'step.step')
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] = 9
    writeFileSync(file, bytes)
    expect(await (await open(true)).read('step')).toBeUndefined()
    writeFileSync(file, bytes.subarray(0, 10))
    expect(await (await open(true)).read('step')).toBeUndefined()
  })

  it('of the oldest runs go first', async () => {
    for (const digit of '123456') mkdirSync(join(folder, 'training', digit.repeat(64)), { recursive: true })
    await open(false)
    expect(readdirSync(join(folder, 'training'))).toHaveLength(4)
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGgufModel, type GgufModel } from '../../src/models/gguf/gguf-model.ts'
import { createLlamaRuntime } from '../../src/models/gguf/llama-runtime.ts'
import type { ModelRequest } from '../../src/ports/language-model.ts'
import { failureOf } from '../fixtures/failure-of.ts'
import { makeTinyAdapter, type TinyAdapterInit } from '../fixtures/make-tiny-adapter.ts'
import { makeTinyGguf } from '../fixtures/make-tiny-gguf.ts'

const REQUEST: ModelRequest = {
  messages: [{ role: 'user', content: 'What is the answer?' }],
  maxOutputTokens: 24,
  temperature: 0,
}

const runtime = createLlamaRuntime({ gpu: 'off' })
const folder = mkdtempSync(join(tmpdir(), 'kernell-adapter-'))
const path = join(folder, 'tiny.gguf')
const fileOf = (name: string): string => join(folder, `${name}.gguf`)

function modelWith(adapterPath?: string): GgufModel {
  const adapter = adapterPath === undefined ? {} : { adapterPath }
  return createGgufModel({ modelId: 'gguf/tiny', path, contextTokens: 512, ...adapter }, { runtime })
}

async function answerOf(adapterPath?: string): Promise<string> {
  await using model = modelWith(adapterPath)
  return (await model.doGenerate(REQUEST)).text
}

function makeAdapter(name: string, init: TinyAdapterInit = {}): string {
  makeTinyAdapter(fileOf(name), init)
  return fileOf(name)
}

beforeAll(() => makeTinyGguf(path))
afterAll(async () => {
  await runtime.dispose()
  rmSync(folder, { recursive: true, force: true })
})

describe('an adapter that is refused', () => {
  test('because it is not there', async () => {
    const error = await failureOf(modelWith(fileOf('absent')).doGenerate(REQUEST))
    expect([error.code, error.message]).toEqual([
      'MODEL_FILE_INVALID',
      'The model file absent.gguf cannot be used: it cannot be read',
    ])
  })

  test.each<[string, TinyAdapterInit, string]>([
    ['is for another architecture', { architecture: 'qwen2' }, 'of the architecture qwen2, and the model is llama'],
    ['is for a wider model', { dimensions: 128 }, 'attn_output.weight has 64 x 64 places'],
    ['changes what the model has not', { target: 'attn_gate' }, 'the model has no blk.0.attn_gate.weight'],
    ['is half', { isHalf: true }, 'half of blk.0.attn_output.weight is missing'],
    ['is cut off', { truncateBytes: 200 }, 'it ends before its tensor'],
    [
      'is an adapter of another kind',
      { metadata: { 'adapter.type': { type: 'string', value: 'control' } } },
      'it is not a LoRA adapter',
    ],
  ])('because it %s', async (name, init, reason) => {
    const error = await failureOf(modelWith(makeAdapter(name, init)).doGenerate(REQUEST))
    expect([error.code, error.message]).toEqual(['MODEL_FILE_INVALID', expect.stringContaining(reason)])
  })

  test('because it is a model', async () => {
    const error = await failureOf(modelWith(path).doGenerate(REQUEST))
    expect([error.code, error.message]).toEqual([
      'MODEL_FILE_INVALID',
      expect.stringContaining('it is not a LoRA adapter'),
    ])
  })

  test('because it is no GGUF file at all', async () => {
    writeFileSync(fileOf('text'), 'adapter')
    const error = await failureOf(modelWith(fileOf('text')).doGenerate(REQUEST))
    expect([error.code, error.message]).toEqual([
      'MODEL_FILE_INVALID',
      expect.stringContaining('not a whole GGUF file'),
    ])
  })
})

describe('an adapter', () => {
  test('changes the answers, each its own way, and one of hardly any weight changes nothing', async () => {
    const plain = await answerOf()
    const changed = await answerOf(makeAdapter('one'))
    const other = await answerOf(makeAdapter('another', { seed: 8 }))
    expect(new Set([plain, changed, other]).size).toBe(3)
    expect(await answerOf(makeAdapter('light', { alpha: 1e-30 }))).toBe(plain)
    expect(await answerOf(fileOf('one'))).toBe(changed)
  })

  test('is no part of another model of the same file', async () => {
    await using plain = modelWith()
    await using adapted = modelWith(makeAdapter('own'))
    const before = (await plain.doGenerate(REQUEST)).text
    expect((await adapted.doGenerate(REQUEST)).text).not.toBe(before)
    expect((await plain.doGenerate(REQUEST)).text).toBe(before)
  })
})

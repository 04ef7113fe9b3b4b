import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelFolder, pullModel } from '../../src/node/pull-model.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-pull-'))
  writeFileSync(join(folder, 'tiny.gguf'), 'GGUF and the rest')
  writeFileSync(join(folder, 'tiny.txt'), 'GGUF and the rest')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function uriOf(file: string): string {
  return pathToFileURL(join(folder, file)).href
}

describe('pulling a model', () => {
  it('brings a file into the data directory under its own name', async () => {
    const pulled = await pullModel({ uri: uriOf('tiny.gguf'), dataDir: folder })
    expect(pulled).toMatchObject({ path: join(modelFolder(folder), 'tiny.gguf'), sizeBytes: 17 })
    expect(readFileSync(pulled.path, 'utf8')).toBe('GGUF and the rest')
  })

  it('refuses a digest that differs, and leaves nothing', async () => {
    const dataDir = join(folder, 'other')
    await expect(pullModel({ uri: uriOf('tiny.gguf'), dataDir, sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'MODEL_DOWNLOAD_FAILED',
    })
    expect(existsSync(join(modelFolder(dataDir), 'tiny.gguf'))).toBe(false)
  })

  it.each([
    ['ftp://host/tiny.gguf'],
    ['http://host/tiny.gguf'],
    ['tiny.gguf'],
    ['https://host/model.bin'],
    ['https://host/..%2f..%2fevil.gguf'],
    ['hf:owner/repository'],
    ['https://host/.gguf'],
  ])('refuses %s before anything is sent', async (uri) => {
    await expect(pullModel({ uri, dataDir: folder })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })
})

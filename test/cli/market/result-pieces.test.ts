import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256HexOfBytes } from '../../../src/base/sha256.ts'
import { writeResult } from '../../../src/cli/market-artifacts.ts'
import { findResultPlace } from '../../../src/cli/result-file.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { PIECE_BYTES } from '../../../src/wire/v1/piece-list.ts'

const WHOLE = new Uint8Array(PIECE_BYTES).fill(7)
const LAST = new Uint8Array(5).fill(8)
const RESULT = {
  kind: 'pieces' as const,
  sizeBytes: 9 * PIECE_BYTES + LAST.length,
  pieces: [...Array.from({ length: 9 }, () => WHOLE), LAST].map((piece) => sha256HexOfBytes(piece) as Hash),
}

/** What is in the folder after a result was written into it from a node that has these pieces. */
async function written(pieces: readonly Uint8Array[]): Promise<Readonly<Record<string, Uint8Array>>> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-result-'))
  const files = new Map(RESULT.pieces.map((name, index) => [name as string, pieces[index] ?? new Uint8Array()]))
  const ask = async ({ hashes }: { readonly hashes?: unknown }): Promise<{ pieces: string[] }> => {
    const named = typeof hashes === 'string' ? hashes.split(',') : []
    return await Promise.resolve({
      pieces: named.map((name) => Buffer.from(files.get(name) ?? []).toString('base64url')),
    })
  }
  const terminal = { startProgress: () => ({ advance: () => undefined, finish: () => undefined }) }
  try {
    const place = await findResultPlace('out', folder)
    await writeResult({ ask }, { result: RESULT, place, terminal: terminal as never })
  } catch (error: unknown) {
    expect(error).toMatchObject({ code: 'MARKET_OBJECT_UNKNOWN' })
  }
  const names = await readdir(folder)
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))])))
}

describe('a result in pieces', () => {
  it('is written whole, each piece at its place', async () => {
    const { out } = await written([...Array.from({ length: 9 }, () => WHOLE), LAST])
    expect(out?.byteLength).toBe(9 * PIECE_BYTES + 5)
    expect(out?.subarray(9 * PIECE_BYTES)).toEqual(Buffer.from(LAST))
  })

  it('is written not at all where a file is no piece of it', async () => {
    expect(await written([...Array.from({ length: 9 }, () => WHOLE.subarray(1)), LAST])).toEqual({})
    expect(await written([...Array.from({ length: 9 }, () => WHOLE), LAST.subarray(1)])).toEqual({})
  })
})

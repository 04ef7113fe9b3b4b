import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCivilDate, type CivilDate } from '../../../src/core/models/civil-date.ts'
import { downloadPriceList } from '../../../src/node/prices/download-price-list.ts'
import {
  importPriceList,
  readImportedPriceLists,
  readImportedRows,
} from '../../../src/node/prices/imported-price-lists.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-prices-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function day(text: string): CivilDate {
  const parsed = parseCivilDate(text)
  if (parsed === undefined) throw new TypeError(`Not a day: ${text}`)
  return parsed
}

/** A list of one model in LiteLLM's format, `usd` dollars per million tokens each way. */
function litellm(usd: number): string {
  const entry = {
    litellm_provider: 'openai',
    mode: 'chat',
    input_cost_per_token: usd / 1e6,
    output_cost_per_token: usd / 1e6,
  }
  return JSON.stringify({ 'gpt-4o-mini': entry })
}

/** The same model as rows already brought into one form, which every format takes. */
function portkeyRows(usd: number): string {
  return JSON.stringify([
    { provider: 'openai', model: 'gpt-4o-mini', input_usd_per_mtok: usd, output_usd_per_mtok: usd },
  ])
}

async function importLitellm(usd: number, on: string): ReturnType<typeof importPriceList> {
  return await importPriceList(folder, { format: 'litellm', text: litellm(usd), source: 'a.json', checkedOn: day(on) })
}

async function inputNanos(): Promise<readonly (bigint | undefined)[]> {
  return (await readImportedRows(folder)).map((row) => row.prices[0]?.inputNanosPerMillion)
}

describe('imported price lists', () => {
  it('are none in a fresh directory', async () => {
    expect(await readImportedPriceLists(folder)).toEqual([])
  })

  it('come back as they were imported, with their source and day', async () => {
    expect(await importLitellm(2, '2026-08-01')).toMatchObject({
      name: 'litellm',
      rowCount: 1,
      refused: [],
      conflicts: [],
    })
    const [list] = await readImportedPriceLists(folder)
    expect(list?.rows[0]?.prices[0]).toMatchObject({
      inputNanosPerMillion: 2_000_000_000n,
      source: 'litellm list, a.json',
      checkedOn: '2026-08-01',
    })
  })

  it('of one format replace each other', async () => {
    await importLitellm(2, '2026-08-01')
    await importLitellm(3, '2026-08-02')
    expect(await inputNanos()).toEqual([3_000_000_000n])
    expect(readdirSync(join(folder, 'price-lists'))).toEqual(['litellm.json'])
  })

  it('that differ are reported, and the one that was read last counts', async () => {
    await importLitellm(2, '2026-08-05')
    const imported = await importPriceList(folder, {
      format: 'portkey',
      text: portkeyRows(5),
      source: 'b.json',
      checkedOn: day('2026-08-01'),
    })
    expect(
      imported.conflicts.map(({ provider, model, prices }) => [provider, model, Object.keys(prices).toSorted()]),
    ).toEqual([['openai', 'gpt4omini', ['litellm', 'portkey']]])
    expect(await inputNanos()).toEqual([2_000_000_000n])
  })

  it.each([
    ['no JSON at all', '{', 'is not JSON'],
    ['another format', '[1]', 'is not a price list in the format litellm'],
    ['an empty list', '{}', 'is not a price list in the format litellm'],
  ])('refuse %s and keep nothing', async (_name, text, message) => {
    const importing = importPriceList(folder, { format: 'litellm', text, source: 'x', checkedOn: day('2026-08-01') })
    await expect(importing).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining(message) as unknown,
    })
    expect(await readImportedPriceLists(folder)).toEqual([])
  })

  it.each([['not json'], ['{}'], ['{"format":"litellm","source":"a","checkedOn":"2026-08-01","document":[]}']])(
    'that are damaged (%s) are named',
    async (text) => {
      await importLitellm(2, '2026-08-01')
      writeFileSync(join(folder, 'price-lists/litellm.json'), text)
      await expect(readImportedPriceLists(folder)).rejects.toMatchObject({
        code: 'STORE_CORRUPTED',
        message: expect.stringContaining('litellm.json') as unknown,
      })
    },
  )
})

describe('a list behind an address', () => {
  let server: Server | undefined

  afterEach(() => server?.close())

  async function serve(answer: {
    readonly status: number
    readonly headers?: Record<string, string>
    readonly body?: string
  }): Promise<string> {
    server = createServer((_request, response) =>
      response.writeHead(answer.status, answer.headers).end(answer.body ?? ''),
    )
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.json`
  }

  it('is downloaded', async () => {
    expect(await downloadPriceList(await serve({ status: 200, body: litellm(1) }))).toBe(litellm(1))
  })

  it('is not followed elsewhere: a redirect is named instead', async () => {
    const url = await serve({ status: 302, headers: { location: 'http://10.0.0.1/secret' } })
    await expect(downloadPriceList(url)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('http://10.0.0.1/secret') as unknown,
    })
  })

  it('must be http or https', async () => {
    await expect(downloadPriceList('file:///etc/passwd')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })
})

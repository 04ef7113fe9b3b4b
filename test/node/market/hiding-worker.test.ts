import { describe, expect, it } from 'vitest'
import type { MarketWorker } from '../../../src/market/parties/role/market-worker.ts'
import { createHidingWorker } from '../../../src/node/market/hiding-worker.ts'

const KEY = `sk-${'aB3dE5'.repeat(6)}`
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function sold(result: Uint8Array, input = ''): Promise<{ result: Uint8Array; told: unknown[] }> {
  const told: unknown[] = []
  const worker: MarketWorker = async (_input, { progress }) => {
    progress({ text: `asked with ${KEY}`, donePpm: 5, partial: bytesOf(`mail jane@example.com`) })
    return await Promise.resolve(result)
  }
  const options = {
    signal: new AbortController().signal,
    count: () => undefined,
    progress: ({ partial, ...made }: { partial?: Uint8Array }) =>
      void told.push({ ...made, partial: new TextDecoder().decode(partial) }),
  }
  return { result: await createHidingWorker(worker)(bytesOf(input), options), told }
}

const soldText = async (text: string, input?: string): Promise<string> =>
  new TextDecoder().decode((await sold(bytesOf(text), input)).result)

async function toldInPieces(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const told: number[] = []
  const worker: MarketWorker = async (_input, { progress }) => {
    for (let at = 0; at < bytes.byteLength; at += size) progress({ partial: bytes.slice(at, at + size) })
    return await Promise.resolve(new Uint8Array(0))
  }
  const options = {
    signal: new AbortController().signal,
    count: () => undefined,
    progress: ({ partial }: { partial?: Uint8Array }) => void told.push(...(partial ?? [])),
  }
  await createHidingWorker(worker)(new Uint8Array(0), options)
  return Uint8Array.from(told)
}

describe('what is sold by a node that hides secrets', () => {
  it('says none of them, in texts, in JSON and in names of members', async () => {
    expect(await soldText(`the key is ${KEY}.`)).toBe('the key is [redacted api-key].')
    const answer = await soldText(
      JSON.stringify({ text: `a "${KEY}"`, list: [{ password: 'hunter2horse' }], [`${KEY}`]: 1 }),
    )
    expect(answer).not.toMatch(/sk-aB3dE5|hunter2horse/)
    expect(JSON.parse(answer)).toMatchObject({ text: 'a "[redacted api-key]"', '[redacted api-key]': 1 })
  })

  it('gives back to the payer what it sent itself', async () => {
    const text = JSON.stringify({ text: `write to jane@example.com, not to john@example.com` })
    const input = JSON.stringify({ messages: [{ content: 'ask jane@example.com' }] })
    expect(await soldText(text, input)).toBe(
      JSON.stringify({ text: 'write to jane@example.com, not to [redacted email]' }),
    )
  })

  it('is what it was, to the byte, where there is nothing to hide or it is no text', async () => {
    const spaced = bytesOf('{ "a":  1 }')
    expect((await sold(spaced)).result).toBe(spaced)
    const image = Uint8Array.of(0xff, 0xd8, 0xff)
    expect((await sold(image)).result).toBe(image)
  })

  it('and what is told of its progress says none of them', async () => {
    expect((await sold(bytesOf(''))).told).toEqual([
      { text: 'asked with [redacted api-key]', donePpm: 5, partial: '' },
      { partial: 'mail [redacted email]' },
    ])
  })

  it.each([3, 7, 64, 1_000])(
    'also where it is told in pieces of %i bytes that cut secrets and characters',
    async (size) => {
      const words = 'Über vieles wird geredet, 説明も. '.repeat(20)
      const text = `${words}key ${KEY}. ${words}password=hunter2horse ${words}jane@example.com ${words}`
      expect(await toldInPieces(bytesOf(text), size)).toEqual(
        bytesOf(
          `${words}key [redacted api-key]. ${words}password=[redacted password] ${words}[redacted email] ${words}`,
        ),
      )
      const image = Uint8Array.from({ length: 2_000 }, (_, at) => (at * 7) % 256)
      expect(await toldInPieces(image, size)).toEqual(image)
    },
  )
})

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
      { text: 'asked with [redacted api-key]', donePpm: 5, partial: 'mail [redacted email]' },
    ])
  })
})

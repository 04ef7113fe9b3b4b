import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RepeatedChunk } from '../../src/models/openai/repeated-chunk.ts'

const chunkOf = (delta: unknown, rest: object = { finish_reason: null }): string =>
  JSON.stringify({ id: 'c1', model: 'm', choices: [{ index: 0, delta, ...rest }] })

function learnt(data: string, text: string): RepeatedChunk {
  const repeated = new RepeatedChunk()
  repeated.learn(data, text)
  return repeated
}

describe('a repeated chunk', () => {
  it('is read as parsing would read it, whatever the text', () => {
    const repeated = learnt(chunkOf({ content: 'Hello' }), 'Hello')
    fc.assert(
      fc.property(fc.oneof(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: 'binary' })), (text) => {
        expect(repeated.textOf(chunkOf({ content: text }))).toBe(text)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('is left to the parser when more than the text differs', () => {
    const repeated = learnt(chunkOf({ content: 'Hello' }), 'Hello')
    const others = [
      chunkOf({ content: '' }),
      chunkOf({}),
      chunkOf({ content: 'x' }, { finish_reason: 'stop' }),
      chunkOf({ content: 'x', refusal: 'no' }),
      chunkOf({ content: 'x', tool_calls: [] }),
      JSON.stringify({ error: { message: 'x' } }),
      chunkOf({ content: 'x' }).replace('"x"', '"x","content":"y"'),
      chunkOf({ content: 'x' }).replace('"x"', '"x\\"'),
      `${chunkOf({ content: 'x' })} `,
      '[DONE]',
    ]
    expect(others.map((data) => repeated.textOf(data))).toEqual(others.map(() => undefined))
  })

  it('is not learnt where the text stands elsewhere as well, or the chunk says more', () => {
    expect(
      learnt(chunkOf({ content: 'Hello' }, { finish_reason: 'stop' }), 'Hello').textOf(
        chunkOf({ content: 'x' }, { finish_reason: 'stop' }),
      ),
    ).toBeUndefined()
    const decoy = `{"content":"Hello",${chunkOf({ content: 'Hello' }).slice(1)}`
    expect(learnt(decoy, 'Hello').textOf(decoy.replace('"Hello"', '"x"'))).toBeUndefined()
  })

  it('is given up where every chunk brings something new', () => {
    const repeated = new RepeatedChunk()
    for (let index = 0; index < 10; index += 1) {
      const data = chunkOf({ content: `t${index}` }, { finish_reason: null, obfuscation: `${index}${index}` })
      expect(repeated.textOf(data)).toBeUndefined()
      repeated.learn(data, `t${index}`)
    }
  })
})

import { expect, it } from 'vitest'
import { readFencedBlocks } from '../../../src/core/text/fenced-blocks.ts'

it('reads blocks with their language', () => {
  const text = 'Intro\n```ts title="a"\nconst a = 1\n```\nand\n~~~\nplain\n~~~\n'
  expect(readFencedBlocks(text)).toEqual({
    blocks: [
      { language: 'ts', content: 'const a = 1\n' },
      { language: '', content: 'plain\n' },
    ],
    isLastOpen: false,
  })
})

it('closes a fence only with as many of the same marks', () => {
  expect(readFencedBlocks('````md\n```\nx\n```\n````').blocks).toEqual([{ language: 'md', content: '```\nx\n```\n' }])
  expect(readFencedBlocks('```\n~~~\n').isLastOpen).toBe(true)
})

it('takes linear time on a text of opening fences', () => {
  const text = '```js\n'.repeat(50_000)
  const start = performance.now()
  expect(readFencedBlocks(text).isLastOpen).toBe(true)
  expect(performance.now() - start).toBeLessThan(2000)
})

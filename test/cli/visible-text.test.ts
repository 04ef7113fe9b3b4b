import { expect, it } from 'vitest'
import { visibleText } from '../../src/cli/visible-text.ts'

it('shows what would act on the terminal, and leaves colours and line ends', () => {
  expect(visibleText('a\u001b[2Jb\u0007c\u202ed\te')).toBe('a\\u{1b}[2Jb\\u{7}c\\u{202e}d\te')
  expect(visibleText('\u001b[31mred\u001b[0m\nnext')).toBe('\u001b[31mred\u001b[0m\nnext')
})

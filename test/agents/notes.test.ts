import { describe, expect, it } from 'vitest'
import { estimateTokens } from 'kernell-os/core'
import { noteDown, notesOf, openNotes } from '../../agents/notes.ts'

const note = (id: string, text: string) => ({ kind: 'memory', id, text })

describe('the notes of an agent', () => {
  it('name what was noted last first, by kind', () => {
    const notes = noteDown(openNotes(100), [
      note('a', 'one'),
      { kind: 'finding', id: 'a', text: 'two' },
      note('b', 'three'),
    ])
    expect(notesOf(notes, 'memory')).toEqual([
      { id: 'b', text: 'three' },
      { id: 'a', text: 'one' },
    ])
    expect(notesOf(notes, 'finding')).toEqual([{ id: 'a', text: 'two' }])
  })

  it('let go of what was noted longest ago where there is no room', () => {
    const text = 'a bridge over the river '.repeat(5)
    const notes = noteDown(openNotes(2 * estimateTokens(text)), [note('a', text), note('b', text), note('c', text)])
    expect(notesOf(notes, 'memory').map(({ id }) => id)).toEqual(['c', 'b'])
  })

  it.each(['word ', '水', '😀'])('take the beginning of what is larger than all the room (%j)', (letter) => {
    const [kept] = notesOf(noteDown(openNotes(50), [note('a', letter.repeat(5_000))]), 'memory')
    expect(kept?.text.isWellFormed()).toBe(true)
    expect(estimateTokens(kept?.text ?? '')).toBeGreaterThan(40)
    expect(estimateTokens(kept?.text ?? '')).toBeLessThanOrEqual(50)
  })
})

import { describe, expect, it } from 'vitest'
import { gatherPiece } from '../../src/models/gather-piece.ts'
import type { ModelStreamPart } from '../../src/ports/language-model.ts'

const text = (piece: string): ModelStreamPart => ({ type: 'text-delta', text: piece })
const call: ModelStreamPart = { type: 'tool-call-delta', index: 0, id: 'c', name: 'f', argumentsText: '{}' }

describe('one piece of the network', () => {
  it('has its neighbouring texts as one part, in order with the rest', () => {
    const { parts } = gatherPiece((into) => into.push(text('a'), text('b'), call, text('c'), text(''), text('d')))
    expect(parts).toEqual([text('ab'), call, text('cd')])
  })

  it('gives what came before a failure, then the failure', () => {
    const { parts, failure } = gatherPiece((into) => {
      into.push(text('a'), text('b'))
      throw new Error('broken')
    })
    expect([parts, failure?.message]).toEqual([[text('ab')], 'broken'])
  })
})

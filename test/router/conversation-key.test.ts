import { describe, expect, it } from 'vitest'
import type { RouteRequest } from '../../src/ports/router.ts'
import { conversationKey } from '../../src/router/failure-memory.ts'
import { requestOf } from './router-fixture.ts'

const asking = (text: string, controls: RouteRequest['controls'] = {}): { readonly route: RouteRequest } => ({
  route: { ...requestOf(text), controls },
})

describe('what tells conversations apart', () => {
  it('is the whole first message, however long the template before the question', () => {
    const template = 'Answer as the examples do. '.repeat(200)
    expect(conversationKey(asking(`${template}What is rust?`))).not.toBe(
      conversationKey(asking(`${template}What is iron?`)),
    )
    expect(conversationKey(asking('What is rust?'))).toBe(conversationKey(asking('What is rust?')))
  })

  it('is the name that the caller gave, whatever is said', () => {
    const key = conversationKey(asking('Hello', { conversation: 'c1' }))
    expect(conversationKey(asking('And then?', { conversation: 'c1' }))).toBe(key)
    expect(conversationKey(asking('Hello', { conversation: 'c2' }))).not.toBe(key)
    expect(conversationKey(asking('Hello'))).not.toBe(key)
  })

  it('never takes a name for an opening', () => {
    expect(conversationKey(asking('x', { conversation: 'begins Hello' }))).not.toBe(conversationKey(asking('Hello')))
  })
})

import { createMachine, sendTo, setup, spawnChild, stopChild, type AnyActorRef } from 'xstate'
import { describe, expect, it, vi } from 'vitest'
import { createActor } from '../../../src/actors/create-actor.ts'
import { cellCounts } from '../../../src/actors/system/cell-counts.ts'
import type { ActorSystem } from '../../../src/actors/system/actor-system.ts'

/** A child that notes what it handles. */
function noting(notes: string[]): ReturnType<typeof createMachine> {
  return createMachine({
    entry: () => notes.push('started'),
    on: { '*': { actions: ({ event }) => notes.push(event.type) } },
  })
}

function deadLettersOf(actor: { readonly system: unknown }): readonly string[] {
  return (actor.system as ActorSystem).deadLetters.recent().map(({ event, reason }) => `${event.type}: ${reason}`)
}

describe('a child that XState constructed', () => {
  it('handles what it was sent before it started after its start, in order', () => {
    const notes: string[] = []
    const parent = createMachine({
      initial: 'without',
      states: {
        without: { on: { go: 'with' } },
        with: {
          entry: [sendTo('child', { type: 'first' }), sendTo('child', { type: 'second' })],
          invoke: { id: 'child', src: noting(notes) },
        },
      },
    })
    const actor = createActor(parent).start()
    const { messages } = cellCounts()
    actor.send({ type: 'go' })
    expect(notes).toEqual(['started', 'first', 'second'])
    // By turns of its cell, not by XState's own mailbox; and one turn of the parent.
    expect(cellCounts().messages - messages).toBe(3)
  })

  it('leaves a dead letter when it is stopped before it starts, and no trace in the tree', () => {
    // XState's development build warns too.
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const notes: string[] = []
    const parent = setup({ actors: { child: noting(notes) } }).createMachine({
      on: {
        go: { actions: [spawnChild('child', { id: 'c' }), sendTo('c', { type: 'lost' }), stopChild('c')] },
      },
    })
    const actor = createActor(parent).start()
    actor.send({ type: 'go' })
    expect(notes).toEqual([])
    expect(deadLettersOf(actor)).toEqual(['lost: stopped'])
    expect((actor as unknown as { readonly firstChild: unknown }).firstChild).toBeUndefined()
  })

  it('handles what it was sent in the step that stops it', () => {
    const notes: string[] = []
    const parent = createMachine({
      initial: 'with',
      states: {
        with: {
          invoke: { id: 'child', src: noting(notes) },
          exit: sendTo('child', { type: 'farewell' }),
          on: { go: 'without' },
        },
        without: {},
      },
    })
    const actor = createActor(parent).start()
    actor.send({ type: 'go' })
    expect(notes).toEqual(['started', 'farewell'])
  })

  it('is not taken over by the system of another actor that sends to it', () => {
    const notes: string[] = []
    const other = createActor(noting(notes))
    const sender = createMachine({ entry: sendTo(() => other as AnyActorRef, { type: 'early' }) })
    createActor(sender).start()
    expect(notes).toEqual([])
    other.start()
    expect(notes).toEqual(['started', 'early'])
  })
})

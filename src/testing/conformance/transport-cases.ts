import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import { BODY_BYTES_MAX, type PeerQuestion, type Transport } from '../../ports/transport.ts'
import { type ConformanceCase, expectRejection, expectSame } from './conformance-case.ts'

/** Two transports that were started, each with the other's address in its book, and a third node's DID that nobody serves. */
export type TransportPair = { readonly near: Transport; readonly far: Transport; readonly stranger: Did }

const PROTOCOL = '/kernell/test/1.0.0'
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const question = (body: Uint8Array, timeoutMs = 5_000): PeerQuestion => ({ protocol: PROTOCOL, body, timeoutMs })
const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    CodedError.is(error) && error.code === code

/** Promises of the Transport port. */
export const TRANSPORT_CASES: readonly ConformanceCase<TransportPair>[] = [
  {
    name: 'a question is answered, and the asker is known',
    run: async ({ near, far }) => {
      far.handle(PROTOCOL, async ({ from, body }) => {
        expectSame(from, near.did, 'asker')
        return Uint8Array.from(body.toReversed())
      })
      expectSame(await near.request(far.did, question(bytes(1, 2, 3))), bytes(3, 2, 1), 'answer')
      expectSame(near.connectedPeers, [far.did], 'connected')
    },
  },
  {
    name: 'questions go both ways, many at a time, and answers find their question in any order',
    run: async ({ near, far }) => {
      const held: (() => void)[] = []
      far.handle(PROTOCOL, async ({ body }) => {
        if (body[0] === 0) await new Promise<void>((resolve) => held.push(resolve))
        else for (const release of held.splice(0)) release()
        return body
      })
      near.handle(PROTOCOL, async ({ body }) => bytes(...body, 9))
      const first = near.request(far.did, question(bytes(0)))
      const others = Array.from({ length: 300 }, async (_, index) => {
        const body = bytes(1 + (index % 200), index % 7)
        expectSame(await near.request(far.did, question(body)), body, `answer ${index}`)
      })
      await Promise.all(others)
      expectSame(await first, bytes(0), 'the first')
      expectSame(await far.request(near.did, question(bytes(4))), bytes(4, 9), 'the other way')
    },
  },
  {
    name: 'an empty body and the largest one arrive, a larger one is refused',
    run: async ({ near, far }) => {
      far.handle(PROTOCOL, async ({ body }) => body)
      expectSame((await near.request(far.did, question(bytes()))).byteLength, 0, 'empty')
      const largest = new Uint8Array(BODY_BYTES_MAX).fill(7)
      const answer = await near.request(far.did, question(largest))
      expectSame([answer.byteLength, answer[0], answer.at(-1)], [BODY_BYTES_MAX, 7, 7], 'largest')
      const larger = new Uint8Array(BODY_BYTES_MAX + 1)
      const tooLarge = isCode('NETWORK_BODY_TOO_LARGE')
      await expectRejection(async () => await near.request(far.did, question(larger)), tooLarge, 'larger question')
    },
  },
  {
    name: 'an answer that is too large fails at the asker',
    run: async ({ near, far }) => {
      far.handle(PROTOCOL, async () => new Uint8Array(BODY_BYTES_MAX + 1))
      const ask = async (): Promise<unknown> => await near.request(far.did, question(bytes()))
      await expectRejection(ask, isCode('NETWORK_BODY_TOO_LARGE'), 'answer')
    },
  },
  {
    name: 'a coded error of a handler arrives as it is, another one without its message',
    run: async ({ near, far }) => {
      far.handle(PROTOCOL, async ({ body }) => {
        if (body[0] === 1) throw new CodedError('BUDGET_EXCEEDED', { message: 'no more' })
        throw new Error('a secret')
      })
      const ask = (first: number) => async (): Promise<unknown> => await near.request(far.did, question(bytes(first)))
      const isBudget = (error: unknown): boolean =>
        isCode('BUDGET_EXCEEDED')(error) && String(error).includes('no more')
      const isInternal = (error: unknown): boolean =>
        isCode('INTERNAL_ERROR')(error) && !String(error).includes('secret')
      await expectRejection(ask(1), isBudget, 'coded')
      await expectRejection(ask(2), isInternal, 'another')
    },
  },
  {
    name: 'a protocol without a handler is unknown, also after the handler has ended',
    run: async ({ near, far }) => {
      const ask = async (): Promise<unknown> => await near.request(far.did, question(bytes()))
      await expectRejection(ask, isCode('NETWORK_PROTOCOL_UNKNOWN'), 'before')
      const end = far.handle(PROTOCOL, async () => bytes())
      await ask()
      end()
      await expectRejection(ask, isCode('NETWORK_PROTOCOL_UNKNOWN'), 'after')
    },
  },
  {
    name: 'a protocol has one handler',
    run: async ({ far }) => {
      far.handle(PROTOCOL, async () => bytes())
      const again = async (): Promise<unknown> => far.handle(PROTOCOL, async () => bytes())
      await expectRejection(again, (error) => error instanceof RangeError, 'second handler')
    },
  },
  {
    name: 'a node without an address is unknown',
    run: async ({ near, stranger }) => {
      const ask = async (): Promise<unknown> => await near.request(stranger, question(bytes()))
      await expectRejection(ask, isCode('NETWORK_PEER_UNKNOWN'), 'stranger')
    },
  },
  {
    name: 'the time limit ends the wait, and the handler hears of it',
    run: async ({ near, far }) => {
      const ended = Promise.withResolvers<void>()
      far.handle('/kernell/hello/1.0.0', async ({ body }) => body)
      // Connecting takes its time on a busy machine; the limit is to end the wait for the answer.
      await near.request(far.did, { ...question(bytes()), protocol: '/kernell/hello/1.0.0' })
      far.handle(PROTOCOL, async (_, { signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        ended.resolve()
        return bytes()
      })
      const ask = async (): Promise<unknown> => await near.request(far.did, question(bytes(), 50))
      await expectRejection(ask, isCode('NETWORK_TIMEOUT'), 'time limit')
      await ended.promise
    },
  },
  {
    name: 'a signal ends the wait with its reason, and the connection goes on',
    run: async ({ near, far }) => {
      const asked = Promise.withResolvers<void>()
      far.handle(PROTOCOL, async ({ body }, { signal }) => {
        if (body[0] !== 0) return body
        asked.resolve()
        return await new Promise<Uint8Array>((resolve) => signal.addEventListener('abort', () => resolve(bytes())))
      })
      const controller = new AbortController()
      const reason = new Error('enough')
      const ask = near.request(far.did, question(bytes(0)), { signal: controller.signal })
      asked.promise.then(
        () => controller.abort(reason),
        () => {},
      )
      await expectRejection(
        async () => await ask,
        (error) => error === reason,
        'reason',
      )
      expectSame(await near.request(far.did, question(bytes(5))), bytes(5), 'afterwards')
    },
  },
  {
    name: 'a stop rejects what waits on both sides, asks nothing more, and can be repeated',
    run: async ({ near, far }) => {
      const asked = Promise.withResolvers<void>()
      far.handle(PROTOCOL, async (_, { signal }) => {
        asked.resolve()
        return await new Promise<Uint8Array>((resolve) => signal.addEventListener('abort', () => resolve(bytes())))
      })
      const ask = near.request(far.did, question(bytes()))
      ask.catch(() => {})
      await asked.promise
      await far.stop()
      await far.stop()
      await expectRejection(async () => await ask, isCode('NETWORK_UNREACHABLE'), 'what waited')
      const again = async (): Promise<unknown> => await near.request(far.did, question(bytes()))
      await expectRejection(again, isCode('NETWORK_UNREACHABLE'), 'the node that stopped')
      await near.stop()
      await expectRejection(again, isCode('NETWORK_CLOSED'), 'our own end')
    },
  },
]

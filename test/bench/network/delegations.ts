import { fixedKey, type FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { durationFromMs, HOUR_MS, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { CLOCK_SKEW_MS } from '../../../src/market/parties/market-door.ts'
import type { Libp2pTransport } from '../../../src/network/libp2p/libp2p-transport.ts'
import { authenticate } from '../../../src/wire/v1/authenticate.ts'
import { decodeEnvelope, type EnvelopeOf } from '../../../src/wire/v1/envelope.ts'
import type { MessageType } from '../../../src/wire/v1/message-types.ts'
import { NETWORK, signed, USD } from '../../market/gossip/card-fixtures.ts'
import { type Asker, createKernell, type Encryption } from './contestants.ts'

/** Keys that sign, which are no keys of the nodes. */
const PAYER = fixedKey(3)
const WORKER = fixedKey(4)
const DELEGATION_PROTOCOL = '/kernell/bench-delegation/1.0.0'
const verify = verifySignatureWith(createNodeVerifier())
const HASH = sha256Hex('bench') as Hash

/** Takes a task over that a signed message asks for, by a signed message. */
export function serveDelegations(transport: Libp2pTransport): void {
  transport.handle(DELEGATION_PROTOCOL, async ({ body }) => {
    const now = timestampFromMs(Date.now())
    const { hash } = read(body, { type: 'delegation-request', reader: WORKER, now })
    const head = { key: WORKER, aud: PAYER.did, iat: now, exp: inAnHour(now) }
    return await Promise.resolve(signed('delegation-accept', { request: hash, startsAt: now }, head))
  })
}

/** Asks for one task after another by signed messages; an answer is what the worker has signed for that very message. */
export async function askDelegations(
  encryption: Encryption,
  [address = '', did = '']: readonly string[],
): Promise<Asker> {
  const transport = createKernell(1, encryption)
  await transport.start()
  const to = did as Did
  transport.addPeer(to, address)
  let seq = 0
  return {
    ask: async (body) => {
      const question = requestOf(seq)
      seq += 1
      const answer = await transport.request(to, {
        protocol: DELEGATION_PROTOCOL,
        body: question.bytes,
        timeoutMs: 60_000,
      })
      const accept = read(answer, { type: 'delegation-accept', reader: PAYER, now: question.iat })
      if (accept.body.request !== question.hash) throw new Error('The worker has signed for another task')
      return body
    },
    stop: async () => await transport.stop(),
  }
}

type Question = { readonly bytes: Uint8Array; readonly hash: Hash; readonly iat: Timestamp }

function requestOf(seq: number): Question {
  const iat = timestampFromMs(Date.now())
  const task = { skill: 'text.word-count', task: HASH, inputHash: HASH, inputBytes: 512, capability: HASH }
  const bounds = { answerBy: inAnHour(iat), finishBy: inAnHour(iat), progressMs: durationFromMs(1_000) }
  const body = { ...task, ...bounds, currency: USD, maximumNanos: amountFromNanos(1_000_000n) }
  const bytes = signed('delegation-request', body, {
    key: PAYER,
    aud: WORKER.did,
    seq,
    iat,
    exp: inAnHour(iat),
  })
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused') throw new Error(decoded.code)
  return { bytes, hash: decoded.envelope.hash, iat }
}

type Reading<Type> = { readonly type: Type; readonly reader: FixedKey; readonly now: Timestamp }

function read<Type extends MessageType>(bytes: Uint8Array, { type, reader, now }: Reading<Type>): EnvelopeOf<Type> {
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused') throw new Error(decoded.code)
  const init = { verify, now, clockSkewMs: CLOCK_SKEW_MS, audience: [reader.did], network: NETWORK }
  const authenticated = authenticate(decoded.envelope, init)
  if (authenticated.kind === 'refused' || decoded.envelope.type !== type) throw new Error('Not what was asked for')
  return decoded.envelope as EnvelopeOf<Type>
}

function inAnHour(now: Timestamp): Timestamp {
  return timestampFromMs(now + HOUR_MS)
}

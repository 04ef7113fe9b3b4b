/**
 * `node --import lying-notary.ts main.js node --notary ...`: a member of a notary set that lies. All of it is the package's own notary, which is honest; what stands between it and
 * its network, and what it takes for the time, is of the liar. It signs with the notary's own key. What to lie about comes by file descriptor 3, a JSON document a line: `{kind, strength}`
 * begins, `{kind}` ends; each is answered by the number of lies that were told until then, of which each look at a false clock is one.
 */
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { NotaryService } from 'kernell-os/market'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { BatchSigner } from '../../../src/ports/signer.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { isNotaryLie, LyingNotary } from '../../../src/simulation/market/hostile/lying-notary.ts'
import { LyingTransport } from '../../../src/simulation/market/hostile/lying-transport.ts'

type Components = {
  readonly clock: Clock
  readonly signer: BatchSigner
  readonly members?: { readonly transport: Transport }
}

/** What a service has, beside its public face. */
type Inside = { components: Components; readonly set: NotarySet; readonly init: { readonly me: number } }

/** How far a clock is off that stamps falsely: within what members let pass, or beyond. */
const [NEAR_MS, FAR_MS] = [5_000, 600_000]

let told = 0
let mind: LyingNotary | undefined
let offsetMs = 0

const honestStart = NotaryService.prototype.start
NotaryService.prototype.start = async function start(this: NotaryService): Promise<void> {
  corrupt(this as unknown as Inside)
  await honestStart.call(this)
}

const orders = new Socket({ fd: 3 })
createInterface({ input: orders }).on('line', (line) => {
  const { kind, strength } = JSON.parse(line) as { readonly kind: string; readonly strength?: number }
  orders.write(`${told}\n`)
  obey(kind, strength)
})
orders.unref()

function corrupt(service: Inside): void {
  const { set, components, init } = service
  const { members, clock, signer } = components
  if (members === undefined) return
  const { me } = init
  const identity = { name: 'liar', did: set.members[me]?.key as Did, signer }
  const liar = new LyingNotary({ identity, set, me, random: createRandomStream(me), onLie: () => (told += 1) })
  mind = liar
  service.components = {
    ...components,
    clock: {
      now: () => {
        if (offsetMs !== 0) told += 1
        return (clock.now() + offsetMs) as Timestamp
      },
      monotonicMs: () => clock.monotonicMs(),
      timeoutSignal: (delayMs) => clock.timeoutSignal(delayMs),
    },
    members: { ...members, transport: new LyingTransport(members.transport, { liar, set }) },
  }
}

function obey(kind: string, strength: number | undefined): void {
  if (kind === 'notary-stamps-falsely') {
    offsetMs = strength === undefined ? 0 : offsetOf(strength)
    return
  }
  if (mind === undefined || !isNotaryLie(kind as never)) return
  if (strength === undefined) mind.end(kind as never)
  else mind.begin(kind as never, strength)
}

/** Back or ahead, near or far. */
function offsetOf(strength: number): number {
  const off = strength < 0.5 ? NEAR_MS : FAR_MS
  return strength % 0.5 < 0.25 ? -off : off
}

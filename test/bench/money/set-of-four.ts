import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { openSignaturePool } from '../../../src/keys/pool/open-signature-pool.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { HighWaterFile } from '../../../src/market/notary/high-water.ts'
import { RemoteNotary } from '../../../src/market/notary/notary-client-remote.ts'
import { NotaryService } from '../../../src/market/notary/notary-service.ts'
import { serveNotary } from '../../../src/market/notary/serve-notary.ts'
import { verifyStatementWith } from '../../../src/market/parties/contracts/contract-replay.ts'
import { createLocalTransport } from '../../../src/network/local/local-transport.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import {
  Deal,
  feeOwnerOf,
  issueUsd,
  PORTABLE_HASHES,
  NETWORK,
  Party,
  registerUsd,
  RULES,
  setOfParties,
  SKEW_MS,
} from '../../market/notary/settlement-builder.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { type BenchOptions, type BenchReport, median, roundFigure } from '../bench.ts'

/** Contracts under way at a time; each party sends its next message when the certificate of the one before is there. */
const AT_A_TIME = 128
const clock = createSystemClock()
const verifier = createNodeVerifier()
const verify = verifyStatementWith(verifySignatureWith(verifier))

/**
 * A contract from its offer to its settlement at a set of four: seven envelopes, seven certificates of three members, each checked by the client. All members and the
 * client are in this process, over sockets, each member with journals and a high-water file of its own on the disk.
 */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const rates: number[] = []
  for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
    rates.push(await settle(isQuick ? 8 : 400, round))
    log(`settlements, n = 4: ${Math.round(rates.at(-1) ?? 0)}/s`)
  }
  return {
    rows: [
      {
        case: 'settlements: a set of four notaries',
        unit: 'settlements/s',
        better: 'higher',
        ours: roundFigure(median(rates)),
        peers: {},
        limit: null,
        note: `7 envelopes each, signed before; ${AT_A_TIME} contracts at a time; four members and the client in one process over sockets; certificates of three, checked by the client`,
      },
    ],
    skipped: [],
  }
}

async function settle(count: number, round: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'kernell-four-'))
  const { set, members } = setOfParties(1, (index) => `/unix${join(directory, `${index}.sock`)}`)
  const closers: (() => Promise<void>)[] = []
  try {
    await Promise.all(
      members.map(async (member, me) => closers.push(await startMember({ directory, set, member, me }))),
    )
    const transport = transportOf(new Party('client'), [])
    await transport.start()
    closers.push(async () => await transport.stop())
    const client = new RemoteNotary({ transport, verify }, { set, timeoutMs: 60_000 })
    const now = clock.now()
    const deals = Array.from({ length: count }, (_, index) => new Deal(set, { name: `${round}/${index}`, now }))
    await client.submit(registerUsd(now))
    await inTurns(deals, async ({ payer }) => await applied(client, issueUsd(payer.did, 1_000n, { now })))
    const started = performance.now()
    await inTurns(deals, async (deal) => {
      for (const message of deal.all) await applied(client, message)
    })
    const rate = count / ((performance.now() - started) / 1_000)
    for (const deal of deals.slice(0, 5)) {
      const view = await client.contract(deal.contract)
      if (view?.state !== 'SETTLED') throw new Error(`${deal.contract} is ${view?.state ?? 'unknown'}`)
    }
    return rate
  } finally {
    for (const close of closers.toReversed()) await close()
    rmSync(directory, { recursive: true })
  }
}

type Seat = {
  readonly directory: string
  readonly set: ReturnType<typeof setOfParties>['set']
  readonly member: Party
  readonly me: number
}

/** @returns Ends it. */
async function startMember({ directory, set, member, me }: Seat): Promise<() => Promise<void>> {
  const fileSystem = createNodeFileSystem()
  const openLog = async (name: string): Promise<EventLog> =>
    await openSegmentedEventLog(
      { fileSystem, random: createSystemRandom() },
      { directory: join(directory, `${me}-${name}`) },
    )
  const logs = { log: await openLog('books'), replica: await openLog('replica'), decisions: await openLog('decisions') }
  const instance = String(me).padStart(32, '0')
  const highWater = await HighWaterFile.open({ fileSystem, directory: join(directory, `${me}-high`), instance })
  const pool = openSignaturePool()
  const transport = transportOf(member, [set.members[me]?.address ?? ''])
  await transport.start()
  const service = new NotaryService(
    {
      log: logs.log,
      highWater,
      signer: pool.createSigner(member.seed),
      verifier: pool,
      hashes: PORTABLE_HASHES,
      clock,
      timers: createSystemTimers(),
      members: { transport, replica: logs.replica, decisions: logs.decisions, verify, instance },
      onFailure: (cause) => {
        throw cause
      },
    },
    { set, me, feeOwner: feeOwnerOf(set), network: NETWORK, clockSkewMs: SKEW_MS, parameters: [RULES] },
  )
  await service.start()
  serveNotary(transport, service)
  return async () => {
    await service.stop()
    await transport.stop()
    for (const log of Object.values(logs)) await log.close()
    await highWater.close()
    await pool.close()
  }
}

function transportOf({ did, sign }: Party, listen: readonly string[]): Transport {
  const identity = {
    did,
    sign,
    verify: (peer: Did, bytes: Uint8Array, signature: Uint8Array): boolean => {
      const publicKey = publicKeyOfDid(peer)
      return publicKey !== undefined && verifier.verify({ publicKey, bytes, signature })
    },
  }
  return createLocalTransport({ identity, clock, random: createSystemRandom() }, { listen })
}

async function applied(client: RemoteNotary, message: Uint8Array): Promise<void> {
  const { effect, code } = await client.submit(message)
  if (effect === 'refused') throw new Error(`Refused: ${code ?? ''}`)
}

async function inTurns(deals: readonly Deal[], run: (deal: Deal) => Promise<void>): Promise<void> {
  const rest = [...deals].reverse()
  const workers = Array.from({ length: Math.min(AT_A_TIME, deals.length) }, async () => {
    for (let deal = rest.pop(); deal !== undefined; deal = rest.pop()) await run(deal)
  })
  await Promise.all(workers)
}

import type { OpenKey } from '../../keys/store/key-store.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { InboxWebhook } from '../../market/parties/inbox-webhook.ts'
import type { OwnAccountsInit } from '../../market/parties/accounts/own-accounts.ts'
import type { MarketDoor } from '../../market/parties/market-door.ts'
import type { Party } from '../../market/parties/party.ts'
import type { RestoredMark } from '../../market/parties/restored-party.ts'
import { type PartyRole as RunningParty, startParty as startRunning } from '../../market/parties/role/start-party.ts'
import type { SellerPolicy } from '../../market/parties/selling/seller-policy.ts'
import type { WorkQuotasInit } from '../../market/parties/selling/work-quotas.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { signerOfKey } from '../../wire/v1/checkpoint.ts'
import { plain } from './desks/plain-json.ts'
import { partyFilesIn } from './market-files.ts'
import type { MarketInit } from './market-init.ts'

/** Who is told what waits for an act, and the way there. */
export type WebhookTarget = { readonly url: string; readonly outbound: OutboundFetch }

export type PartyRoleInit = Pick<MarketInit, 'findWorker'> & {
  readonly directory: DataDirectory
  readonly key: OpenKey
  /** Of the notary of this node, whose fees are this party's to collect. */
  readonly notaryKey?: OpenKey
  readonly notary: NotaryClient
  readonly door: MarketDoor
  readonly network: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly onFailure: (cause: unknown) => void
  /** Largest input or result, bytes. */
  readonly artifactBytesMax: number
  /** What each payer and each skill may have worked. Absent: as much as there is room for. */
  readonly workQuotas?: WorkQuotasInit
  readonly webhook?: WebhookTarget
  /** Where the directory was made from a backup. */
  readonly restored?: RestoredMark | undefined
}

export type PartyRole = RunningParty

/** Starts the buyer and seller of this node, with what its directory and its keys give. Rejects as `Party.open`. */
export async function startParty(init: PartyRoleInit): Promise<PartyRole> {
  const { directory, key, network, onFailure, restored, findWorker, artifactBytesMax, workQuotas } = init
  const limits = { artifactBytesMax }
  const { signer, formerSigners, earning } = signersOf(init)
  const selling = workQuotas && {
    changeSelling: (policy: SellerPolicy): SellerPolicy => ({ ...policy, quotas: workQuotas }),
  }
  const role = await startRunning(
    {
      ...init,
      openEventLog: async (name) => await directory.openEventLog(name),
      files: partyFilesIn(directory),
      signer,
      formerSigners,
      verify: verifySignatureWith(createNodeVerifier()),
    },
    { network, limits, onFailure, restored, findWorker, earning, ...selling, ...accountsOf(key) },
  )
  const stopTelling = tellInbox(role.party, init)
  return {
    ...role,
    async stop() {
      await stopTelling()
      await role.stop()
    },
  }
}

/** What the party's wallet signs with: keys before its own go on with their contracts, and those of the notary hand out what they have earned. */
function signersOf({ key, notaryKey }: PartyRoleInit) {
  const earners = notaryKey === undefined ? [] : [notaryKey.signer, ...notaryKey.formerSigners]
  const earning = earners.map(({ publicKeyHex }) => signerOfKey(publicKeyHex))
  return { signer: key.signer, formerSigners: [...key.formerSigners, ...earners], earning }
}

/** What the statements about a key say of its accounts. */
function accountsOf({ description }: OpenKey): Pick<OwnAccountsInit, 'former' | 'recovery'> {
  const { chain, did, recovery } = description
  const former = chain.map(({ statement }) => statement.key).filter((key) => key !== did)
  return { former, recovery }
}

/** Tells the webhook of the inbox whenever it is another one. @returns Ends it. */
function tellInbox(party: Party, { webhook, key, clock, timers, onFailure }: PartyRoleInit): () => Promise<void> {
  if (webhook === undefined) return async () => await Promise.resolve()
  const { url, outbound } = webhook
  const hook = new InboxWebhook({ outbound, signer: key.signer, clock, timers }, { url, onFailure })
  let told = '[]'
  const stopWatching = party.watchInbox(() => {
    const rows = party.inbox()
    const text = JSON.stringify(plain(rows))
    if (text !== told) hook.tell(rows)
    told = text
  })
  return async () => {
    stopWatching()
    await hook.stop()
  }
}

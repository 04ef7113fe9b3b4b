import { CodedError } from '../../base/errors.ts'
import { sha256 } from '../../base/sha256.ts'
import type { FirewallPolicy } from '../../core/firewall/firewall-policy.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import { IntentFirewall } from '../../router/firewall/intent-firewall.ts'
import { createTaskHasher } from '../../telemetry/task-hasher.ts'

export type NodeFirewallParts = {
  readonly store: KeyValueStore
  readonly clock: Clock
  readonly random: Random
  /** Of the installation. */
  readonly secret: Uint8Array
  /** Of the configuration; whoever names none gets this one. */
  readonly policy: FirewallPolicy
}

/** Opens the one firewall of a node. */
export type OpenFirewall = (policy?: FirewallPolicy) => Promise<IntentFirewall>

const PURPOSE = 'kernell plan approvals'

/** One owner for what is known of stored data: whoever asks later gets the same. Throws `REQUEST_INVALID` for another policy. */
export function firewallOf({ store, clock, random, secret, policy }: NodeFirewallParts): OpenFirewall {
  let opened: Promise<IntentFirewall> | undefined
  return async (wanted = policy) => {
    if (JSON.stringify(policy) !== JSON.stringify(wanted))
      throw new CodedError('REQUEST_INVALID', {
        message: 'The firewall of this node has another policy: `firewall` in its configuration',
      })
    if (opened === undefined) {
      const components = { store, clock, random, authenticate: createTaskHasher(approvalKey(secret)) }
      opened = IntentFirewall.open(components, policy)
      // A store that could not be read is asked again.
      opened.catch(() => (opened = undefined))
    }
    return await opened
  }
}

/**
 * A key that serves approvals alone. Not by the keyed hash that tasks get, or the hash of a task that is spelt like the purpose would be the key: that
 * hash is in records.
 */
function approvalKey(secret: Uint8Array): Uint8Array {
  const purpose = utf8Bytes(PURPOSE)
  const bytes = new Uint8Array(secret.length + purpose.length)
  bytes.set(secret)
  bytes.set(purpose, secret.length)
  return sha256(bytes)
}

import { ClusterExtension } from '../../actors/cluster/cluster-extension.ts'
import type { ClusterInit, SecretSource } from '../../actors/cluster/cluster-init.ts'
import type { ActorEnvironment } from '../../actors/environment.ts'
import { checkMembers, checkObject } from '../../actors/misuse.ts'
import { CodedError } from '../../base/errors.ts'
import { bytesOfHex } from '../../base/hex.ts'
import type { Did } from '../../core/evidence/names.ts'
import { createNodeSigner } from '../../keys/node-signatures.ts'
import type { TransportIdentity } from '../../network/framed/framed-transport.ts'
import { createLocalTransport } from '../../network/local/local-transport.ts'
import type { Transport } from '../../ports/transport.ts'
import { readSecretFile } from '../keys/secret-file.ts'
import { identityOfSigner } from '../network/transport-identity.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemRandom } from '../system-random.ts'

const KEY = /^[0-9a-f]{64}$/
const SECRET_BYTES_MAX = 4_096
const MEMBERS = [
  'name',
  'secret',
  'transport',
  'key',
  'listen',
  'peers',
  'agents',
  'labels',
  'capacity',
  'heartbeatMs',
  'intensity',
]

/** @throws `ACTOR_CLUSTER_SECRET_INVALID`, `NETWORK_ADDRESS_INVALID`; TypeError or RangeError for a member that is wrong or unknown. */
export function createClusterExtension(init: ClusterInit, environment: ActorEnvironment): ClusterExtension {
  checkObject(init, 'cluster is')
  checkMembers(init, MEMBERS, 'cluster')
  const { secret, transport, key, listen, ...rest } = init
  return new ClusterExtension({
    ...rest,
    secret: readSecret(secret),
    transport: transport ?? createTransport(key, listen),
    environment,
  })
}

/**
 * The DID of a node with that key, for the `peers` of the others.
 *
 * @throws `ACTOR_CLUSTER_SECRET_INVALID` for a key that is none.
 */
export function clusterDidOf(key: SecretSource): Did {
  return identityOf(key).did
}

function createTransport(key: SecretSource | undefined, listen: readonly string[] | undefined): Transport {
  if (key === undefined) throw new TypeError('cluster takes a transport, or the key of this node')
  const identity = identityOf(key)
  return createLocalTransport(
    { identity, clock: createSystemClock(), random: createSystemRandom() },
    { ...(listen !== undefined && { listen }) },
  )
}

function identityOf(source: SecretSource): TransportIdentity {
  const key = readSecret(source)
  if (!KEY.test(key)) throw invalid('The key of a node is 64 hexadecimal digits in lower case')
  return identityOfSigner(createNodeSigner(bytesOfHex(key)))
}

/** What is wrong is said without what was read. */
function readSecret(source: SecretSource): string {
  if (typeof source === 'string') return source
  if ('environment' in source) {
    const text = process.env[source.environment]
    if (text === undefined) throw invalid(`The environment has no ${source.environment}`)
    return text.trim()
  }
  const secret = readSecretFile(source.file, SECRET_BYTES_MAX)
  if ('fault' in secret) throw invalid(secret.fault, secret.cause)
  return secret.text
}

function invalid(message: string, cause?: unknown): CodedError {
  return new CodedError('ACTOR_CLUSTER_SECRET_INVALID', { message, cause })
}

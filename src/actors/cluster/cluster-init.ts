import type { Transport } from '../../ports/transport.ts'
import type { ClusterExtensionInit } from './cluster-extension-init.ts'

/** A secret text: itself, in a file that only its owner may read, or in a variable of the environment. */
export type SecretSource = string | { readonly file: string } | { readonly environment: string }

/** This process as a node of a cluster: machines of one owner, whose actors see each other as if they were here. */
export type ClusterInit = Omit<ClusterExtensionInit, 'secret' | 'transport' | 'environment'> & {
  /** The same on all nodes, 32 bytes or more. Whoever has it may start any of `agents` here. */
  readonly secret: SecretSource
  /** How nodes reach each other, not started yet: it is started and stopped with the system. Absent: `key` and `listen`, between processes of one machine. */
  readonly transport?: Transport
  /** 64 hexadecimal digits, of this node only: the key behind its DID; see `clusterDidOf`. */
  readonly key?: SecretSource
  /** `/unix/PATH` or `/ip4/127.0.0.1/tcp/PORT`. */
  readonly listen?: readonly string[]
}

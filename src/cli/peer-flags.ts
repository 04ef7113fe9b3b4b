import type { ConfigDocument } from '../node/config/config-document.ts'
import type { CommandContext } from './command.ts'

/** What an agent is called that the operator names by its address. */
const BY_ADDRESS = 'named-by-address'

/** A peer of the configuration by its name, or an agent by its address, which the operator then stands for. */
export function configOfPeer(
  { loadConfig }: CommandContext,
  peer: string,
): { readonly name: string; readonly config: ConfigDocument } {
  if (!/^https?:\/\//i.test(peer) || Object.hasOwn(loadConfig().a2a.peers, peer)) return { name: peer, config: {} }
  return { name: BY_ADDRESS, config: { a2a: { peers: { [BY_ADDRESS]: { card: peer } } } } }
}

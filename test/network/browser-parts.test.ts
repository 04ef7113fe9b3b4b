import { describe, expect, it } from 'vitest'
import { listTypeScript, readRepositoryFile } from '../repo/repository.ts'

/** What only Node has: everything else of the transport runs in a browser too. */
const NODE_ONLY = 'src/network/libp2p/create-libp2p-transport.ts'
const FORBIDDEN = /from '(?:node:[^']+|@libp2p\/(?:tcp|tls|mdns|pnet|kad-dht|autonat-v2|dcutr))'/

describe('the parts of the transport that a browser needs', () => {
  const files = ['framed', 'libp2p', 'memory'].flatMap((folder) => listTypeScript(`src/network/${folder}`))

  it('name nothing of Node, and are not those that make a node for it', () => {
    expect(files.length).toBeGreaterThan(20)
    const offenders = files.filter(
      (file) =>
        file !== NODE_ONLY &&
        (FORBIDDEN.test(readRepositoryFile(file)) || readRepositoryFile(file).includes(NODE_ONLY)),
    )
    expect(offenders).toEqual([])
    expect(readRepositoryFile(NODE_ONLY)).toMatch(FORBIDDEN)
  })
})

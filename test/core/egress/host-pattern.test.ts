import { describe, expect, it } from 'vitest'
import { isHostName, isLocalName, isLoopbackName, plainName } from '../../../src/core/egress/host-name.ts'
import { isReachable, parseHostPattern, plainHost } from '../../../src/core/egress/host-pattern.ts'

describe('a pattern of hosts', () => {
  it.each([
    ['registry.npmjs.org', { kind: 'host', host: 'registry.npmjs.org', port: 443 }],
    ['Registry.NPMJS.org.', { kind: 'host', host: 'registry.npmjs.org', port: 443 }],
    ['db.example:5432', { kind: 'host', host: 'db.example', port: 5432 }],
    ['*.example.com', { kind: 'under', host: 'example.com', port: 443 }],
    ['*.example.com:80', { kind: 'under', host: 'example.com', port: 80 }],
    ['8.8.8.8:53', { kind: 'host', host: '8.8.8.8', port: 53 }],
    ['[2606:4700::1111]', { kind: 'host', host: '2606:4700:0:0:0:0:0:1111', port: 443 }],
    ['localhost:8080', { kind: 'host', host: 'localhost', port: 8080 }],
    ['xn--bcher-kva.example', { kind: 'host', host: 'xn--bcher-kva.example', port: 443 }],
  ])('%s', (text, pattern) => {
    expect(parseHostPattern(text)).toEqual(pattern)
  })

  it.each([
    '',
    '*',
    '*.com',
    '*.',
    'a*.example.com',
    '*.*.example.com',
    'https://a.example',
    'a.example/',
    'a.example:',
    'a.example:0',
    'a.example:65536',
    'a.example:443:443',
    'a..example',
    '.example',
    'bücher.example',
    'user@a.example',
    '127.1',
    '0x7f.1',
    '010.0.0.1',
    '2606:4700::1111',
    '[2606:4700::1111',
    '[fe80::1%eth0]',
    '*.8.8.8.8',
    'a b',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
  ])('%j is none', (text) => {
    expect(parseHostPattern(text)).toBeUndefined()
  })

  it('lets through what it names, and nothing that looks like it', () => {
    const patterns = ['a.example', '*.b.example', 'c.example:80'].flatMap((text) => parseHostPattern(text) ?? [])
    const isLet = (host: string, port = 443): boolean => isReachable(patterns, { host, port })
    expect([isLet('a.example'), isLet('x.b.example'), isLet('x.y.b.example'), isLet('c.example', 80)]).toEqual([
      true,
      true,
      true,
      true,
    ])
    for (const host of [
      'b.example',
      'xa.example',
      'x.a.example',
      'xb.example',
      'a.example.evil.example',
      'c.example',
      'a.exampl',
      '',
    ])
      expect(isLet(host), host).toBe(false)
    expect(isLet('a.example', 80)).toBe(false)
  })
})

describe('a name', () => {
  it('is plain without its last dot and in lower case, and one dot alone is taken off', () => {
    expect(['A.Example.', 'a.example', 'a.example..', '.'].map(plainName)).toEqual([
      'a.example',
      'a.example',
      'a.example.',
      '',
    ])
    expect(
      ['a.example.', '', 'a..b', '-a.example', 'a-.example', "a'b.example", 'a.123', '127.0.0.1'].filter(isHostName),
    ).toEqual([])
    expect(['_dmarc.a.example', 'a', '1.a.example'].filter(isHostName)).toHaveLength(3)
  })

  it('of one network is known by its form', () => {
    expect(
      [
        'metadata',
        'localhost',
        'x.localhost',
        'metadata.google.internal',
        'printer.local',
        'nas.lan',
        'router.home.arpa',
      ].filter(isLocalName),
    ).toHaveLength(7)
    expect(['example.com', 'internal.example.com', 'local.example', 'home.arpa.example'].filter(isLocalName)).toEqual(
      [],
    )
    expect(['localhost', 'a.localhost', 'localhost.example', 'notlocalhost'].filter(isLoopbackName)).toEqual([
      'localhost',
      'a.localhost',
    ])
  })

  it('and an address have one form each', () => {
    expect(['A.example.', '[2606:4700::1111]', '8.8.8.8', '::1', '[::1%1]', '08.8.8.8', 'a b'].map(plainHost)).toEqual([
      'a.example',
      '2606:4700:0:0:0:0:0:1111',
      '8.8.8.8',
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

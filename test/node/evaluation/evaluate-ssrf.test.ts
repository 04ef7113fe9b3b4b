import { describe, expect, it } from 'vitest'
import { evaluateSsrf, type SsrfRow } from '../../../src/node/evaluation/evaluate-ssrf.ts'

/** One class of tricks, and URLs that play it. */
const BLOCKED: Readonly<Record<string, readonly string[]>> = {
  'addresses of this machine': [
    'http://127.0.0.1/',
    'http://127.8.9.10/x',
    'https://0.0.0.0/',
    'http://[::1]/',
    'http://[::]/',
    'http://[0:0:0:0:0:0:0:1]/',
  ],
  'numbers of one piece': ['http://2130706433/', 'http://017700000001/', 'http://0x7f000001/', 'http://3232235521/'],
  'short forms': ['http://127.1/', 'http://127.0.1/', 'http://10.1/', 'http://192.168.257/'],
  'octal and hexadecimal': [
    'http://0177.0.0.1/',
    'http://0x7f.0.0.0x1/',
    'http://0177.0x0.00.1/',
    'http://0x0a000001/',
  ],
  'a dot at the end': ['http://127.0.0.1./', 'http://127.1./', 'http://localhost./', 'http://intranet./'],
  'digits and dots of other alphabets': [
    'http://１２７.０.０.１/',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://169｡254｡169｡254/',
  ],
  'percent signs': ['http://127%2e0%2e0%2e1/', 'http://%31%32%37.0.0.1/', 'http://%6c%6f%63%61%6c%68%6f%73%74/'],
  'letters of other alphabets': [
    'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/',
    'http://LOCALHOST/',
    'http://lоcalhost/',
    'http://xn--lcalhost-l8g/',
  ],
  'private networks': [
    'http://10.20.30.40/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://[fd12:3456::1]/',
    'http://[fc00::1]/',
  ],
  'IPv6 that stands for IPv4': [
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a00:1]/',
    'http://[::127.0.0.1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://[64:ff9b::808:808]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[2002:a00:1::1]/',
    'http://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/',
    'http://[2a00:1450:4001:1::5efe:10.0.0.1]/',
  ],
  'links and zones': [
    'http://169.254.1.1/',
    'http://[fe80::1]/',
    'http://[fe80::1%25eth0]/',
    'http://[fe80::1%eth0]/',
    'http://[fec0::1]/',
  ],
  'keys of clouds': [
    'http://169.254.169.254/latest/',
    'http://100.100.100.200/',
    'http://192.0.0.192/',
    'http://[fd00:ec2::254]/',
    'http://168.63.129.16/',
    'http://metadata.google.internal/',
    'http://metadata/',
  ],
  'what is nobody’s': [
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://240.1.1.1/',
    'http://192.0.2.1/',
    'http://198.18.0.1/',
    'http://[ff02::1]/',
    'http://[2001:db8::1]/',
    'http://[3fff::1]/',
    'http://[5f00::1]/',
    'http://[100::1]/',
    'http://[4000::1]/',
  ],
  'local names': [
    'http://intranet/',
    'http://printer.local/',
    'http://a.localhost/',
    'http://router.home.arpa/',
    'http://db.corp/',
    'http://nas.lan/',
  ],
  'somebody in front of the host': [
    'http://example.com@127.0.0.1/',
    'http://user:secret@example.com/',
    'http://127.0.0.1:80@example.com/',
    'http://:@example.com@10.0.0.1/',
  ],
  'slashes the other way': [
    'http:\\\\127.0.0.1\\',
    'http:/127.0.0.1/',
    'http:127.0.0.1',
    'http://127.0.0.1\\@example.com/',
    'http:///10.0.0.1/',
  ],
  'white space in between': [' http://127.0.0.1/', 'http://127.0.\n0.1/', '\thttp://local\thost/'],
  'other schemes': [
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_INFO',
    'ftp://example.com/',
    'dict://example.com:11211/',
    'data:text/plain,x',
    'ws://example.com/',
    'jar:http://example.com!/',
    'javascript:1',
    'blob:https://example.com/x',
  ],
  'other ports': [
    'http://example.com:22/',
    'http://example.com:6379/',
    'https://example.com:8443/',
    'http://example.com:0/',
  ],
  'no URL at all': [
    '',
    'http://',
    'http://[::1',
    'http://exa mple.com/',
    'http://256.1.1.1/',
    'http://1.2.3.4.5/',
    'http://0x100000000/',
    'http://a..b/',
    '//example.com/',
    'example.com',
  ],
}

const ALLOWED = [
  'https://example.com/',
  'http://example.com/a?url=http://127.0.0.1/#x',
  'https://example.com./',
  'https://EXAMPLE.com:443/',
  'http://8.8.8.8/',
  'https://[2606:4700:4700::1111]/',
  'https://bücher.example/',
  'https://localhost.example.com/',
  'https://127.0.0.1.example.com/',
  'https://a_b.example.com/',
  'https://internal.example/',
]

const rowsOf = (urls: readonly string[], expectation: SsrfRow['expect']): readonly SsrfRow[] =>
  urls.map((url) => ({ id: url, url, expect: expectation }))

describe('the guard, for any public host', () => {
  it.each(Object.entries(BLOCKED))('refuses %s', async (_, urls) => {
    const report = await evaluateSsrf(rowsOf(urls, 'block'))
    expect([report.missed, report.block]).toEqual([[], { n: urls.length, refused: urls.length }])
  })

  it('allows machines of the internet, whatever else is in the URL', async () => {
    const report = await evaluateSsrf(rowsOf(ALLOWED, 'allow'))
    expect([report.overblocked, report.allow]).toEqual([[], { n: ALLOWED.length, allowed: ALLOWED.length }])
  })

  it('refuses names that lead inside, and servers that send there', async () => {
    const named = ALLOWED.filter((url) => !/\/(?:8\.|\[)/.test(url))
    const report = await evaluateSsrf([...rowsOf(named, 'block_after_dns'), ...rowsOf(ALLOWED, 'block_after_redirect')])
    expect(report.missed).toEqual([])
    expect([report.block_after_dns.refused, report.block_after_redirect.refused]).toEqual([
      named.length,
      ALLOWED.length,
    ])
  })
})

describe('the figures', () => {
  it('name what was judged wrongly, and count apart what may go either way', async () => {
    const rows = [
      { id: 'a', url: 'https://example.com/', expect: 'block' },
      { id: 'b', url: 'http://127.0.0.1/', expect: 'allow' },
      { id: 'c', url: 'http://8.8.8.8/', expect: 'block_after_dns' },
      { id: 'd', url: 'http://127.0.0.1/', expect: 'ambiguous' },
      { id: 'e', url: 'https://example.com/', expect: 'ambiguous' },
    ] as const
    expect(await evaluateSsrf(rows)).toEqual({
      block: { n: 1, refused: 0 },
      block_after_dns: { n: 1, refused: 0 },
      block_after_redirect: { n: 0, refused: 0 },
      allow: { n: 1, allowed: 0 },
      ambiguous: { n: 2, refused: 1 },
      missed: ['a', 'c'],
      overblocked: ['b'],
    })
  })
})

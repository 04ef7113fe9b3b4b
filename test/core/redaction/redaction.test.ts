import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { Placeholders } from '../../../src/core/redaction/placeholders.ts'
import { redactDocument, redactText } from '../../../src/core/redaction/redact-text.ts'
import { scanSecrets } from '../../../src/core/redaction/scan-secrets.ts'
import { PLANTED } from '../../fixtures/planted-secrets.ts'

const ORDINARY = [
  'What is the token budget of this prompt? Give me a password policy in three sentences.',
  'const password: string = readPassword()',
  'The order 1234567890123456 and the stamp 1700000000000 of 2026-11-27 18:00:00 +0100',
  'basic understanding of bearer authentication mechanisms; a bearer of news',
  'sk-learn and ski-jumping; hf_hub; npm_config_registry; ghp_short',
  'see https://example.com/a:b@c and user@localhost, or @handle and a@b',
  '4111 1111 1111 1112 is no card, and DE89 3704 0044 0532 0130 01 is no IBAN',
  '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ\n-----END PUBLIC KEY-----',
  'f(token: 12, author: "Jane", signature: none)',
  'eyJust.a.sentence that begins so',
  'const login = (password: string, passphrase: undefined) => fetch({ password: secretly(1), pwd: settings.pwd })',
  'Password: required\nPassword: Whatever you like; the password: something that nobody knows',
  'redis://cache:6379/0?mail=a@b and https://example.com:8080/x@y, git@host:group/project',
  'the speed is 4.1111111111111 and 5105.1 and 12.34.56.78; sk-learn-the-library-for-machine-learning-in-general',
  '写信给我 and "pass: only those who know", bot123456:short, sg.example.org, compass=northeast1',
  '64c2a3f5e1b04d7c8f9a0b1c2d3e4f5061728394a5b6c7d8e9f0a1b2c3d4e5f6',
]

describe('secrets in a text', () => {
  it.each(Object.entries(PLANTED))('are found: %s', (kind, planted) => {
    for (const { text, secret } of planted) {
      const out = redactText(text)
      expect(out, text).not.toContain(secret)
      expect(out, text).toContain(`[redacted ${kind}]`)
      const around = redactText(`before "${text}" after`)
      expect(around, text).not.toContain(secret)
    }
  })

  it.each(ORDINARY)('are not seen in what is none: %s', (text) => {
    expect(redactText(text)).toBe(text)
  })

  it('are found among random keys of every service, without one exception', () => {
    const random = createRandomStream(7)
    const alphabets = {
      base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
      'letters and digits': 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
    }
    const draw = (length: number, alphabet: string): string =>
      Array.from({ length }, () => alphabet.charAt(random.nextBelow(alphabet.length))).join('')
    const left: string[] = []
    for (const alphabet of Object.values(alphabets))
      for (let round = 0; round < 1_000; round += 1) {
        const keys = [
          ...['sk-proj-', 'sk-svcacct-', 'sk-admin-'].map((prefix) => prefix + draw(160, alphabet)),
          `sk-${draw(48, alphabet)}`,
          `SG.${draw(22, alphabet)}.${draw(43, alphabet)}`,
          `gsk_${draw(52, alphabet)}`,
          `hf_${draw(34, alphabet)}`,
        ]
        left.push(...keys.filter((key) => redactText(`the key is ${key} ok`) !== 'the key is [redacted api-key] ok'))
      }
    expect(left).toEqual([])
  })

  it('end at the last sign that ends a password of an address', () => {
    expect(redactText('postgres://user:p@ss/word@host/base')).toBe('postgres://user:[redacted password]@host/base')
    expect(redactText('https://user:p@ss@example.com/@me?a=b@c')).toBe(
      'https://user:[redacted password]@example.com/@me?a=b@c',
    )
  })

  it('are found by the checksum: no other last digit passes', () => {
    const digits = '411111111111111'
    const found = Array.from({ length: 10 }, (_, last) => scanSecrets(`${digits}${last}`).found.length)
    expect(found).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    const ibans = Array.from({ length: 100 }, (_, check) => `DE${String(check).padStart(2, '0')}370400440532013000`)
    expect(ibans.filter((iban) => scanSecrets(iban).found.length > 0)).toEqual(['DE89370400440532013000'])
  })

  it('are taken out of documents, also by the name of their member', () => {
    const document = {
      password: 'hunter2horse',
      nested: [{ authorization: 'Basic dXNlcjpwYXNzd29yZDEyMw==' }, 'mail jane@example.com'],
      headers: { 'x-api-key': 'abc123def456' },
      amount: 5n,
      count: 3,
      token: 'plain',
    }
    const text = JSON.stringify(redactDocument(document), (_name, value: unknown) =>
      typeof value === 'bigint' ? '5' : value,
    )
    for (const secret of ['hunter2horse', 'dXNlcjpwYXNzd29yZDEyMw', 'jane@example.com', 'abc123def456'])
      expect(text).not.toContain(secret)
    expect(text).toContain('"count":3')
    expect(text).toContain('"token":"plain"')
  })

  it('are looked for in steps that grow as the text does, whatever it holds', () => {
    const shapes = [
      'a',
      '-',
      '@',
      '/',
      '.',
      '1',
      '4 ',
      '41',
      'a@',
      'a@a.',
      '//a:',
      '//a:b@',
      'eyJ-',
      'eyJ.',
      'eyJa.eyJb',
      'sk-',
      'sk-a1',
      'bearer ',
      'Bearer a1',
      'password=',
      'password="',
      'token:a1',
      'a--',
      '---a',
      '____a=',
      'a_',
      '--a',
      '-----BEGIN ',
      '-----BEGIN PRIVATE KEY',
      '-----BEGIN PRIVATE KEY-----',
      'DE89',
      'DE89 3704 ',
      '1-',
      '4111 1111 ',
      '=',
      '\\"',
      'api_key: ',
      'ghp_',
      'x@y.z-',
      '@a-',
      'secret=secret',
      'Aiza',
      '\ud800',
      'é@',
      'é@é.',
      'sg.',
      'sg.a-',
      'sk-A',
      'sk-proj-',
      'bot123456:',
      '123456:a',
      'hooks.slack.com/services/',
      'a://b:c/',
      'a://b:c@',
      'pw=aaaaaaaa',
      '4111.',
      '\u200b',
      'sk-\u200b',
      '\\n',
    ]
    for (const shape of shapes) {
      const steps = [2_000, 4_000, 8_000].map((length) => scanSecrets(shape.repeat(length / shape.length)).steps)
      const [small = 0, middle = 0, large = 0] = steps
      expect(middle, shape).toBeLessThan(small * 2.2 + 2_000)
      expect(large, shape).toBeLessThan(middle * 2.2 + 2_000)
      expect(large, shape).toBeLessThan(8_000 * 160)
    }
  })

  it('cost a bounded number of steps for each character of any text', () => {
    const pieces = fc.constantFrom(
      'eyJ',
      '-----BEGIN PRIVATE KEY-----',
      'password=',
      'bearer ',
      '@',
      '//u:p',
      'sk-',
      '4111',
      ' ',
      '-',
      '_',
      '.',
      'a',
      '1',
      'DE89',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 400 }), (words) => {
        const text = words.join('')
        const { found, steps } = scanSecrets(text)
        expect(steps).toBeLessThanOrEqual(160 * text.length + 1_000)
        let last = 0
        for (const { start, end } of found) {
          expect(start).toBeGreaterThanOrEqual(last)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(text.length)
          last = end
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('placeholders', () => {
  const text = 'Mail jane@example.com and bob@example.com, card 4111 1111 1111 1111; jane@example.com again'

  it('stand for secrets outside, and are put back into the answer', () => {
    const hidden = new Placeholders()
    const out = hidden.hide(text)
    expect(out).toBe('Mail <kernell-email-1> and <kernell-email-2>, card <kernell-card-1>; <kernell-email-1> again')
    expect(hidden.restore(out)).toBe(text)
    expect(hidden.restore('<kernell-email-3> <kernell-x> <kernell- <kernell-email-2>')).toBe(
      '<kernell-email-3> <kernell-x> <kernell- bob@example.com',
    )
  })

  it('stand for a secret that is cut over two pieces, wherever it is cut', () => {
    const key = 'sk-proj-aB3dE5fG7hJ9kL1mN3pQ5rS7'
    const whole = `mail a@b.co, key ${key} ok`
    for (let cut = 0; cut <= whole.length; cut += 1)
      for (const next of [cut, cut + 1, cut + 9]) {
        const hidden = new Placeholders()
        const pieces = hidden.hidePieces([whole.slice(0, cut), whole.slice(cut, next), whole.slice(next)])
        expect(pieces.join('')).toBe('mail <kernell-email-1>, key <kernell-api-key-1> ok')
        expect(hidden.restore(pieces.join(''))).toBe(whole)
      }
    const apart = new Placeholders()
    expect(apart.hidePieces([`one x`, `${key} two`])).toEqual(['one x', '<kernell-api-key-1> two'])
  })

  it('are put back into an answer that comes in pieces, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 120 }), { maxLength: 12 }), (cuts) => {
        const hidden = new Placeholders()
        const answer = `${hidden.hide(text)} a < b <kernell-nothing> <`
        const places = [
          0,
          ...cuts.filter((cut) => cut < answer.length).toSorted((left, right) => left - right),
          answer.length,
        ]
        const pieces = hidden.restorePieces()
        let out = ''
        for (const [index, place] of places.entries())
          out += pieces.take(answer.slice(place, places[index + 1] ?? answer.length))
        expect(out + pieces.end()).toBe(`${text} a < b <kernell-nothing> <`)
      }),
    )
  })
})

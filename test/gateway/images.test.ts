import { describe, expect, it } from 'vitest'
import { createScriptedNode, startGateway } from './scripted-node.ts'

type Answer = {
  readonly status: number
  readonly error?: { readonly param: string; readonly code: string; readonly message: string }
}

async function ask(url: string, images: readonly string[]): Promise<Answer> {
  const content = [
    { type: 'text', text: 'What is this?' },
    ...images.map((image) => ({ type: 'image_url', image_url: { url: image } })),
  ]
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content }] }),
  })
  return { status: response.status, ...((await response.json()) as object) }
}

describe('an image by URL', () => {
  it.each([
    'https://127.0.0.1/i.png',
    'https://0x7f.1/i.png',
    'https://[::ffff:10.0.0.1]/i.png',
    'https://169.254.169.254/latest',
    'https://localhost/i.png',
    'https://printer.local/i.png',
    'https://inside.example/i.png',
    'https://user:secret@a.example/i.png',
    'https://a.example:8080/i.png',
  ])('that leads to no machine of the internet reaches no model: %s', async (image) => {
    const node = createScriptedNode({ names: { 'inside.example': ['10.0.0.1'] } })
    await using running = await startGateway(node)
    const { status, error } = await ask(running.url, ['https://a.example/fine.png', image])
    expect([status, error?.code, error?.param, node.requests]).toEqual([
      400,
      'REQUEST_INVALID',
      'messages[0].content[2].image_url.url',
      [],
    ])
    expect(error?.message).not.toContain('secret')
  })

  it('is handed on in the form in which it was judged, and one within the request as it is', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    expect(
      await ask(running.url, ['https://A.example.\\@b.example/i.png', 'data:image/png;base64,AAAA']),
    ).toMatchObject({ status: 200 })
    const content = node.requests[0]?.request.messages[0]?.content
    expect(content).toMatchObject([
      { type: 'text' },
      { url: 'https://a.example/@b.example/i.png' },
      { url: 'data:image/png;base64,AAAA' },
    ])
  })

  it('is one of so many at most', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    expect(
      await ask(
        running.url,
        Array.from({ length: 65 }, (_, index) => `https://a${index}.example/`),
      ),
    ).toMatchObject({ status: 400 })
    expect(node.requests).toEqual([])
  })
})

import { completable, type McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { embedded, image, PNG, text } from './fixture-content.ts'
import { registerFixtureTools } from './fixture-tools.ts'

/** All that the suite expects of a server, added to a node by the door that any host has. */
export function offerFixtures(server: McpServer): void {
  server.server.registerCapabilities({ logging: {}, resources: { subscribe: true }, prompts: { listChanged: false } })
  registerFixtureTools(server)
  registerFixtureResources(server)
  registerFixturePrompts(server)
}

function registerFixtureResources(server: McpServer): void {
  const subscribed = new Set<string>()
  server.server.setRequestHandler('resources/subscribe', ({ params }) => {
    subscribed.add(params.uri)
    return {}
  })
  server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscribed.delete(params.uri)
    return {}
  })
  const description = 'Fixture of the suite'
  server.registerResource(
    'static-text',
    'test://static-text',
    { description, mimeType: 'text/plain' },
    async ({ href }) => ({
      contents: await Promise.resolve([
        { uri: href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
      ]),
    }),
  )
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { description, mimeType: 'image/png' },
    async ({ href }) => ({
      contents: await Promise.resolve([{ uri: href, mimeType: 'image/png', blob: PNG }]),
    }),
  )
  server.registerResource(
    'watched',
    'test://watched-resource',
    { description, mimeType: 'text/plain' },
    async ({ href }) => ({
      contents: await Promise.resolve([{ uri: href, mimeType: 'text/plain', text: 'Watched' }]),
    }),
  )
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })
  const mimeType = 'application/json'
  server.registerResource('template', template, { description, mimeType }, async ({ href }, { id }) => ({
    contents: await Promise.resolve([
      { uri: href, mimeType, text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }) },
    ]),
  }))
}

type Message = { role: 'user'; content: ReturnType<typeof text> | ReturnType<typeof embedded> | typeof image }

const user = (content: Message['content']): Message => ({ role: 'user', content })

function registerFixturePrompts(server: McpServer): void {
  const description = 'Fixture of the suite'
  server.registerPrompt('test_simple_prompt', { description }, () => ({
    messages: [user(text('This is a simple prompt for testing.'))],
  }))
  const argsSchema = z.object({
    arg1: completable(z.string(), (value) => ['paris', 'park', 'party'].filter((word) => word.startsWith(value))),
    arg2: z.string(),
  })
  server.registerPrompt('test_prompt_with_arguments', { description, argsSchema }, ({ arg1, arg2 }) => ({
    messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  }))
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description, argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        user(embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.')),
        user(text('Please process the embedded resource above.')),
      ],
    }),
  )
  server.registerPrompt('test_prompt_with_image', { description }, () => ({
    messages: [user(image), user(text('Please analyze the image above.'))],
  }))
}

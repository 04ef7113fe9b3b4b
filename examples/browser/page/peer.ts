import { find, make, told } from './elements.ts'

const form = find('peer-form', HTMLFormElement)
const log = find('peer-told', HTMLUListElement)
const open = find('open', HTMLButtonElement)
const connected = find('connected', HTMLParagraphElement)

function tell(line: string): void {
  log.append(make('li', { text: line }))
}

async function openPeer(): Promise<void> {
  open.disabled = true
  // A megabyte: fetched by whoever wants a peer.
  const { openBrowserPeer } = await import('kernell-os/peer-browser')
  const peer = await openBrowserPeer({
    notarySet: find('notary-set', HTMLTextAreaElement).value,
    peers: [find('node', HTMLInputElement).value.trim()],
    onFailure: (cause) => tell(told(cause)),
  })
  tell(`The account of this page is ${peer.account}`)
  const show = (): void => {
    connected.textContent = `Connected to ${peer.connected.length} nodes.`
  }
  peer.watch(show)
  show()
  tell(peer.isPersistent ? 'The browser keeps its keys.' : 'The browser may clear its keys by itself.')
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  openPeer().catch((error: unknown) => {
    tell(told(error))
    open.disabled = false
  })
})

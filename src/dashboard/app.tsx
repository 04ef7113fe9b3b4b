import { useEffect, useState } from 'preact/hooks'
import { access } from './state/node-state.ts'
import { hrefOf, route } from './state/route.ts'
import type { PageName } from './state/page-names.ts'
import { Confirm, type Confirmation, Dialog } from './parts/confirm.tsx'
import { followShortcuts, SHORTCUTS } from './state/shortcuts.ts'
import { LinkBanner, Sidebar, TopBar } from './frame.tsx'
import { SignIn } from './sign-in.tsx'
import { PAGE_VIEWS } from './page-table.tsx'

/** The page: signed out, or one of the views of the node. */
export function App() {
  const { kind } = access.value
  if (kind === 'checking') return <LinkBanner />
  return kind === 'out' ? <SignIn /> : <Inside />
}

function Inside() {
  const { page, id } = route.value
  const [isHelpOpen, setHelpOpen] = useState(false)
  const [isMenuOpen, setMenuOpen] = useState(false)
  const [confirmation, setConfirmation] = useState<Confirmation>()
  useEffect(() => followShortcuts({ onHelp: () => setHelpOpen(true) }), [])
  useFocusOfPage(page)
  const View = PAGE_VIEWS[page].view
  return (
    <div class="frame">
      <nav class="skip-place" aria-label="Shortcut">
        <a
          class="skip"
          href={hrefOf(page, id)}
          onClick={(event) => {
            event.preventDefault()
            document.getElementById('page-title')?.focus()
          }}
        >
          Skip to the content
        </a>
      </nav>
      <Sidebar page={page} isOpen={isMenuOpen} onLeave={() => setMenuOpen(false)} />
      <div class="column">
        <TopBar
          onMenu={() => setMenuOpen(!isMenuOpen)}
          isMenuOpen={isMenuOpen}
          onHelp={() => setHelpOpen(true)}
          onConfirm={setConfirmation}
        />
        <LinkBanner />
        <main id="content">
          <View id={id} onConfirm={setConfirmation} />
        </main>
      </div>
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
      {confirmation !== undefined && <Confirm confirmation={confirmation} onClose={() => setConfirmation(undefined)} />}
    </div>
  )
}

/** Whoever reads with ears or keys is told that the page is another one. */
function useFocusOfPage(page: PageName): void {
  const [shown, setShown] = useState(page)
  useEffect(() => {
    document.title = `${PAGE_VIEWS[page].title} · kernell`
    if (shown !== page) document.getElementById('page-title')?.focus({ preventScroll: true })
    scrollTo({ top: 0 })
    setShown(page)
  }, [page])
}

function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="shortcuts">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-acts">
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  )
}

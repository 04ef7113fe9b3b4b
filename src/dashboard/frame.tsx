import type { Confirmation } from './parts/confirm.tsx'
import { Icon } from './parts/icon.tsx'
import { objectOf, textOf } from './connection/json-value.ts'
import { shownCount, shownSpan } from './state/shown-numbers.ts'
import { access, link, signOut, tasksPerSecond, uptimeS } from './state/node-state.ts'
import { hrefOf } from './state/route.ts'
import type { PageName } from './state/page-names.ts'
import { shownOf } from './state/visible-text.ts'
import { Words } from './parts/words.tsx'
import { nextTheme, theme } from './state/theme.ts'
import { useView } from './state/use-view.ts'
import { PAGE_GROUPS, PAGE_VIEWS } from './page-table.tsx'

type SidebarProps = { readonly page: PageName; readonly isOpen: boolean; readonly onLeave: () => void }

export function Sidebar({ page, isOpen, onLeave }: SidebarProps) {
  return (
    <nav class={isOpen ? 'sidebar open' : 'sidebar'} aria-label="Pages">
      <a class="brand" href={hrefOf('overview')} onClick={onLeave}>
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M10 7v18M10 16h4l8-8M14 16l8 8" />
        </svg>
        kernell
      </a>
      {PAGE_GROUPS.map(({ name, pages }) => (
        <div key={name} class="nav-group">
          <h2>{name}</h2>
          <ul role="list">
            {pages.map((each) => (
              <li key={each}>
                <a href={hrefOf(each)} aria-current={each === page ? 'page' : undefined} onClick={onLeave}>
                  <Icon name={each} />
                  {PAGE_VIEWS[each].title}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}

const LINK_WORDS = { connecting: 'connecting', open: 'live', lost: 'no connection', refused: 'signed out' } as const

type TopBarProps = {
  readonly onMenu: () => void
  readonly isMenuOpen: boolean
  readonly onHelp: () => void
  readonly onConfirm: (confirmation: Confirmation) => void
}

export function TopBar({ onMenu, isMenuOpen, onHelp, onConfirm }: TopBarProps) {
  return (
    <header class="topbar">
      <button
        type="button"
        class="icon-button menu-button"
        aria-label="Pages"
        aria-expanded={isMenuOpen}
        onClick={onMenu}
      >
        <Icon name="menu" />
      </button>
      <p class={`link-state ${link.value}`} role="status">
        <span class="pulse" aria-hidden="true" />
        {LINK_WORDS[link.value]}
        {link.value === 'open' && (
          <span class="link-detail" aria-hidden="true">
            {' '}
            · up {shownSpan(uptimeS.value)} · {shownCount(tasksPerSecond.value)} tasks/s
          </span>
        )}
      </p>
      <div class="topbar-tools">
        <StopSwitch onConfirm={onConfirm} />
        <button
          type="button"
          class="icon-button"
          aria-label={`Theme: ${theme.value}`}
          title={`Theme: ${theme.value}`}
          onClick={nextTheme}
        >
          <Icon name="theme" />
        </button>
        <button type="button" class="icon-button" aria-label="Keys" title="Keys (?)" onClick={onHelp}>
          <Icon name="keys" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Sign out"
          title="Sign out"
          onClick={() => {
            signOut().catch(() => undefined)
          }}
        >
          <Icon name="out" />
        </button>
      </div>
    </header>
  )
}

/** The switch that ends all work of the node. */
function StopSwitch({ onConfirm }: { readonly onConfirm: (confirmation: Confirmation) => void }) {
  const view = useView('/v1/node/overview', ['rights', 'configuration'])
  const { value } = access
  if (value.kind !== 'in') return null
  const stopped = objectOf(view.data)['stopped']
  const isStopped = stopped !== undefined && stopped !== null
  const act = async (next: boolean, reason: string): Promise<unknown> =>
    await value.client.ask('/v1/node/stop', { method: 'POST', body: { stopped: next, reason } })
  const confirmation: Confirmation = isStopped
    ? {
        title: 'Let work begin again?',
        text: `Stopped by ${shownOf(objectOf(stopped)['by'])}. Tasks that were ended do not come back; new ones are taken.`,
        act: 'Let it begin',
        run: async (reason) => await act(false, reason),
      }
    : {
        title: 'Stop all work of this node?',
        text: 'Everything that runs is cancelled now, and whatever comes is refused, also after a restart, until somebody lets it begin again.',
        act: 'Stop all',
        isDangerous: true,
        run: async (reason) => await act(true, reason),
      }
  return (
    <button
      type="button"
      class={isStopped ? 'stop-button stopped' : 'stop-button'}
      aria-label={isStopped ? 'Stopped' : 'Stop all'}
      onClick={() => onConfirm(confirmation)}
    >
      <Icon name="stop" />
      <span>{isStopped ? 'Stopped' : 'Stop all'}</span>
    </button>
  )
}

/** Says that the node is gone, or that it does no work. */
export function LinkBanner() {
  const view = useView('/v1/node/overview', ['rights'])
  const stopped = objectOf(view.data)['stopped']
  const record = objectOf(stopped)
  if (link.value === 'lost')
    return (
      <div class="banner bad" role="alert">
        The node does not answer. What is shown is of before; the page connects again by itself.
      </div>
    )
  const isStopped = typeof stopped === 'object' && stopped !== null
  if (!isStopped) return null
  return (
    <div class="banner warn" role="status">
      All work is stopped by <Words text={textOf(record['by'], 'somebody')} />
      {textOf(record['reason']) !== '' && (
        <>
          : <Words text={textOf(record['reason'])} most={400} />
        </>
      )}
    </div>
  )
}

// The search of the site: every word has to occur. Titles and headings count more than text, and a heading that is the very word, as names of the library are, most. The index comes with the site.
const query = document.getElementById('query')
const results = document.getElementById('results')
const root = document.body.dataset.root ?? ''

const RESULTS_MAX = 12

function score(entry, words) {
  let sum = 0
  for (const word of words) {
    const inTitle = entry.title.toLowerCase().includes(word)
    const inHeading = entry.headings.some(([heading]) => heading.toLowerCase().includes(word))
    const inText = entry.text.toLowerCase().split(word).length - 1
    if (!inTitle && !inHeading && inText === 0) return 0
    sum += (inTitle ? 20 : 0) + (inHeading ? 8 : 0) + Math.min(5, inText)
  }
  return sum
}

/** Headings of all pages that contain all words: the very name first, then those that begin with it, then shorter ones. */
function findHeadings(words) {
  const rank = (heading) => {
    const name = heading.toLowerCase()
    if (name === words.join(' ')) return 0
    return name.startsWith(words[0]) ? 1 : 2
  }
  return globalThis.KERNELL_SEARCH.flatMap(({ url, title, headings }) =>
    headings
      .slice(1)
      .filter(([heading]) => words.every((word) => heading.toLowerCase().includes(word)))
      .map(([heading, anchor]) => ({ heading, title, url: `${url}#${anchor}`, rank: rank(heading) })),
  ).sort((left, right) => left.rank - right.rank || left.heading.length - right.heading.length)
}

function findPages(words) {
  return globalThis.KERNELL_SEARCH.map((entry) => ({ entry, value: score(entry, words) }))
    .filter(({ value }) => value > 0)
    .sort((left, right) => right.value - left.value)
    .map(({ entry: { title, text, url } }) => {
      const at = text.toLowerCase().indexOf(words[0])
      return { heading: title, title: at === -1 ? '' : `…${text.slice(Math.max(0, at - 60), at + 100)}…`, url }
    })
}

function show() {
  const words = query.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word.length > 1)
  results.replaceChildren()
  results.hidden = words.length === 0
  if (words.length === 0) return
  const headings = findHeadings(words)
  const named = headings.filter(({ rank }) => rank === 0)
  const found = [...named, ...findPages(words).slice(0, 6), ...headings.slice(named.length)].slice(0, RESULTS_MAX)
  for (const { heading, title, url } of found) {
    const item = document.createElement('li')
    const link = document.createElement('a')
    link.href = root + url
    link.textContent = heading
    const around = document.createElement('p')
    around.textContent = title
    item.append(link, around)
    results.append(item)
  }
  if (found.length === 0)
    results.append(Object.assign(document.createElement('li'), { textContent: 'Nothing was found.' }))
}

query.addEventListener('input', show)
query.form.addEventListener('submit', (event) => {
  event.preventDefault()
  // The enter key follows the first result.
  results.querySelector('a')?.click()
})
results.addEventListener('click', ({ target }) => {
  // A result may be on this very page.
  if (target.closest('a') !== null) results.hidden = true
})

// The documentation site: README.md and docs/, as they are on GitHub. build copies
// them beside this file, and README.md of a folder as its index.md.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import MiniSearch from 'minisearch'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const repository = process.env.REPOSITORY_URL || 'https://github.com/OWNER/lambda-release'
const base = (process.env.BASE_PATH ?? '') + '/'
const policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'"

// All words of a search must be on the page, at least as the beginning of a word.
const search = { combineWith: 'AND', prefix: true, fuzzy: false }

// The order of the sidebar. Pages that are not listed come last.
const groups = {
  'Start': ['index.md', 'docs/try-it.md', 'docs/before-you-start.md', 'docs/recipes.md', 'docs/comparison.md'],
  'Reference': ['docs/inputs.md', 'docs/rollout.md', 'docs/release-file.md', 'docs/configuration.md', 'docs/packages.md', 'docs/iam.md', 'docs/shell.md'],
  'CI systems': ['docs/ci/index.md', ...['gitlab', 'bitbucket', 'circleci', 'buildkite', 'codebuild', 'azure', 'jenkins', 'travis', 'gitea'].map((name) => `docs/ci/${name}.md`)],
  'Operation': ['docs/when-something-fails.md', 'docs/how-it-works.md', 'docs/host-it-yourself.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
}

const pages = walk('').filter((path) => path.endsWith('.md'))
const listed = Object.values(groups).flat()
groups['More'] = pages.filter((path) => !listed.includes(path))

function walk(dir) {
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(dir, entry.name)
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
    return entry.isDirectory() ? walk(path) : [path]
  })
}

const titleOf = (path) => readFileSync(join(root, path), 'utf8').match(/^# (.+)$/m)[1]

const item = (path) => ({ text: path === 'index.md' ? 'Overview' : titleOf(path), link: '/' + path.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '.html') })

// anchor is the ID that GitHub gives a heading; a test compares the links with these.
const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')

// relink changes a link that works on GitHub into one that works on the site.
function relink(href, page) {
  if (/^([a-z]+:|#|\/)/.test(href)) return href
  const [path, hash] = href.split('#')
  const target = posix.join(posix.dirname(page), path)
  const onSite = target.replace(/(^|\/)README\.md$/, '$1index.md')
  if (!onSite.endsWith('.md') || !existsSync(join(root, onSite))) return `${repository}/blob/main/${target}`
  return posix.relative(posix.dirname(page), onSite) + (hash ? '#' + hash : '')
}

function markdown(md) {
  md.core.ruler.push('relink', ({ tokens, env }) => {
    for (const token of tokens.flatMap((t) => t.children ?? [])) {
      const at = token.type === 'link_open' ? token.attrIndex('href') : -1
      if (at >= 0) token.attrs[at][1] = relink(token.attrs[at][1], env.relativePath)
      if (token.type === 'code_inline') token.attrSet('v-pre', '') // {{ }} would be an expression of Vue's
    }
  })
  // GitHub draws Mermaid. Here the table above each drawing has to do.
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, i, ...rest) => (tokens[i].info.trim() === 'mermaid' ? '' : fence(tokens, i, ...rest))
}

// check fails the build if a page could not be rendered, a link within the site leads
// nowhere, or the search does not find a page by its title.
async function check({ outDir }) {
  const html = Object.fromEntries(readdirSync(outDir, { recursive: true }).filter((path) => path.endsWith('.html')).map((path) => [path, readFileSync(join(outDir, path), 'utf8')]))
  const broken = pages.map((path) => path.replace(/\.md$/, '.html')).filter((path) => !html[path]?.includes('<h1'))
  for (const [path, text] of Object.entries(html)) {
    for (const [, href] of text.matchAll(/<a [^>]*href="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(href) || href.endsWith('/which-alias.html')) continue // build adds that page
      const url = new URL(href, `http://site${base}${path}`)
      const file = decodeURIComponent(url.pathname.slice(base.length)).replace(/(^|\/)$/, '$1index.html')
      if (!(file in html) || (url.hash && !html[file].includes(`id="${decodeURIComponent(url.hash.slice(1))}"`))) broken.push(`${path}: ${href}`)
    }
  }
  if (broken.length > 0) throw new Error('pages that were not rendered, and links that lead nowhere:\n' + broken.join('\n'))

  const chunk = readdirSync(join(outDir, 'assets/chunks')).find((name) => name.startsWith('@localSearchIndex'))
  const { default: index } = await import(join(outDir, 'assets/chunks', chunk))
  const found = MiniSearch.loadJSON(index, { fields: ['title', 'titles', 'text'], storeFields: ['title', 'titles'] })
  for (const path of pages) {
    const title = titleOf(path)
    const { link } = item(path)
    if (!found.search(title, search).some(({ id }) => id.split('#')[0] === base.slice(0, -1) + link)) throw new Error(`the search for "${title}" does not find ${link}`)
  }
}

export default {
  title: 'lambda-release',
  description: 'Publishes versions of AWS Lambda functions, and moves their aliases',
  base,
  srcDir: '.',
  head: [['meta', { 'http-equiv': 'Content-Security-Policy', content: policy }]],
  markdown: { anchor: { slugify: anchor }, config: markdown },
  themeConfig: {
    outline: [2, 3],
    nav: [
      { text: 'Which alias?', link: '/which-alias.html', target: '_self' },
      { text: 'Source', link: repository },
    ],
    search: { provider: 'local', options: { miniSearch: { searchOptions: search } } },
    sidebar: Object.entries(groups).filter(([, paths]) => paths.length > 0).map(([text, paths]) => ({ text, items: paths.filter((path) => pages.includes(path)).map(item) })),
  },
  buildEnd: check,
}
